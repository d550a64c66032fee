// tidings group: lists and makes groups, and adds people to them.
#include <boost/json.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "edge/cli/api_client.h"
#include "edge/cli/api_pages.h"
#include "edge/cli/command.h"
#include "edge/cli/terminal_text.h"
#include "edge/cli/workplace.h"

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
  const auto listed = each_item(flags.place, "/groups", [&](const json::object& group) {
    if (flags.is_json) {
      fmt::print("{}\n", json::serialize(group));
    } else {
      fmt::print("{:>9}  {}\n", group.at("members").as_int64(),
                 harmless(text_member(group, "name")));
    }
    return true;
  });
  return listed ? kDone : report(listed.error());
}

int create(const GroupFlags& flags) {
  const auto answer = call_api(flags.place, "POST", "/groups", json::object{{"name", flags.name}});
  if (!answer) return report(answer.error());
  fmt::print("The group “{}” is made.\n", harmless(flags.name));
  return kDone;
}

int add(const GroupFlags& flags) {
  const auto group = id_of_named(flags.place, "/groups", "group", flags.name);
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

void add_group_command(Parser& app, CommandLine& line) {
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
  add_one("create", "Make a group", create)->add_option("name", flags->name, "Its name").required();
  auto* adding = add_one("add", "Add people to a group", add);
  adding->add_option("name", flags->name, "The group's name").required();
  adding->add_option("contacts", flags->contacts, "Ids of contacts").required();
}

}  // namespace tidings::cli
