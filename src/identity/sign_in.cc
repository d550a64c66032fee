#include "identity/sign_in.h"

#include <algorithm>
#include <optional>

#include "base/bytes.h"
#include "identity/audit.h"
#include "identity/login_throttle.h"
#include "identity/organisations.h"
#include "identity/totp.h"
#include "identity/users.h"

namespace tidings::identity {
namespace {

constexpr std::size_t kSecretBytes = 32;

constexpr db::Statement kInsertLink{
    "password_link.insert",
    "INSERT INTO password_link (id, user_id, organisation_id, secret_hash, created_at, expires_at)"
    " VALUES ($1, $2, $3, $4, $5, $6)"};
constexpr db::Statement kEndLinks{
    "password_link.end",
    "UPDATE password_link SET used_at = $2 WHERE user_id = $1 AND used_at IS NULL"};
struct Link {
  UserId user_id;
  OrganisationId organisation_id;
};
constexpr db::Statement kFindLink{
    "password_link.find",
    "SELECT user_id, organisation_id FROM password_link WHERE secret_hash = $1"
    " AND used_at IS NULL AND expires_at > $2"};

Result<std::optional<Link>> find_link(db::Connection& connection, std::string_view secret,
                                      Instant now) {
  const std::string hash = sha256(secret);
  return connection.query_first(kFindLink, {db::BytesView{hash}, now}, [](const db::Row& row) {
    return Link{row.id<UserId>(0), row.id<OrganisationId>(1)};
  });
}

std::unexpected<Error> no_link() {
  return fail(ErrorKind::not_found, "password_link.invalid",
              "This link was used already or is too old. Ask for a new one.");
}

Principal principal_of(const User& user, OrganisationId organisation) {
  Principal who;
  who.user_id = user.id;
  who.organisation_id = organisation;
  who.name = user.name;
  return who;
}

}  // namespace

SignIn::SignIn(db::Database& database, IdSource& ids, const Clock& clock, PasswordHasher& hasher)
    : database_(database), ids_(ids), clock_(clock), hasher_(hasher) {}

Result<SignInOutcome> SignIn::sign_in(const SignInAttempt& attempt) {
  SignInOutcome outcome;
  std::optional<User> user;
  TRY(database_.write(db::Priority::web, [&](db::Connection& connection) -> Result<void> {
    outcome.wait =
        TRY(begin_login(connection, {attempt.email, attempt.origin.address}, clock_.now()));
    user = TRY(find_user_by_email(connection, attempt.email));
    return {};
  }));
  if (outcome.wait > Duration{}) {
    outcome.kind = SignInOutcome::Kind::throttled;
    return outcome;
  }
  const std::string stored = user ? user->password_hash : "";
  const auto verdict = TRY(hasher_.verify(stored, attempt.password));
  if (!verdict.matches || user->disabled_at) return outcome;
  if (verdict.needs_rehash) {
    const std::string renewed = TRY(hasher_.hash(attempt.password));
    TRY(database_.write(db::Priority::web, [&](db::Connection& connection) {
      return renew_password_hash(connection, user->id, stored, renewed);
    }));
  }
  return finish(attempt, user->id);
}

Result<SignInOutcome> SignIn::finish(const SignInAttempt& attempt, UserId id) {
  SignInOutcome outcome;
  outcome.kind = SignInOutcome::Kind::no_organisation;
  outcome.user_id = id;
  TRY(database_.write(db::Priority::web, [&](db::Connection& connection) -> Result<void> {
    outcome.kind = SignInOutcome::Kind::no_organisation;  // of an earlier run of this work
    if (TRY(totp_state(connection, id)).is_on()) {
      outcome.kind = SignInOutcome::Kind::needs_code;
      if (attempt.code.empty()) return {};
      outcome.kind = SignInOutcome::Kind::wrong_code;
      if (!TRY(use_totp_code(connection, id, attempt.code, clock_.now()))) return {};
      outcome.kind = SignInOutcome::Kind::no_organisation;
    }
    TRY(login_succeeded(connection, {attempt.email, attempt.origin.address}));
    const auto workspaces = TRY(workspaces_of(connection, id));
    outcome.organisation_id = {};  // of an earlier run of this work
    const auto chosen = std::ranges::find_if(workspaces, [&](const Workspace& each) {
      return !attempt.organisation_id.valid() || each.organisation_id == attempt.organisation_id;
    });
    if (chosen == workspaces.end()) return {};
    outcome.organisation_id = chosen->organisation_id;
    outcome.session = TRY(start_session(
        connection, ids_,
        {id, outcome.organisation_id, attempt.origin.address, attempt.origin.user_agent},
        clock_.now()));
    const User user = TRY(find_user(connection, id));
    return audit(connection, principal_of(user, outcome.organisation_id),
                 {.action = "session.start",
                  .object = "session",
                  .object_id = outcome.session.id.value,
                  .note = attempt.origin.address},
                 clock_.now());
  }));
  if (outcome.organisation_id.valid()) outcome.kind = SignInOutcome::Kind::signed_in;
  return outcome;
}

Result<SignInOutcome> SignIn::prove(UserId id, std::string_view present, const SignInOrigin& origin,
                                    std::optional<std::string_view> code) {
  SignInOutcome outcome;
  std::optional<User> user;
  TRY(database_.write(db::Priority::web, [&](db::Connection& connection) -> Result<void> {
    user = TRY(find_user(connection, id));
    outcome.wait = TRY(begin_login(connection, {user->email, origin.address}, clock_.now()));
    return {};
  }));
  outcome.user_id = id;
  if (outcome.wait > Duration{}) {
    outcome.kind = SignInOutcome::Kind::throttled;
    return outcome;
  }
  const auto verdict = TRY(hasher_.verify(user->password_hash, present));
  if (!verdict.matches) return outcome;
  TRY(database_.write(db::Priority::web, [&](db::Connection& connection) -> Result<void> {
    outcome.kind = SignInOutcome::Kind::wrong_code;
    if (code && !TRY(use_totp_code(connection, id, *code, clock_.now()))) return {};
    outcome.kind = SignInOutcome::Kind::signed_in;
    return login_succeeded(connection, {user->email, origin.address});
  }));
  return outcome;
}

Result<SignInOutcome> SignIn::prove_password(const Principal& who, std::string_view present,
                                             const SignInOrigin& origin,
                                             std::optional<std::string_view> code) {
  return prove(who.user_id, present, origin, code);
}

Result<SignInOutcome> SignIn::change_password(const Principal& who, std::string_view present,
                                              std::string_view wanted, const SignInOrigin& origin) {
  auto outcome = TRY(prove(who.user_id, present, origin));
  if (outcome.kind != SignInOutcome::Kind::signed_in) return outcome;
  const std::string hash = TRY(hash_for(who.user_id, wanted, who.organisation_id));
  outcome.organisation_id = who.organisation_id;
  TRY(database_.write(db::Priority::web, [&](db::Connection& connection) -> Result<void> {
    const Instant now = clock_.now();
    TRY(set_password_hash(connection, who.user_id, hash, now));
    if (who.session_id.valid()) {
      outcome.session = TRY(start_session(
          connection, ids_, {who.user_id, who.organisation_id, origin.address, origin.user_agent},
          now));
    }
    return audit(
        connection, who,
        {.action = "user.change_password", .object = "user", .object_id = who.user_id.value}, now);
  }));
  return outcome;
}

Result<void> SignIn::set_password(UserId user, std::string_view wanted,
                                  OrganisationId organisation) {
  const std::string hash = TRY(hash_for(user, wanted, organisation));
  return database_.write(db::Priority::web, [&](db::Connection& connection) -> Result<void> {
    const User found = TRY(find_user(connection, user));
    TRY(forgive_account(connection, found.email));
    return set_password_hash(connection, user, hash, clock_.now());
  });
}

Result<UserId> SignIn::redeem_link(std::string_view secret, std::string_view wanted) {
  const auto link = TRY(database_.read_value(
      [&](db::Connection& connection) { return find_link(connection, secret, clock_.now()); }));
  if (!link) return no_link();
  const std::string hash = TRY(hash_for(link->user_id, wanted, link->organisation_id));
  TRY(database_.write(db::Priority::web, [&](db::Connection& connection) -> Result<void> {
    const Instant now = clock_.now();
    // Asked again: two may redeem it at once.
    if (!TRY(find_link(connection, secret, now))) return no_link();
    const User user = TRY(find_user(connection, link->user_id));
    TRY(forgive_account(connection, user.email));
    TRY(set_password_hash(connection, user.id, hash, now));
    return audit(connection, principal_of(user, link->organisation_id),
                 {.action = "user.redeem_link", .object = "user", .object_id = user.id.value}, now);
  }));
  return link->user_id;
}

Result<std::string> SignIn::hash_for(UserId id, std::string_view wanted,
                                     OrganisationId organisation) {
  User user;
  std::string organisation_name;
  TRY(database_.read([&](db::Connection& connection) -> Result<void> {
    user = TRY(find_user(connection, id));
    organisation_name = TRY(find_organisation(connection, organisation)).name;
    return {};
  }));
  TRY(check_password(wanted, {user.email, user.name, organisation_name}));
  return hasher_.hash(wanted);
}

Result<PasswordLink> create_password_link(db::Connection& connection, IdSource& ids, UserId user,
                                          OrganisationId organisation, Duration lasts,
                                          Instant now) {
  TRY(connection.execute(kEndLinks, {user, now}));
  PasswordLink link;
  link.secret = to_base64url(random_bytes(kSecretBytes));
  link.expires_at = now + lasts;
  const std::string hash = sha256(link.secret);
  TRY(connection.execute(
      kInsertLink, {ids.next(), user, organisation, db::BytesView{hash}, now, link.expires_at}));
  return link;
}

Result<std::optional<UserId>> find_password_link(db::Connection& connection,
                                                 std::string_view secret, Instant now) {
  const auto link = TRY(find_link(connection, secret, now));
  if (!link) return std::nullopt;
  return link->user_id;
}

}  // namespace tidings::identity
