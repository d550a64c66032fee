// Who works in the organisation, in which role, and the one-time links for their passwords.
#include <boost/json.hpp>
#include <string>

#include <fmt/format.h>

#include "base/bytes.h"
#include "edge/api/identity_handlers.h"
#include "edge/api/json_values.h"
#include "identity/audit.h"
#include "identity/organisations.h"
#include "identity/roles.h"
#include "identity/sign_in.h"
#include "identity/users.h"

namespace tidings::api {
namespace {

namespace json = boost::json;
using identity::Member;
using identity::Role;

json::object user_json(const Member& member) {
  return {{"id", to_text(member.user.id)},
          {"email", member.user.email},
          {"name", member.user.name},
          {"locale", member.user.locale},
          {"role", identity::to_string(member.role)},
          {"is_disabled", member.disabled_at.has_value()},
          {"has_password", member.has_password},
          {"joined_at", instant_text(member.joined_at)},
          {"changed_at", instant_text(member.changed_at)},
          {"used_at", instant_or_null(member.used_at)}};
}

json::object link_json(const Call& call, const identity::PasswordLink& link) {
  return {{"secret", link.secret},
          {"url", call.services.public_url + "/password/" + link.secret},
          {"expires_at", instant_text(link.expires_at)}};
}

// What the audit log's digests are of.
std::string fixed(const Member& member) {
  return fmt::format("{} {} {}", to_text(member.user.id), identity::to_string(member.role),
                     member.disabled_at ? "disabled" : "enabled");
}

Answer shown(const Member& member) {
  return Answer::ok(user_json(member)).with("ETag", etag_of(member.changed_at));
}

Result<void> may_manage(const Call& call, Role role) {
  if (identity::may_manage(call.who.permissions, role)) return {};
  return fail(ErrorKind::denied, "policy.role",
              fmt::format("Only somebody who may do everything that an {} may can do this. Ask an "
                          "owner.",
                          identity::to_string(role)));
}

// A way to a password is more than a test.
Result<void> not_by_a_test_token(const Call& call) {
  if (!call.who.is_test) return {};
  return fail(ErrorKind::denied, "token.test_only", "A test token lets nobody in.");
}

Result<Answer> list_roles(const Call& call) {
  json::array items;
  for (const Role role : identity::kRoles) {
    items.push_back(
        json::object{{"role", identity::to_string(role)},
                     {"description", identity::describe(role)},
                     {"permissions", to_json(identity::permissions_of(role))},
                     {"may_be_given", identity::may_manage(call.who.permissions, role)}});
  }
  return Answer::ok(list_answer(std::move(items), ""));
}

// The cursor: id, a blank, the name.
Result<Answer> list_users(const Call& call) {
  identity::MemberPage page;
  page.limit = call.page().limit;
  std::string after;
  if (!call.page().cursor.empty()) {
    after = from_base64url(call.page().cursor).value_or("");
    const auto id = parse_id(std::string_view(after).substr(0, after.find(' ')));
    if (!id || after.find(' ') == std::string::npos) {
      return fail(ErrorKind::invalid, "api.cursor",
                  "This cursor is none that was answered. Leave it out for the first page.");
    }
    page.after = UserId{*id};
    after.erase(0, after.find(' ') + 1);
    page.after_name = after;
  }
  const auto members = TRY(call.services.database.read_value([&](db::Connection& connection) {
    return identity::list_members(connection, call.organisation(), page);
  }));
  json::array items;
  for (const Member& each : members) items.push_back(user_json(each));
  std::string next;
  if (std::ssize(members) == page.limit) {
    next = to_base64url(to_text(members.back().user.id) + " " + members.back().user.name);
  }
  return Answer::ok(list_answer(std::move(items), next));
}

Result<Answer> get_user(const Call& call) {
  const auto id = TRY(call.id<UserId>("id"));
  return shown(TRY(call.services.database.read_value([&](db::Connection& connection) {
    return identity::find_member(connection, call.organisation(), id);
  })));
}

struct Invited {
  Member member;
  std::optional<identity::PasswordLink> link;
};

Result<Invited> invite(const Call& call, db::Connection& connection, Role role) {
  const Instant now = call.now();
  const auto email = text_in(call.body, "email");
  const auto known = TRY(identity::find_user_by_email(connection, email));
  UserId id;
  bool needs_link = true;
  if (known) {
    id = known->id;
    // Who set no password yet but works elsewhere was invited there: a second link would be a way
    // into that organisation.
    needs_link = known->password_hash.empty() &&
                 !TRY(identity::works_elsewhere(connection, id, call.organisation()));
  } else {
    id = TRY(identity::create_user(
        connection, call.services.ids,
        {email, text_in(call.body, "name"), text_in(call.body, "locale")}, now));
  }
  TRY(identity::add_member(connection, call.organisation(), id, role, now));
  Invited invited;
  invited.member = TRY(identity::find_member(connection, call.organisation(), id));
  if (needs_link) {
    invited.link = TRY(identity::create_password_link(
        connection, call.services.ids, id, call.organisation(), identity::kInvitationLasts, now));
  }
  TRY(identity::audit(connection, call.who,
                      {.action = "user.create",
                       .object = "user",
                       .object_id = id.value,
                       .note = identity::to_string(role),
                       .after = fixed(invited.member)},
                      now));
  return invited;
}

// Not through commit(): a kept answer would keep the link's secret.
Result<Answer> create_user(const Call& call) {
  TRY(not_by_a_test_token(call));
  const auto role = identity::parse_role(text_in(call.body, "role")).value_or(Role::viewer);
  TRY(may_manage(call, role));
  const auto invited =
      TRY(call.services.database.write_value(db::Priority::web, [&](db::Connection& connection) {
        return invite(call, connection, role);
      }));
  json::value link = nullptr;
  if (invited.link) link = link_json(call, *invited.link);
  return Answer::created(
      json::object{{"user", user_json(invited.member)}, {"password_link", std::move(link)}});
}

Result<Answer> change_user(const Call& call) {
  const auto id = TRY(call.id<UserId>("id"));
  const json::object& change = call.body.as_object();
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const Instant now = call.now();
    const auto organisation = call.organisation();
    const Member before = TRY(identity::find_member(connection, organisation, id));
    TRY(call.expect_version(etag_of(before.changed_at)));
    TRY(may_manage(call, before.role));
    if (const auto role = identity::parse_role(text_in(call.body, "role"))) {
      TRY(may_manage(call, *role));
      if (*role != before.role) {
        TRY(identity::change_role(connection, organisation, id, *role, now));
      }
    }
    if (const json::value* disabled = change.if_contains("is_disabled")) {
      TRY(disabled->as_bool() ? identity::disable_member(connection, organisation, id, now)
                              : identity::enable_member(connection, organisation, id, now));
    }
    const Member after = TRY(identity::find_member(connection, organisation, id));
    TRY(identity::audit(connection, call.who,
                        {.action = "user.change",
                         .object = "user",
                         .object_id = id.value,
                         .note = fmt::format("{} → {}{}", identity::to_string(before.role),
                                             identity::to_string(after.role),
                                             after.disabled_at ? ", disabled" : ""),
                         .before = fixed(before),
                         .after = fixed(after)},
                        now));
    return shown(after);
  });
}

