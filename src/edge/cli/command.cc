#include "edge/cli/command.h"

#include <cstdio>

#include <fmt/format.h>

namespace tidings::cli {

void add_place(Parser& command, WorkplaceOptions& place) {
  command.add_option("--data", place.data, "The data folder").show_default();
  command.add_option("--database", place.database_url,
                     "postgres://USER@HOST/NAME or sqlite:PATH, if not the folder's own");
}

int report(const Error& error, int exit_code) {
  fmt::print(stderr, "tidings: {}\n", error.message);
  return exit_code;
}

}  // namespace tidings::cli
