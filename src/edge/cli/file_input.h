// Reads a file that a person named on the command line. Thread: any.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace tidings::cli {

// Errors: file.missing (not_found), file.too_large (limit).
Result<std::string> read_file(const std::string& path, std::size_t bytes_max);

}  // namespace tidings::cli
