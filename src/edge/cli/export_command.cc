// tidings export: contacts as CSV, as many as there are.
#include <cstdio>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "audience/groups.h"
#include "audience/people/export_contacts.h"
#include "edge/cli/command.h"
#include "edge/cli/file_output.h"
#include "edge/cli/workplace.h"

namespace tidings::cli {
namespace {

struct ExportFlags {
  WorkplaceOptions place;
  std::string group;
  std::string file;
};

int run(const ExportFlags& flags) {
  // Reads alongside whoever holds the folder; nothing is written there.
  const auto place = Workplace::open(flags.place);
  if (!place) return report(place.error());
  Workplace& at = **place;
  const OrganisationId organisation = at.organisation().id;
  people::ContactQuery query;
  if (!flags.group.empty()) {
    const auto group = at.database().read_value([&](db::Connection& connection) {
      return audience::find_group(connection, organisation, flags.group);
    });
    if (!group) return report(group.error());
    if (!*group)
      return report(
          {ErrorKind::not_found, "group.not_found",
           fmt::format("There is no group “{}”; `tidings group list` shows those there are.",
                       flags.group)});
    query.groups.push_back(**group);
  }
  people::ContactExport all(at.database(), organisation, query);
  const auto written =
      write_pieces(flags.file, [&](std::string& piece) { return all.next(piece); });
  if (!written) return report(written.error());
  if (!flags.file.empty() && flags.file != "-")
    fmt::print(stderr, "{} contacts in {}.\n", all.count(), flags.file);
  return kDone;
}

}  // namespace

void add_export_command(Parser& app, CommandLine& line) {
  auto* command =
      app.add_subcommand("export", "Contacts as CSV, with the columns that an import reads back");
  auto flags = std::make_shared<ExportFlags>();
  add_place(*command, flags->place);
  command->add_option("--group", flags->group, "Only the members of this group");
  command->add_option("file", flags->file, "Where to; standard output when left out");
  command->callback([flags, &line] { line.run = [flags] { return run(*flags); }; });
}

}  // namespace tidings::cli
