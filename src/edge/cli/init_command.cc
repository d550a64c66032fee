// tidings init: a data folder with its database, key and first organisation.
#include <memory>
#include <string>

#include <fmt/format.h>

#include "edge/cli/command.h"
#include "edge/cli/password_input.h"
#include "edge/cli/people.h"
#include "edge/cli/workplace.h"

namespace tidings::cli {
namespace {

struct InitFlags {
  WorkplaceOptions place;
  std::string name;
  std::string locale;
  std::string time_zone;
  std::string postal_address;
  std::string owner;
  std::string owner_name;
  bool from_stdin = false;
};

// The first user, once the folder is free again: the API opens it by itself.
int add_owner(const InitFlags& flags) {
  PasswordFrom password = has_terminal() ? PasswordFrom::terminal : PasswordFrom::link;
  if (flags.from_stdin) password = PasswordFrom::standard_input;
  const auto added = add_person(flags.place, {flags.owner, flags.owner_name, "owner", password});
  if (!added) return report(added.error());
  fmt::print("{} is its owner.\n", flags.owner);
  if (!added->link.empty()) {
    fmt::print("With this link a password can be chosen, once:\n{}\n", added->link);
  }
  return kDone;
}

int prepare(const InitFlags& flags) {
  const auto workplace = Workplace::open(flags.place.writing(true));
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

int run_init(const InitFlags& flags) {
  const int prepared = prepare(flags);
  if (prepared != kDone || flags.owner.empty()) return prepared;
  return add_owner(flags);
}

}  // namespace

void add_init_command(Parser& app, CommandLine& line) {
  auto flags = std::make_shared<InitFlags>();
  auto* command = app.add_subcommand("init", "Make a data folder, or change its organisation");
  add_place(*command, flags->place);
  command->add_option("--name", flags->name, "The organisation's name");
  command->add_option("--locale", flags->locale, "Its language, like en, nl, pl or fr");
  command->add_option("--time-zone", flags->time_zone, "Its time zone, like Europe/Amsterdam");
  command->add_option("--postal-address", flags->postal_address, "For the foot of messages");
  command->add_option("--owner", flags->owner, "The address of its first user");
  command->add_option("--owner-name", flags->owner_name, "Their name");
  command->add_flag("--password-stdin", flags->from_stdin,
                    "Their password is one line on standard input");
  command->footer(
      "Example:\n"
      "  tidings init --data ./data --name 'Rowing club De Amstel' --locale nl \\\n"
      "    --time-zone Europe/Amsterdam --owner ada@amstel.example");
  command->callback([&line, flags] { line.run = [flags] { return run_init(*flags); }; });
}

}  // namespace tidings::cli
