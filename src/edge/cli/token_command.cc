// tidings token: programs that may act for the organisation.
#include <algorithm>
#include <boost/json.hpp>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/clock.h"
#include "edge/cli/api_client.h"
#include "edge/cli/command.h"
#include "edge/cli/people.h"
#include "edge/cli/terminal_text.h"
#include "identity/permission.h"
#include "wire/url.h"

namespace tidings::cli {
namespace {

namespace json = boost::json;

struct TokenFlags {
  WorkplaceOptions place;
  std::string name;
  std::string email;
  std::vector<std::string> scopes;
  std::string expires;
  std::string id;
  bool is_test = false;
  bool with_revoked = false;
  bool is_json = false;
};

std::string text_at(const json::object& object, std::string_view name) {
  const json::value& value = object.at(name);
  return value.is_string() ? harmless(value.get_string()) : "";
}

// --user, or the only owner.
Result<std::string> user_id(const TokenFlags& flags) {
  if (!flags.email.empty()) {
    const auto user = TRY(user_by_email(flags.place, flags.email));
    return std::string(user.at("id").as_string());
  }
  std::string owner;
  for (const json::value& each : TRY(all_users(flags.place))) {
    if (each.at("role").as_string() != "owner" || each.at("is_disabled").as_bool()) continue;
    if (!owner.empty()) {
      return fail(ErrorKind::invalid, "token.user",
                  "There are several owners. Say whose token it is with --user ADDRESS.");
    }
    owner = each.at("id").as_string();
  }
  if (!owner.empty()) return owner;
  return fail(ErrorKind::invalid, "token.user",
              "A token belongs to a user, and there is none yet. Begin with: tidings user add "
              "you@example.org --role owner");
}

Result<json::array> read_scopes(const std::vector<std::string>& given) {
  json::array scopes;
  for (const std::string& word : given) {
    if (word == "all") {
      for (int i = 0; i < identity::kPermissionCount; ++i) {
        scopes.emplace_back(identity::to_string(static_cast<identity::Permission>(i)));
      }
      continue;
    }
    if (!identity::parse_permission(word)) {
      return fail(ErrorKind::invalid, "token.scopes",
                  fmt::format("There is no scope {}. The scopes are: {}; or all.", word,
                              identity::to_text(identity::PermissionSet::all())));
    }
    scopes.emplace_back(word);
  }
  std::ranges::sort(scopes, {},
                    [](const json::value& each) { return std::string_view(each.get_string()); });
  scopes.erase(std::unique(scopes.begin(), scopes.end()), scopes.end());
  return scopes;
}

Result<json::object> wanted_token(const TokenFlags& flags) {
  json::object wanted{{"name", flags.name}, {"is_test", flags.is_test}};
  wanted["scopes"] = TRY(read_scopes(flags.scopes));
  if (!flags.expires.empty()) {
    const auto lasts = parse_duration(flags.expires);
    if (!lasts || *lasts <= Duration{}) {
      return fail(ErrorKind::invalid, "token.expiry", "--expires is a duration, like 12h or 90d.");
    }
    wanted["expires_at"] = to_rfc3339(SystemClock().now() + *lasts);
  }
  wanted["user_id"] = TRY(user_id(flags));
  return wanted;
}

int create(const TokenFlags& flags) {
  const auto wanted = wanted_token(flags);
  if (!wanted) return report(wanted.error());
  const auto made = call_api(flags.place, "POST", "/tokens", *wanted);
  if (!made) return report(made.error());
  const json::object& body = made->body.as_object();
  if (flags.is_json) {
    fmt::print("{}\n", made->text);
    return kDone;
  }
  fmt::print(stderr, "Keep it now: it is not shown again. It acts for {}{}.\n",
             text_at(body.at("token").as_object(), "user"),
             flags.is_test ? "; nothing that it sends leaves" : "");
  fmt::print("{}\n", text_at(body, "secret"));
  return kDone;
}

void print(const json::object& token, bool is_json) {
  if (is_json) {
    fmt::print("{}\n", json::serialize(token));
    return;
  }
  std::string scopes;
  for (const json::value& each : token.at("scopes").as_array()) {
    scopes += (scopes.empty() ? "" : " ") + std::string(each.as_string());
  }
  std::string remarks;
  if (token.at("is_test").as_bool()) remarks += "  test";
  if (token.at("revoked_at").is_string()) remarks += "  revoked";
  if (token.at("expires_at").is_string()) {
    remarks += "  until " + text_at(token, "expires_at").substr(0, 10);
  }
  const std::string used = text_at(token, "used_at");
  fmt::print("{}  …{}  {}  {}  {}{}\n    {}\n", text_at(token, "id"), text_at(token, "ending"),
             fitted(text_at(token, "name"), 24), fitted(text_at(token, "user"), 20),
             used.empty() ? "never used" : "used " + used.substr(0, 10), remarks, scopes);
}

int list(const TokenFlags& flags) {
  std::string target =
      std::string("/tokens?limit=200") + (flags.with_revoked ? "&with_revoked=true" : "");
  const std::string first = target;
  for (;;) {
    const auto page = call_api(flags.place, "GET", target);
    if (!page) return report(page.error());
    for (const json::value& each : page->body.at("items").as_array()) {
      print(each.as_object(), flags.is_json);
    }
    const json::value& next = page->body.at("next_cursor");
    if (next.is_null()) return kDone;
    target = first + "&cursor=" + wire::percent_encode(std::string(next.as_string()));
  }
}

int revoke(const TokenFlags& flags) {
  const auto revoked = call_api(flags.place, "DELETE", "/tokens/" + wire::percent_encode(flags.id));
  if (!revoked) return report(revoked.error());
  fmt::print("Revoked. It is refused from now on.\n");
  return kDone;
}

}  // namespace

void add_token_command(Parser& app, CommandLine& line) {
  auto flags = std::make_shared<TokenFlags>();
  auto* command = app.add_subcommand("token", "Programs that may act for the organisation");
  command->require_subcommand(1);
  const auto subcommand = [&](const char* name, const char* what, int (*run)(const TokenFlags&)) {
    auto* sub = command->add_subcommand(name, what);
    add_place(*sub, flags->place);
    sub->callback([&line, flags, run] { line.run = [flags, run] { return run(*flags); }; });
    return sub;
  };
  auto* creating = subcommand("create", "Make one; its secret is shown this once", create);
  creating->add_option("--name", flags->name, "What it is for").required();
  creating->add_option("--scope", flags->scopes, "What it may, like messages:send; or all")
      .required()
      .split_at(',');
  creating->add_option("--user", flags->email,
                       "Whose it is: it may never more than they. The owner when there is one");
  creating->add_flag("--test", flags->is_test, "Everything happens except that anything leaves");
  creating->add_option("--expires", flags->expires, "After how long, like 90d; never without it");
  auto* listing = subcommand("list", "All tokens, newest first, without their secrets", list);
  listing->add_flag("--revoked", flags->with_revoked, "Revoked ones too");
  auto* revoking = subcommand("revoke", "Refuse a token from now on, for good", revoke);
  revoking->add_option("id", flags->id, "As tidings token list shows it").required();
  creating->add_flag("--json", flags->is_json, "As a JSON object");
  listing->add_flag("--json", flags->is_json, "One JSON object per line");
  command->footer(
      "Examples:\n"
      "  tidings token create --name webshop --scope messages:send\n"
      "  tidings token create --name trial --test --scope all --expires 30d\n"
      "  tidings token list\n"
      "  tidings token revoke 00c3k8q1v0400");
}

}  // namespace tidings::cli
