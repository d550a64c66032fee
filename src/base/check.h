// CHECK: an invariant of ours that does not hold is a bug, and the process stops at once rather
// than write something wrong. In every build. Thread: any.
#pragma once

#include <source_location>
#include <string_view>

namespace tidings {

// Prints the invariant and where it stands to standard error, then aborts.
[[noreturn]] void check_failed(std::string_view invariant, std::source_location where);

}  // namespace tidings

#define CHECK(condition)                                                    \
  do {                                                                      \
    if (!(condition)) [[unlikely]]                                          \
      ::tidings::check_failed(#condition, std::source_location::current()); \
  } while (false)
