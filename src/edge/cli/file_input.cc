#include "edge/cli/file_input.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

namespace tidings::cli {

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (error || !file) {
    return fail(ErrorKind::not_found, "file.missing",
                fmt::format("{} cannot be read. Check its name.", path));
  }
  if (size > bytes_max) {
    return fail(ErrorKind::limit, "file.too_large",
                fmt::format("{} is larger than {} kB.", path, bytes_max >> 10));
  }
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace tidings::cli
