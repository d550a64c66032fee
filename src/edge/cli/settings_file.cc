#include "edge/cli/settings_file.h"

#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>

#include <fmt/format.h>
#include <unistd.h>

namespace tidings::cli {
namespace {

constexpr std::uintmax_t kFileBytesMax = 1'000'000;

std::map<std::string, std::string, std::less<>> own_environment() {
  std::map<std::string, std::string, std::less<>> variables;
  for (char** entry = environ; entry && *entry; ++entry) {
    const std::string_view line = *entry;
    const auto equals = line.find('=');
    if (!line.starts_with("TIDINGS_") || equals == std::string_view::npos) continue;
    variables.emplace(line.substr(0, equals), line.substr(equals + 1));
  }
  return variables;
}

Result<std::string> read_text(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) return std::string();
  const auto bytes = std::filesystem::is_regular_file(status)
                         ? std::filesystem::file_size(path, error)
                         : std::uintmax_t{0};
  std::ifstream file(path, std::ios::binary);
  if (error || !std::filesystem::is_regular_file(status) || !file || bytes > kFileBytesMax) {
    return fail(ErrorKind::invalid, "settings.unreadable",
                fmt::format("The settings in {} cannot be read: it must be a readable file of at "
                            "most 1 MB.",
                            path.string()));
  }
  std::stringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

}  // namespace

Result<ResolvedSettings> read_settings(const std::filesystem::path& data,
                                       std::map<std::string, std::string, std::less<>> flags) {
  const auto path = data / "tidings.toml";
  const auto text = TRY(read_text(path));
  return resolve_settings({.file_text = text,
                           .file_name = path.string(),
                           .environment = own_environment(),
                           .flags = std::move(flags)});
}

}  // namespace tidings::cli
