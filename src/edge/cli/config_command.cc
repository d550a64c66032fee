// tidings config: the machine's settings as they are now, or with where each came from.
#include <filesystem>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "edge/cli/command.h"
#include "edge/cli/settings_file.h"

namespace tidings::cli {
namespace {

struct ConfigOptions {
  std::filesystem::path data = "./data";
  bool explains = false;
  bool is_reference = false;
};

int run_config(const ConfigOptions& options) {
  if (options.is_reference) {
    fmt::print("{}", settings_reference());
    return kDone;
  }
  const auto resolved = read_settings(options.data);
  if (!resolved) return report(resolved.error());
  fmt::print("{}", options.explains ? explain_settings(*resolved) : list_settings(*resolved));
  return kDone;
}

}  // namespace

void add_config_command(Parser& app, CommandLine& line) {
  auto options = std::make_shared<ConfigOptions>();
  auto* command = app.add_subcommand("config", "Show the settings that hold now");
  command->add_option("--data", options->data, "The data folder, with its tidings.toml")
      .show_default();
  command->add_flag("--explain", options->explains,
                    "Explain each: meaning, bounds, default, and where the value came from");
  command->add_flag("--reference", options->is_reference,
                    "Print the manual's page of all settings instead (docs/settings.md)");
  command->footer(
      "Examples:\n"
      "  tidings config --data ./data\n"
      "  TIDINGS_CONNECTIONS=20 tidings config --explain");
  command->callback([&line, options] { line.run = [options] { return run_config(*options); }; });
}

}  // namespace tidings::cli
