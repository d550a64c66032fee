// tidings export: contacts as CSV, as many as there are.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <limits>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "audience/groups.h"
#include "audience/people/export_contacts.h"
#include "edge/cli/command.h"
#include "edge/cli/workplace.h"

namespace tidings::cli {
namespace {

struct ExportFlags {
  std::string data = "./data";
  std::string group;
  std::string file;
};

Result<std::int64_t> export_to(std::FILE* file, const ExportFlags& flags) {
  // Reads alongside whoever holds the folder; nothing is written.
  const auto place = TRY(Workplace::open({.data = flags.data}));
  const OrganisationId organisation = place->organisation().id;
  people::ContactQuery query;
  if (!flags.group.empty()) {
    const auto group = TRY(place->database().read_value([&](db::Connection& connection) {
      return audience::find_group(connection, organisation, flags.group);
    }));
    if (!group)
      return fail(ErrorKind::not_found, "group.not_found",
                  fmt::format("There is no group “{}”; `tidings group list` shows those there are.",
                              flags.group));
    query.groups.push_back(*group);
  }
  people::ContactExport all(place->database(), organisation, query);
  std::string piece;
  for (bool goes_on = true; goes_on;) {
    piece.clear();
    goes_on = TRY(all.next(piece));
    if (std::fwrite(piece.data(), 1, piece.size(), file) != piece.size() || std::fflush(file) != 0)
      return fail(ErrorKind::internal, "export.write",
                  "The file could not be written; is the disk full?");
  }
  return all.count();
}

int run(const ExportFlags& flags) {
  if (flags.file.empty() || flags.file == "-") {
    const auto count = export_to(stdout, flags);
    return count ? kDone : report(count.error());
  }
  std::FILE* const file = std::fopen(flags.file.c_str(), "wbe");
  if (file == nullptr)
    return report(
        {ErrorKind::invalid, "export.file", fmt::format("{} can not be written.", flags.file)});
  const auto count = export_to(file, flags);
  const bool closed = std::fclose(file) == 0;
  if (!count) return report(count.error());
  if (!closed)
    return report({ErrorKind::internal, "export.write",
                   fmt::format("{} could not be written to its end.", flags.file)});
  fmt::print(stderr, "{} contacts in {}.\n", *count, flags.file);
  return kDone;
}

}  // namespace

void add_export_command(CLI::App& app, CommandLine& line) {
  auto* command =
      app.add_subcommand("export", "Contacts as CSV, with the columns that an import reads back");
  auto flags = std::make_shared<ExportFlags>();
  command->add_option("--data", flags->data, "The data folder")->capture_default_str();
  command->add_option("--group", flags->group, "Only the members of this group");
  command->add_option("file", flags->file, "Where to; standard output when left out");
  command->callback([flags, &line] { line.run = [flags] { return run(*flags); }; });
}

}  // namespace tidings::cli
