// tidings init: a data folder with its database, key and first organisation.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "edge/cli/command.h"
#include "edge/cli/workplace.h"

namespace tidings::cli {
namespace {

struct InitFlags {
  std::string data = "./data";
  std::string database;
  std::string name;
  std::string locale;
  std::string time_zone;
  std::string postal_address;
};

int run_init(const InitFlags& flags) {
  WorkplaceOptions options;
  options.data = flags.data;
  options.access = Access::write;
  options.create = true;
  if (!flags.database.empty()) options.database_url = flags.database;
  const auto workplace = Workplace::open(options);
  if (!workplace) return report(workplace.error());
  identity::Organisation organisation = (*workplace)->organisation();
  if (!flags.name.empty()) organisation.name = flags.name;
  if (!flags.locale.empty()) organisation.locale = flags.locale;
  if (!flags.time_zone.empty()) organisation.time_zone = flags.time_zone;
  if (!flags.postal_address.empty()) organisation.postal_address = flags.postal_address;
  const auto changed =
      (*workplace)->database().write(db::Priority::web, [&](db::Connection& connection) {
        return identity::change_organisation(connection, organisation);
      });
  if (!changed) return report(changed.error());
  fmt::print("{} is ready in {}.\n", organisation.name, (*workplace)->folder().string());
  fmt::print(
      "Keep a copy of secret.key apart from the rest: a backup cannot be read without it.\n");
  return kDone;
}

}  // namespace

void add_init_command(CLI::App& app, CommandLine& line) {
  auto flags = std::make_shared<InitFlags>();
  auto* command = app.add_subcommand("init", "Make a data folder, or change its organisation");
  command->add_option("--data", flags->data, "The data folder")->capture_default_str();
  command->add_option("--database", flags->database,
                      "postgres://… instead of a file in the folder");
  command->add_option("--name", flags->name, "The organisation's name");
  command->add_option("--locale", flags->locale, "Its language, like en, nl, pl or fr");
  command->add_option("--time-zone", flags->time_zone, "Its time zone, like Europe/Amsterdam");
  command->add_option("--postal-address", flags->postal_address, "For the foot of messages");
  command->footer(
      "Example:\n"
      "  tidings init --data ./data --name 'Rowing club De Amstel' --locale nl \\\n"
      "    --time-zone Europe/Amsterdam");
  command->callback([&line, flags] { line.run = [flags] { return run_init(*flags); }; });
}

}  // namespace tidings::cli
