#include "edge/cli/command.h"

#include <cstdio>

#include <fmt/format.h>

namespace tidings::cli {

int report(const Error& error, int exit_code) {
  fmt::print(stderr, "tidings: {}\n", error.message);
  return exit_code;
}

}  // namespace tidings::cli
