// API tokens.
#include <boost/json.hpp>
#include <string>

#include "base/bytes.h"
#include "edge/api/identity_handlers.h"
#include "edge/api/json_values.h"
#include "identity/api_tokens.h"
#include "identity/audit.h"
#include "identity/roles.h"
#include "identity/users.h"

namespace tidings::api {
namespace {

namespace json = boost::json;
using identity::ApiToken;

json::object token_json(const ApiToken& token) {
  return {{"id", to_text(token.id)},
          {"user_id", to_text(token.user_id)},
          {"user", token.user_name},
          {"name", token.name},
          {"ending", token.ending},
          {"scopes", to_json(token.scopes)},
          {"is_test", token.is_test},
          {"created_at", instant_text(token.created_at)},
          {"expires_at", instant_or_null(token.expires_at)},
          {"used_at", instant_or_null(token.used_at)},
          {"revoked_at", instant_or_null(token.revoked_at)}};
}

Result<Answer> list_tokens(const Call& call) {
  identity::ApiTokenPage page;
  page.limit = call.page().limit;
  page.with_revoked = call.flag("with_revoked");
  if (!call.page().cursor.empty()) {
    const auto before = parse_id(call.page().cursor);
    if (!before) {
      return fail(ErrorKind::invalid, "api.cursor",
                  "This cursor is none that was answered. Leave it out for the first page.");
    }
    page.before = ApiTokenId{*before};
  }
  const auto tokens = TRY(call.services.database.read_value([&](db::Connection& connection) {
    return identity::list_api_tokens(connection, call.organisation(), page);
  }));
  json::array items;
  for (const ApiToken& each : tokens) items.push_back(token_json(each));
  return Answer::ok(list_answer(std::move(items),
                                std::ssize(tokens) == page.limit ? to_text(tokens.back().id) : ""));
}

Result<Answer> get_token(const Call& call) {
  const auto id = TRY(call.id<ApiTokenId>("id"));
  return Answer::ok(
      token_json(TRY(call.services.database.read_value([&](db::Connection& connection) {
        return identity::get_api_token(connection, call.organisation(), id);
      }))));
}

// What a NewApiToken borrows.
struct Wanted {
  UserId user_id;
  std::string name;
  identity::PermissionSet scopes;
  bool is_test = false;
  std::optional<Instant> expires_at;
};

Result<Wanted> read_wanted(const Call& call) {
  const json::object& body = call.body.as_object();
  Wanted wanted;
  wanted.user_id = call.who.user_id;
  if (const json::value* user = body.if_contains("user_id")) {
    wanted.user_id = UserId{parse_id(user->as_string()).value_or(0)};
  } else if (!wanted.user_id.valid()) {
    return fail(ErrorKind::invalid, "token.user",
                "Say whose token it is: user_id. Its role bounds what the token may.");
  }
  wanted.name = body.at("name").as_string();
  for (const json::value& word : body.at("scopes").as_array()) {
    if (const auto scope = identity::parse_permission(word.as_string())) wanted.scopes.add(*scope);
  }
  if (const json::value* test = body.if_contains("is_test")) wanted.is_test = test->as_bool();
  if (const json::value* expires = body.if_contains("expires_at")) {
    wanted.expires_at = parse_rfc3339(expires->as_string());
    if (!wanted.expires_at) {
      return fail(ErrorKind::invalid, "token.expiry", "expires_at is no instant of RFC 3339.");
    }
  }
  return wanted;
}

struct Made {
  ApiToken token;
  std::string secret;
};

Result<Made> make(const Call& call, db::Connection& connection, const Wanted& wanted) {
  const auto member = TRY(identity::find_member(connection, call.organisation(), wanted.user_id));
  if (wanted.user_id != call.who.user_id &&
      !identity::may_manage(call.who.permissions, member.role)) {
    return fail(ErrorKind::denied, "policy.role",
                "Nobody makes a token for somebody above their own role. Ask an owner.");
  }
  auto created = TRY(identity::create_api_token(
      connection, call.services.ids, call.who,
      {wanted.user_id, wanted.name, wanted.scopes, wanted.is_test, wanted.expires_at}, call.now()));
  Made made;
  made.token = TRY(identity::get_api_token(connection, call.organisation(), created.id));
  made.secret = std::move(created.secret);
  TRY(identity::audit(connection, call.who,
                      {.action = "token.create",
                       .object = "token",
                       .object_id = made.token.id.value,
                       .note = wanted.name + ": " + identity::to_text(wanted.scopes),
                       .after = json::serialize(token_json(made.token))},
                      call.now()));
  return made;
}

// Not through commit(): a kept answer would keep the token's secret.
Result<Answer> create_token(const Call& call) {
  const Wanted wanted = TRY(read_wanted(call));
  const auto made =
      TRY(call.services.database.write_value(db::Priority::web, [&](db::Connection& connection) {
        return make(call, connection, wanted);
      }));
  return Answer::created(json::object{{"token", token_json(made.token)}, {"secret", made.secret}});
}

Result<Answer> revoke_token(const Call& call) {
  const auto id = TRY(call.id<ApiTokenId>("id"));
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const ApiToken before = TRY(identity::get_api_token(connection, call.organisation(), id));
    TRY(identity::revoke_api_token(connection, call.organisation(), id, call.now()));
    TRY(identity::audit(connection, call.who,
                        {.action = "token.revoke",
                         .object = "token",
                         .object_id = id.value,
                         .note = before.name,
                         .before = json::serialize(token_json(before))},
                        call.now()));
    return Answer::no_content();
  });
}

}  // namespace

void add_token_handlers(Registry& registry) {
  registry.answer("listTokens", list_tokens);
  registry.answer("getToken", get_token);
  registry.answer("createToken", create_token);
  registry.answer("revokeToken", revoke_token);
}

}  // namespace tidings::api
