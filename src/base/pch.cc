// Builds a precompiled header; every other target reuses one of the two.
