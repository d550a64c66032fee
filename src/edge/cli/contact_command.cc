// tidings contact: finds and shows people.
#include <boost/json.hpp>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "edge/cli/api_client.h"
#include "edge/cli/command.h"
#include "edge/cli/terminal_text.h"
#include "edge/cli/workplace.h"
#include "wire/url.h"

namespace tidings::cli {
namespace {

namespace json = boost::json;

struct ContactFlags {
  WorkplaceOptions place;
  std::string what;  // an id, or words to search for
  int limit = 20;
  bool is_json = false;
};

std::string text(const json::value& object, std::string_view name) {
  const json::value* found = object.as_object().if_contains(name);
  return found != nullptr && found->is_string() ? harmless(found->as_string()) : std::string();
}

std::string addresses_of(const json::value& contact) {
  std::string all;
  for (const json::value& address : contact.at("addresses").as_array())
    all += (all.empty() ? "" : ", ") + text(address, "address");
  return all;
}

int find(const ContactFlags& flags) {
  const auto answer = call_api(flags.place, "GET",
                               fmt::format("/contacts?sort=name&limit={}&search={}", flags.limit,
                                           wire::percent_encode(flags.what)));
  if (!answer) return report(answer.error());
  if (flags.is_json) {
    fmt::print("{}\n", answer->text);
    return kDone;
  }
  const auto& items = answer->body.at("items").as_array();
  for (const json::value& contact : items)
    fmt::print("{}  {}  {}\n", text(contact, "id"), text(contact, "name"), addresses_of(contact));
  if (items.empty()) fmt::print("Nobody is found.\n");
  if (!answer->body.at("next_cursor").is_null())
    fmt::print("There are more: search for more, or give --limit.\n");
  return kDone;
}

int show(const ContactFlags& flags) {
  const auto answer = call_api(flags.place, "GET", "/contacts/" + wire::percent_encode(flags.what));
  if (!answer) return report(answer.error());
  if (flags.is_json) {
    fmt::print("{}\n", answer->text);
    return kDone;
  }
  const json::value& contact = answer->body;
  fmt::print("{}  {}\n", text(contact, "id"), text(contact, "name"));
  for (const json::value& address : contact.at("addresses").as_array())
    fmt::print("  {}: {}{}\n", text(address, "channel"), text(address, "address"),
               address.at("primary").as_bool() ? "" : " (other)");
  for (const char* name : {"external_id", "locale", "time_zone", "last_interaction_at"})
    if (const std::string value = text(contact, name); !value.empty())
      fmt::print("  {}: {}\n", name, value);
  for (const auto& [name, value] : contact.at("fields").as_object())
    fmt::print("  {}: {}\n", harmless(name),
               value.is_string() ? harmless(value.as_string()) : json::serialize(value));
  for (const json::value& group : contact.at("groups").as_array())
    fmt::print("  group: {}\n", text(group, "name"));
  fmt::print("  campaigns by e-mail: {}\n", text(contact, "email_state"));
  return kDone;
}

}  // namespace

void add_contact_command(Parser& app, CommandLine& line) {
  auto* contact = app.add_subcommand("contact", "Find and show people");
  contact->require_subcommand(1);
  auto flags = std::make_shared<ContactFlags>();
  const auto add = [&](std::string name, std::string help, std::string of_what,
                       int (*run)(const ContactFlags&)) {
    auto* command = contact->add_subcommand(std::move(name), std::move(help));
    add_place(*command, flags->place);
    command->add_option("what", flags->what, std::move(of_what)).required();
    command->add_flag("--json", flags->is_json, "As the API answers it");
    command->callback([flags, run, &line] { line.run = [flags, run] { return run(*flags); }; });
    return command;
  };
  auto* finding = add("find", "Find people by name, address, number or external id",
                      "Words to search for", find);
  finding->add_option("--limit", flags->limit, "At most so many, up to 200")
      .between(1, 200)
      .show_default();
  add("show", "Show one person", "The contact's id", show);
}

}  // namespace tidings::cli
