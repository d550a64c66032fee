// tidings group: lists and makes groups, and adds people to them.
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "edge/cli/api_client.h"
#include "edge/cli/command.h"
#include "edge/cli/terminal_text.h"
#include "edge/cli/workplace.h"
#include "wire/url.h"

namespace tidings::cli {
namespace {

namespace json = boost::json;

struct GroupFlags {
  WorkplaceOptions place;
  std::string name;
  std::vector<std::string> contacts;
  bool is_json = false;
};

int list(const GroupFlags& flags) {
  std::string cursor;
  do {
    const auto answer = call_api(flags.place, "GET",
                                 "/groups?limit=200" + (cursor.empty() ? "" : "&cursor=" + cursor));
    if (!answer) return report(answer.error());
    for (const json::value& group : answer->body.at("items").as_array()) {
      if (flags.is_json) {
        fmt::print("{}\n", json::serialize(group));
        continue;
      }
      fmt::print("{:>9}  {}\n", group.at("members").as_int64(),
                 harmless(group.at("name").as_string()));
    }
    const json::value& next = answer->body.at("next_cursor");
    cursor = next.is_string() ? std::string(next.as_string()) : std::string();
  } while (!cursor.empty());
  return kDone;
}

int create(const GroupFlags& flags) {
  const auto answer = call_api(flags.place, "POST", "/groups", json::object{{"name", flags.name}});
  if (!answer) return report(answer.error());
  fmt::print("The group “{}” is made.\n", harmless(flags.name));
  return kDone;
}

// The id of the group with exactly this name.
Result<std::string> group_id(const WorkplaceOptions& options, const std::string& name) {
  std::string cursor;
  do {
    const auto answer = TRY(call_api(options, "GET",
                                     "/groups?limit=200&search=" + wire::percent_encode(name) +
                                         (cursor.empty() ? "" : "&cursor=" + cursor)));
    for (const json::value& group : answer.body.at("items").as_array())
      if (group.at("name").as_string() == name) return std::string(group.at("id").as_string());
    const json::value& next = answer.body.at("next_cursor");
    cursor = next.is_string() ? std::string(next.as_string()) : std::string();
  } while (!cursor.empty());
  return fail(
      ErrorKind::not_found, "group.not_found",
      fmt::format("There is no group “{}”; `tidings group list` shows those there are.", name));
}

int add(const GroupFlags& flags) {
  const auto group = group_id(flags.place, flags.name);
  if (!group) return report(group.error());
  const auto answer = call_api(
      flags.place, "POST", "/groups/" + *group + "/members",
      json::object{{"contact_ids", json::array(flags.contacts.begin(), flags.contacts.end())}});
  if (!answer) return report(answer.error());
  fmt::print("{} added; “{}” has {} members.\n", answer->body.at("changed").as_int64(),
             harmless(flags.name), answer->body.at("members").as_int64());
  return kDone;
}

}  // namespace

void add_group_command(CLI::App& app, CommandLine& line) {
  auto* group = app.add_subcommand("group", "List and make groups, add people to them");
  group->require_subcommand(1);
  auto flags = std::make_shared<GroupFlags>();
  const auto add_one = [&](std::string name, std::string help, int (*run)(const GroupFlags&)) {
    auto* command = group->add_subcommand(std::move(name), std::move(help));
    add_place(*command, flags->place);
    command->callback([flags, run, &line] { line.run = [flags, run] { return run(*flags); }; });
    return command;
  };
  add_one("list", "List groups with their number of members", list)
      ->add_flag("--json", flags->is_json, "One JSON object a line");
  add_one("create", "Make a group", create)
      ->add_option("name", flags->name, "Its name")
      ->required();
  auto* adding = add_one("add", "Add people to a group", add);
  adding->add_option("name", flags->name, "The group's name")->required();
  adding->add_option("contacts", flags->contacts, "Ids of contacts")->required();
}

}  // namespace tidings::cli
