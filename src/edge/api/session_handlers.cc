// Signing in and out, one's own sessions, account and organisations.
#include <algorithm>
#include <boost/json.hpp>
#include <string>

#include <fmt/format.h>

#include "edge/api/authenticate.h"
#include "edge/api/identity_handlers.h"
#include "edge/api/json_values.h"
#include "identity/audit.h"
#include "identity/organisations.h"
#include "identity/sign_in.h"
#include "identity/totp.h"
#include "identity/users.h"

namespace tidings::api {
namespace {

namespace json = boost::json;
using identity::SignInOutcome;
using Hasher = std::shared_ptr<identity::PasswordHasher>;

// An owner of one organisation may make others; a bound on how many.
constexpr std::size_t kOrganisationsMax = 100;

identity::SignIn sign_in_of(const Call& call, const Hasher& hasher) {
  return {call.services.database, call.services.ids, call.services.clock, *hasher};
}

// What a SignInOrigin borrows.
struct Origin {
  explicit Origin(const Call& call)
      : address(client_address(call.request, call.services.public_url)),
        user_agent(call.request.header("User-Agent")) {}
  identity::SignInOrigin view() const { return {address, user_agent}; }
  std::string address;
  std::string user_agent;
};

std::unexpected<Error> not_with_a_token() {
  return fail(ErrorKind::denied, "session.required",
              "Only a signed-in person can do this, not a token.");
}

Result<void> need_session(const Call& call) {
  if (call.who.session_id.valid()) return {};
  return not_with_a_token();
}

Result<void> need_person(const Call& call) {
  if (call.who.user_id.valid()) return {};
  return fail(ErrorKind::not_found, "user.none",
              "The command line is nobody's account. Sign in, or use a token.");
}

Answer throttled(Duration wait) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  return Answer::problem(429, {ErrorKind::limit, "session.throttled",
                               fmt::format("Too many attempts. Try again in {} second{}.", seconds,
                                           seconds == 1 ? "" : "s")})
      .with("Retry-After", std::to_string(seconds));
}

// Nothing for Kind::signed_in.
std::optional<Answer> refusal(const SignInOutcome& outcome, std::string_view sentence) {
  switch (outcome.kind) {
    case SignInOutcome::Kind::signed_in:
      return std::nullopt;
    case SignInOutcome::Kind::throttled:
      return throttled(outcome.wait);
    case SignInOutcome::Kind::no_organisation:
      return Answer::problem(403, {ErrorKind::denied, "session.no_organisation",
                                   "You do not work in this organisation (any more). Ask an "
                                   "administrator of it."});
    case SignInOutcome::Kind::needs_code:
      return Answer::problem(401, {ErrorKind::denied, "session.code_needed",
                                   "Enter the code that your authenticator app shows too, or a "
                                   "recovery code."});
    case SignInOutcome::Kind::wrong_code:
      return Answer::problem(401, {ErrorKind::denied, "session.wrong_code",
                                   "This code is wrong, or was used already. Wait for the next "
                                   "one."});
    case SignInOutcome::Kind::refused:
      break;
  }
  return Answer::problem(401, {ErrorKind::denied, "session.refused", std::string(sentence)});
}

// The Session of `who` as a JSON object.
Result<json::object> session_json(db::Connection& connection, const identity::Principal& who) {
  const auto organisation = TRY(identity::find_organisation(connection, who.organisation_id));
  json::value role = nullptr;
  std::string name = who.name;
  if (who.user_id.valid()) {
    const auto member = identity::find_member(connection, who.organisation_id, who.user_id);
    if (member) role = identity::to_string(member->role);
  }
  const std::string_view kind =
      who.token_id.valid() ? "token" : (who.session_id.valid() ? "session" : "shell");
  return json::object{{"kind", kind},
                      {"user_id", id_or_null(who.user_id.value)},
                      {"token_id", id_or_null(who.token_id.value)},
                      {"name", std::move(name)},
                      {"organisation_id", to_text(who.organisation_id)},
                      {"organisation", organisation.name},
                      {"role", std::move(role)},
                      {"permissions", to_json(who.permissions)},
                      {"is_test", who.is_test}};
}

Result<Answer> get_session(const Call& call) {
  return Answer::ok(TRY(call.services.database.read_value(
      [&](db::Connection& connection) { return session_json(connection, call.who); })));
}

Result<Answer> sign_in(const Call& call, const Hasher& hasher) {
  TRY(check_sign_in_is_safe(call.request, call.services.public_url));
  TRY(check_same_site(call.request, call.services.public_url, false));
  return start_browser_session(call, *hasher);
}

Result<Answer> change_session(const Call& call) {
  TRY(need_session(call));
  const auto wanted = parse_id(text_in(call.body, "organisation_id"));
  const OrganisationId organisation{wanted.value_or(0)};
  TRY(call.services.database.write(db::Priority::web, [&](db::Connection& connection) {
    return identity::switch_session(connection, call.who.user_id, call.who.session_id,
                                    organisation);
  }));
  const auto secret = session_cookie(call.request);
  return Answer::ok(TRY(
      call.services.database.read_value([&](db::Connection& connection) -> Result<json::object> {
        const auto found = TRY(identity::find_session(connection, secret, call.now()));
        if (found) return session_json(connection, found->who);
        const auto member = TRY(identity::find_member(connection, organisation, call.who.user_id));
        identity::Principal who = call.who;
        who.organisation_id = organisation;
        who.permissions = identity::permissions_of(member.role);
        return session_json(connection, who);
      })));
}

Result<Answer> sign_out(const Call& call) {
  TRY(need_session(call));
  TRY(call.services.database.write(
      db::Priority::web, [&](db::Connection& connection) -> Result<void> {
        TRY(identity::end_session(connection, call.who.user_id, call.who.session_id));
        return identity::audit(
            connection, call.who,
            {.action = "session.end", .object = "session", .object_id = call.who.session_id.value},
            call.now());
      }));
  return Answer::no_content().with("Set-Cookie", set_session_cookie("", Duration{}));
}

Result<Answer> list_sessions(const Call& call) {
  TRY(need_person(call));
  const auto sessions = TRY(call.services.database.read_value([&](db::Connection& connection) {
    return identity::list_sessions(connection, call.who.user_id, call.now());
  }));
  json::array items;
  for (const auto& each : sessions) {
    items.push_back(json::object{{"id", to_text(each.id)},
                                 {"is_this", each.id == call.who.session_id},
                                 {"organisation_id", to_text(each.organisation_id)},
                                 {"address", each.peer},
                                 {"user_agent", each.user_agent},
                                 {"created_at", instant_text(each.created_at)},
                                 {"used_at", instant_text(each.used_at)},
                                 {"expires_at", instant_text(each.expires_at)}});
  }
  return Answer::ok(list_answer(std::move(items), ""));
}

Result<Answer> end_session(const Call& call) {
  TRY(need_session(call));
  const auto id = TRY(call.id<SessionId>("id"));
  TRY(call.services.database.write(
      db::Priority::web, [&](db::Connection& connection) -> Result<void> {
        TRY(identity::end_session(connection, call.who.user_id, id));
        return identity::audit(
            connection, call.who,
            {.action = "session.end", .object = "session", .object_id = id.value}, call.now());
      }));
  return Answer::no_content();
}

json::object profile_json(const identity::User& user) {
  return {{"id", to_text(user.id)},
          {"email", user.email},
          {"name", user.name},
          {"locale", user.locale},
          {"created_at", instant_text(user.created_at)},
          {"changed_at", instant_text(user.changed_at)}};
}

Answer shown(const identity::User& user) {
  return Answer::ok(profile_json(user)).with("ETag", etag_of(user.changed_at));
}

Result<Answer> get_profile(const Call& call) {
  TRY(need_person(call));
  return shown(TRY(call.services.database.read_value([&](db::Connection& connection) {
    return identity::find_user(connection, call.who.user_id);
  })));
}

Result<Answer> change_profile(const Call& call, const Hasher& hasher) {
  TRY(need_session(call));
  const json::object& change = call.body.as_object();
  if (change.contains("email")) {
    const Origin origin(call);
    const auto proved =
        TRY(sign_in_of(call, hasher)
                .prove_password(call.who, text_in(call.body, "password"), origin.view()));
    if (proved.kind == SignInOutcome::Kind::refused) {
      // Not 401: the session itself is good.
      return Answer::problem(403, {ErrorKind::denied, "profile.password",
                                   "Another address needs your present password, and this is "
                                   "not it."});
    }
    if (auto refused = refusal(proved, "")) return *std::move(refused);
  }
  std::optional<identity::User> changed;
  TRY(call.services.database.write(
      db::Priority::web, [&](db::Connection& connection) -> Result<void> {
        const auto before = TRY(identity::find_user(connection, call.who.user_id));
        TRY(call.expect_version(etag_of(before.changed_at)));
        const auto chosen = [&](std::string_view name, const std::string& present) {
          return change.contains(name) ? text_in(call.body, name) : std::string_view(present);
        };
        TRY(identity::change_profile(connection, call.who.user_id,
                                     {chosen("email", before.email), chosen("name", before.name),
                                      chosen("locale", before.locale)},
                                     call.now()));
        changed = TRY(identity::find_user(connection, call.who.user_id));
        return identity::audit(connection, call.who,
                               {.action = "user.change_profile",
                                .object = "user",
                                .object_id = call.who.user_id.value,
                                .before = json::serialize(profile_json(before)),
                                .after = json::serialize(profile_json(*changed))},
                               call.now());
      }));
  return shown(*changed);
}

Result<Answer> change_password(const Call& call, const Hasher& hasher) {
  TRY(need_session(call));
  const Origin origin(call);
  const auto outcome = TRY(sign_in_of(call, hasher)
                               .change_password(call.who, text_in(call.body, "present"),
                                                text_in(call.body, "wanted"), origin.view()));
  if (outcome.kind == SignInOutcome::Kind::refused) {
    // Not 401: the session itself is good.
    return Answer::problem(403, {ErrorKind::denied, "profile.password",
                                 "This is not your present password. Type it again."});
  }
  if (auto refused = refusal(outcome, "")) return *std::move(refused);
  return Answer::no_content().with(
      "Set-Cookie",
      set_session_cookie(outcome.session.secret, outcome.session.expires_at - call.now()));
}

Result<Answer> get_second_factor(const Call& call) {
  TRY(need_person(call));
  const auto state = TRY(call.services.database.read_value([&](db::Connection& connection) {
    return identity::totp_state(connection, call.who.user_id);
  }));
  return Answer::ok(second_factor_json(state));
}

// The password, and the code where one is asked for, before the second factor changes.
Result<std::optional<Answer>> unproved(const Call& call, const Hasher& hasher,
                                       std::optional<std::string_view> code) {
  TRY(need_session(call));
  const Origin origin(call);
  const auto proved =
      TRY(sign_in_of(call, hasher)
              .prove_password(call.who, text_in(call.body, "password"), origin.view(), code));
  if (proved.kind == SignInOutcome::Kind::signed_in) return std::nullopt;
  if (proved.kind == SignInOutcome::Kind::throttled) return refusal(proved, "");
  // Not 401: the session itself is good.
  const bool is_code = proved.kind == SignInOutcome::Kind::wrong_code;
  return Answer::problem(403, {ErrorKind::denied, is_code ? "totp.wrong_code" : "profile.password",
                               is_code ? "This code is wrong, or was used already. Wait for the "
                                         "next one."
                                       : "This is not your present password. Type it again."});
}

Result<void> tell_second_factor(const Call& call, db::Connection& connection,
                                std::string_view action) {
  return identity::audit(connection, call.who,
                         {.action = action, .object = "user", .object_id = call.who.user_id.value},
                         call.now());
}

Result<Answer> begin_second_factor(const Call& call, const Hasher& hasher) {
  if (auto refused = TRY(unproved(call, hasher, {}))) return *std::move(refused);
  const auto enrolment = TRY(call.services.database.write_value(
      db::Priority::web, [&](db::Connection& connection) -> Result<identity::TotpEnrolment> {
        const auto organisation = TRY(identity::find_organisation(connection, call.organisation()));
        TRY(tell_second_factor(call, connection, "user.begin_second_factor"));
        return identity::begin_totp(connection, call.who.user_id, organisation.name, call.now());
      }));
  json::array codes;
  for (const std::string& code : enrolment.recovery_codes) codes.emplace_back(code);
  return Answer::created(json::object{
      {"secret", enrolment.secret}, {"url", enrolment.url}, {"recovery_codes", std::move(codes)}});
}

Result<Answer> confirm_second_factor(const Call& call) {
  TRY(need_session(call));
  TRY(call.services.database.write(
      db::Priority::web, [&](db::Connection& connection) -> Result<void> {
        TRY(identity::confirm_totp(connection, call.who.user_id, text_in(call.body, "code"),
                                   call.now()));
        return tell_second_factor(call, connection, "user.confirm_second_factor");
      }));
  return Answer::no_content();
}

Result<Answer> remove_second_factor(const Call& call, const Hasher& hasher) {
  if (auto refused = TRY(unproved(call, hasher, text_in(call.body, "code")))) {
    return *std::move(refused);
  }
  TRY(call.services.database.write(
      db::Priority::web, [&](db::Connection& connection) -> Result<void> {
        TRY(identity::remove_totp(connection, call.who.user_id));
        return tell_second_factor(call, connection, "user.remove_second_factor");
      }));
  return Answer::no_content();
}

Result<Answer> redeem_password_link(const Call& call, const Hasher& hasher) {
  TRY(check_sign_in_is_safe(call.request, call.services.public_url));
  TRY(check_same_site(call.request, call.services.public_url, false));
  TRY(sign_in_of(call, hasher)
          .redeem_link(text_in(call.body, "secret"), text_in(call.body, "password")));
  return Answer::no_content();
}

json::object workplace_json(const identity::Workspace& each) {
  return {{"organisation_id", to_text(each.organisation_id)},
          {"organisation", each.organisation},
          {"role", identity::to_string(each.role)}};
}

Result<Answer> list_organisations(const Call& call) {
  const auto found = TRY(call.services.database.read_value(
      [&](db::Connection& connection) -> Result<std::vector<identity::Workspace>> {
        if (call.who.user_id.valid() && !call.who.token_id.valid()) {
          return identity::workspaces_of(connection, call.who.user_id);
        }
        // A token, or the shell: works in one.
        const auto organisation = TRY(identity::find_organisation(connection, call.organisation()));
        identity::Role role = identity::Role::owner;
        if (call.who.user_id.valid()) {
          role = TRY(identity::find_member(connection, call.organisation(), call.who.user_id)).role;
        }
        return std::vector{identity::Workspace{organisation.id, organisation.name, role}};
      }));
  json::array items;
  for (const auto& each : found) items.push_back(workplace_json(each));
  return Answer::ok(list_answer(std::move(items), ""));
}

Result<Answer> create_organisation(const Call& call) {
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    const auto present = TRY(identity::find_organisation(connection, call.organisation()));
    if (call.who.user_id.valid()) {
      const auto mine = TRY(identity::workspaces_of(connection, call.who.user_id));
      if (mine.size() >= kOrganisationsMax) {
        return fail(ErrorKind::limit, "organisation.too_many",
                    "You work in 100 organisations already, which is the most.");
      }
    }
    identity::Organisation made;
    made.id = call.services.ids.next<OrganisationId>();
    made.name = text_in(call.body, "name");
    const json::object& body = call.body.as_object();
    made.locale = body.contains("locale") ? text_in(call.body, "locale") : present.locale;
    made.time_zone =
        body.contains("time_zone") ? text_in(call.body, "time_zone") : present.time_zone;
    made.postal_address = text_in(call.body, "postal_address");
    TRY(identity::create_organisation(connection, made, call.now()));
    // Checks what create does not: name and time zone.
    TRY(identity::change_organisation(connection, made));
    if (call.who.user_id.valid()) {
      TRY(identity::add_member(connection, made.id, call.who.user_id, identity::Role::owner,
                               call.now()));
    }
    identity::Principal there = call.who;
    there.organisation_id = made.id;
    TRY(identity::audit(connection, there,
                        {.action = "organisation.create",
                         .object = "organisation",
                         .object_id = made.id.value,
                         .note = made.name,
                         .after = made.name},
                        call.now()));
    return Answer::created(workplace_json({made.id, made.name, identity::Role::owner}));
  });
}

}  // namespace

