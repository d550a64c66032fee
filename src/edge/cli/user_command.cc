// tidings user: who works in the organisation, and in which role.
#include <boost/json.hpp>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "edge/cli/api_client.h"
#include "edge/cli/command.h"
#include "edge/cli/password_input.h"
#include "edge/cli/people.h"
#include "edge/cli/terminal_text.h"

namespace tidings::cli {
namespace {

namespace json = boost::json;

struct UserFlags {
  WorkplaceOptions place;
  std::string email;
  std::string name;
  std::string role = "editor";
  bool from_stdin = false;
  bool wants_link = false;
  bool removes = false;
  bool is_json = false;

  PasswordFrom password() const {
    if (from_stdin) return PasswordFrom::standard_input;
    return wants_link || !has_terminal() ? PasswordFrom::link : PasswordFrom::terminal;
  }
};

std::string text_at(const json::object& object, std::string_view name) {
  return harmless(object.at(name).as_string());
}

std::string path_of(const json::object& user) {
  return "/users/" + std::string(user.at("id").as_string());
}

void print(const json::object& user, bool is_json) {
  if (is_json) {
    fmt::print("{}\n", json::serialize(user));
    return;
  }
  std::string remarks;
  if (user.at("is_disabled").as_bool()) remarks += "  disabled";
  if (!user.at("has_password").as_bool()) remarks += "  has no password yet";
  fmt::print("{}  {}  {}{}\n", fitted(text_at(user, "email"), 32),
             fitted(text_at(user, "role"), 13), text_at(user, "name"), remarks);
}

void print_link(const std::string& link) {
  if (link.empty()) return;
  fmt::print("Hand this link over; with it a password can be chosen once:\n{}\n", link);
}

int add(const UserFlags& flags) {
  const auto added =
      add_person(flags.place, {flags.email, flags.name, flags.role, flags.password()});
  if (!added) return report(added.error());
  if (flags.is_json) {
    json::object shown = added->user;
    shown["link"] = added->link.empty() ? json::value(nullptr) : json::value(added->link);
    fmt::print("{}\n", json::serialize(shown));
    return kDone;
  }
  fmt::print("{} works here as {} from now on.\n", text_at(added->user, "name"),
             text_at(added->user, "role"));
  print_link(added->link);
  return kDone;
}

int list(const UserFlags& flags) {
  const auto users = all_users(flags.place);
  if (!users) return report(users.error());
  for (const json::value& each : *users) print(each.as_object(), flags.is_json);
  if (users->empty() && !flags.is_json) {
    fmt::print("Nobody yet. Begin with: tidings user add you@example.org --role owner\n");
  }
  return kDone;
}

int change(const UserFlags& flags, const json::object& wanted) {
  const auto user = user_by_email(flags.place, flags.email);
  if (!user) return report(user.error());
  const auto changed = call_api(flags.place, "PATCH", path_of(*user), wanted);
  if (!changed) return report(changed.error());
  print(changed->body.as_object(), flags.is_json);
  return kDone;
}

int password(const UserFlags& flags) {
  const auto user = user_by_email(flags.place, flags.email);
  if (!user) return report(user.error());
  const auto link =
      renew_password(flags.place, std::string(user->at("id").as_string()), flags.password());
  if (!link) return report(link.error());
  if (link->empty()) {
    fmt::print("The password of {} is changed, and every session of theirs has ended.\n",
               text_at(*user, "name"));
  }
  print_link(*link);
  return kDone;
}

int remove(const UserFlags& flags) {
  const auto user = user_by_email(flags.place, flags.email);
  if (!user) return report(user.error());
  const auto removed = call_api(flags.place, "DELETE", path_of(*user));
  if (!removed) return report(removed.error());
  fmt::print("{} does not work here any more.\n", text_at(*user, "name"));
  return kDone;
}

int totp(const UserFlags& flags) {
  const auto user = user_by_email(flags.place, flags.email);
  if (!user) return report(user.error());
  const std::string path = path_of(*user) + "/second-factor";
  if (flags.removes) {
    const auto removed = call_api(flags.place, "DELETE", path);
    if (!removed) return report(removed.error());
    fmt::print("{} signs in with the password alone from now on.\n", text_at(*user, "name"));
    return kDone;
  }
  const auto state = call_api(flags.place, "GET", path);
  if (!state) return report(state.error());
  if (flags.is_json) {
    fmt::print("{}\n", json::serialize(state->body));
  } else if (state->body.at("is_on").as_bool()) {
    fmt::print("{} signs in with a code; {} recovery codes are left.\n", text_at(*user, "name"),
               state->body.at("recovery_codes_left").as_int64());
  } else {
    fmt::print("{} signs in with the password alone.\n", text_at(*user, "name"));
  }
  return kDone;
}

}  // namespace

void add_user_command(Parser& app, CommandLine& line) {
  auto flags = std::make_shared<UserFlags>();
  auto* command = app.add_subcommand("user", "Who works in the organisation, and in which role");
  command->require_subcommand(1);
  const auto subcommand = [&](const char* name, const char* what, int (*run)(const UserFlags&)) {
    auto* sub = command->add_subcommand(name, what);
    add_place(*sub, flags->place);
    sub->callback([&line, flags, run] { line.run = [flags, run] { return run(*flags); }; });
    return sub;
  };
  const auto roles = {"owner", "administrator", "editor", "author", "viewer"};
  auto* adding = subcommand("add", "Let somebody work here", add);
  adding->add_option("--name", flags->name, "Their name");
  adding->add_option("--role", flags->role, "owner, administrator, editor, author or viewer")
      .show_default()
      .one_of(roles);
  auto* listing = subcommand("list", "Everybody who works here", list);
  auto* changing = subcommand("role", "Give somebody another role", [](const UserFlags& given) {
    return change(given, {{"role", given.role}});
  });
  auto* renewing = subcommand("password", "Give somebody a new password, or a link", password);
  auto* disabling = subcommand("disable", "Keep somebody out for now", [](const UserFlags& given) {
    return change(given, {{"is_disabled", true}});
  });
  auto* enabling = subcommand("enable", "Let somebody in again", [](const UserFlags& given) {
    return change(given, {{"is_disabled", false}});
  });
  auto* coding =
      subcommand("totp", "Whether somebody signs in with a code; --remove ends it", totp);
  coding->add_flag("--remove", flags->removes,
                   "Take it away: the app and the recovery codes are lost");
  auto* removing = subcommand("remove", "Take somebody out of the organisation", remove);
  for (Parser* sub : {adding, changing, renewing, disabling, enabling, coding, removing}) {
    sub->add_option("email", flags->email, "Their address").required();
  }
  changing->add_option("role", flags->role, "The new role").required().one_of(roles);
  for (Parser* sub : {adding, renewing}) {
    const Option from_stdin = sub->add_flag("--password-stdin", flags->from_stdin,
                                            "The password is one line on standard input");
    sub->add_flag("--link", flags->wants_link, "Print a link to choose a password with, once")
        .excludes(from_stdin);
  }
  for (Parser* sub : {adding, listing, changing, disabling, enabling, coding}) {
    sub->add_flag("--json", flags->is_json, "One JSON object per line");
  }
  command->footer(
      "Examples:\n"
      "  tidings user add ada@club.example --name 'Ada Smit' --role owner\n"
      "  tidings user list --json\n"
      "  tidings user role ada@club.example editor\n"
      "  tidings user password ada@club.example --link\n"
      "  tidings user disable ada@club.example");
}

}  // namespace tidings::cli