Result<Answer> remove_user(const Call& call) {
  const auto id = TRY(call.id<UserId>("id"));
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const Member before = TRY(identity::find_member(connection, call.organisation(), id));
    TRY(call.expect_version(etag_of(before.changed_at)));
    TRY(may_manage(call, before.role));
    TRY(identity::remove_member(connection, call.organisation(), id, call.now()));
    TRY(identity::audit(
        connection, call.who,
        {.action = "user.remove", .object = "user", .object_id = id.value, .before = fixed(before)},
        call.now()));
    return Answer::no_content();
  });
}

// Whether the caller may open somebody else's account to whoever asks them to.
Result<void> may_let_in(const Call& call, db::Connection& connection, const Member& member) {
  if (member.user.id == call.who.user_id) {
    return fail(ErrorKind::conflict, "user.oneself",
                "Change this of your own in your profile, with the present password.");
  }
  TRY(may_manage(call, member.role));
  // Whoever runs the machine (nobody's account) may.
  if (call.who.user_id.valid() &&
      TRY(identity::works_elsewhere(connection, member.user.id, call.organisation()))) {
    return fail(ErrorKind::conflict, "user.works_elsewhere",
                "This account is not this organisation's alone, so nobody here can reset it. "
                "Whoever runs the server can: tidings user password, tidings user totp.");
  }
  return {};
}

Result<Answer> get_user_second_factor(const Call& call) {
  const auto id = TRY(call.id<UserId>("id"));
  const auto state = TRY(call.services.database.read_value(
      [&](db::Connection& connection) -> Result<identity::TotpState> {
        TRY(identity::find_member(connection, call.organisation(), id));
        return identity::totp_state(connection, id);
      }));
  return Answer::ok(second_factor_json(state));
}

// For whoever lost the telephone and the recovery codes.
Result<Answer> remove_user_second_factor(const Call& call) {
  TRY(not_by_a_test_token(call));
  const auto id = TRY(call.id<UserId>("id"));
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const Member member = TRY(identity::find_member(connection, call.organisation(), id));
    TRY(may_let_in(call, connection, member));
    TRY(identity::remove_totp(connection, id));
    TRY(identity::audit(
        connection, call.who,
        {.action = "user.remove_second_factor", .object = "user", .object_id = id.value},
        call.now()));
    return Answer::no_content();
  });
}

Result<identity::PasswordLink> reset(const Call& call, db::Connection& connection, UserId id) {
  const Member member = TRY(identity::find_member(connection, call.organisation(), id));
  TRY(may_let_in(call, connection, member));
  auto link = TRY(identity::create_password_link(
      connection, call.services.ids, id, call.organisation(), identity::kResetLasts, call.now()));
  TRY(identity::audit(
      connection, call.who,
      {.action = "user.create_password_link", .object = "user", .object_id = id.value},
      call.now()));
  return link;
}

Result<Answer> create_password_link(const Call& call) {
  TRY(not_by_a_test_token(call));
  const auto id = TRY(call.id<UserId>("id"));
  const auto link = TRY(call.services.database.write_value(
      db::Priority::web, [&](db::Connection& connection) { return reset(call, connection, id); }));
  return Answer::created(link_json(call, link));
}

}  // namespace

void add_user_handlers(Registry& registry) {
  registry.answer("listRoles", list_roles);
  registry.answer("listUsers", list_users);
  registry.answer("getUser", get_user);
  registry.answer("createUser", create_user);
  registry.answer("changeUser", change_user);
  registry.answer("removeUser", remove_user);
  registry.answer("createPasswordLink", create_password_link);
  registry.answer("getUserSecondFactor", get_user_second_factor);
  registry.answer("removeUserSecondFactor", remove_user_second_factor);
}

}  // namespace tidings::api