Result<Answer> start_browser_session(const Call& call, identity::PasswordHasher& hasher) {
  const Origin origin(call);
  identity::SignIn sign_in(call.services.database, call.services.ids, call.services.clock, hasher);
  const auto organisation = parse_id(text_in(call.body, "organisation_id"));
  const auto outcome = TRY(sign_in.sign_in(
      {text_in(call.body, "email"), text_in(call.body, "password"),
       OrganisationId{organisation.value_or(0)}, origin.view(), text_in(call.body, "code")}));
  if (auto refused = refusal(outcome, "The e-mail address or the password is wrong.")) {
    return *std::move(refused);
  }
  auto body = TRY(
      call.services.database.read_value([&](db::Connection& connection) -> Result<json::object> {
        const auto found =
            TRY(identity::find_session(connection, outcome.session.secret, call.now()));
        if (!found) {
          return fail(ErrorKind::conflict, "session.ended", "Signed out in the same moment.");
        }
        return session_json(connection, found->who);
      }));
  return Answer::created(std::move(body))
      .with("Set-Cookie",
            set_session_cookie(outcome.session.secret, outcome.session.expires_at - call.now()));
}

void add_session_handlers(Registry& registry, const Hasher& hasher) {
  registry.answer("getSession", get_session);
  registry.answer("signIn", [hasher](const Call& call) { return sign_in(call, hasher); });
  registry.answer("changeSession", change_session);
  registry.answer("signOut", sign_out);
  registry.answer("listSessions", list_sessions);
  registry.answer("endSession", end_session);
  registry.answer("getProfile", get_profile);
  registry.answer("changeProfile",
                  [hasher](const Call& call) { return change_profile(call, hasher); });
  registry.answer("changePassword",
                  [hasher](const Call& call) { return change_password(call, hasher); });
  registry.answer("getSecondFactor", get_second_factor);
  registry.answer("beginSecondFactor",
                  [hasher](const Call& call) { return begin_second_factor(call, hasher); });
  registry.answer("confirmSecondFactor", confirm_second_factor);
  registry.answer("removeSecondFactor",
                  [hasher](const Call& call) { return remove_second_factor(call, hasher); });
  registry.answer("redeemPasswordLink",
                  [hasher](const Call& call) { return redeem_password_link(call, hasher); });
  registry.answer("listOrganisations", list_organisations);
  registry.answer("createOrganisation", create_organisation);
}

}  // namespace tidings::api
