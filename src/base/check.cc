#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace tidings {

void check_failed(std::string_view invariant, std::source_location where) {
  std::fprintf(stderr, "%s:%u: in %s: invariant broken: %.*s\n", where.file_name(), where.line(),
               where.function_name(), static_cast<int>(invariant.size()), invariant.data());
  std::abort();
}

}  // namespace tidings
