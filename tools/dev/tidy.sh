# ./dev tidy: the rules of the house, each checked by tools/tidy.

dev_tidy() {
  local full=0
  if [ "${1:-}" = --full ]; then
    full=1
    shift
  fi
  python3 tools/tidy "$@"
  [ $full = 0 ] || clang_tidy
}

# clang-tidy over every translation unit of the release build: minutes, so nightly.
clang_tidy() {
  configure release
  git ls-files -z -- 'src/*.cc' | xargs -0 -r -n 4 -P "$(nproc)" \
    clang-tidy-19 --quiet -p build/release --warnings-as-errors='*'
}
