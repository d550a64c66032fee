#include "identity/users.h"

#include <algorithm>

#include "db/nullable.h"
#include "wire/email_address.h"
#include "wire/text_encoding.h"

namespace tidings::identity {
namespace {

constexpr int kMembersMax = 10'000;
constexpr std::size_t kNameMax = 200;

constexpr db::Statement kInsertUser{
    "user.insert",
    "INSERT INTO user_account (id, email, normalised, name, locale, password_hash, created_at,"
    " changed_at) VALUES ($1, $2, $3, $4, $5, '', $6, $6) ON CONFLICT DO NOTHING"};
constexpr db::Statement kFindUser{
    "user.find",
    "SELECT id, email, name, locale, password_hash, created_at, changed_at, disabled_at"
    " FROM user_account WHERE id = $1"};
constexpr db::Statement kFindByEmail{
    "user.find_by_email",
    "SELECT id, email, name, locale, password_hash, created_at, changed_at, disabled_at"
    " FROM user_account WHERE normalised = $1"};
constexpr db::Statement kTakenByOther{
    "user.taken_by_other", "SELECT id FROM user_account WHERE normalised = $1 AND id <> $2"};
constexpr db::Statement kChangeProfile{
    "user.change_profile",
    "UPDATE user_account SET email = $2, normalised = $3, name = $4, locale = $5, changed_at = $6"
    " WHERE id = $1"};
constexpr db::Statement kSetPassword{
    "user.set_password",
    "UPDATE user_account SET password_hash = $2, password_changed_at = $3, changed_at = $3"
    " WHERE id = $1"};
constexpr db::Statement kRenewPassword{
    "user.renew_password",
    "UPDATE user_account SET password_hash = $3 WHERE id = $1 AND password_hash = $2"};
constexpr db::Statement kDisableUser{
    "user.disable", "UPDATE user_account SET disabled_at = $2, changed_at = $2 WHERE id = $1"};
constexpr db::Statement kEnableUser{
    "user.enable", "UPDATE user_account SET disabled_at = NULL, changed_at = $2 WHERE id = $1"};
constexpr db::Statement kAnyUser{"user.any", "SELECT 1 FROM user_account LIMIT 1"};

constexpr db::Statement kEndSessions{"session.end_of_user",
                                     "DELETE FROM session WHERE user_id = $1"};
constexpr db::Statement kEndSessionsHere{
    "session.end_of_member", "DELETE FROM session WHERE user_id = $1 AND organisation_id = $2"};
constexpr db::Statement kUseLinks{
    "password_link.use_all",
    "UPDATE password_link SET used_at = $2 WHERE user_id = $1 AND used_at IS NULL"};
constexpr db::Statement kRevokeTokensHere{
    "api_token.revoke_of_member",
    "UPDATE api_token SET revoked_at = $3 WHERE user_id = $1 AND organisation_id = $2"
    " AND revoked_at IS NULL"};

constexpr db::Statement kInsertMember{
    "membership.insert",
    "INSERT INTO membership (organisation_id, user_id, role, created_at, changed_at)"
    " VALUES ($1, $2, $3, $4, $4) ON CONFLICT DO NOTHING"};
constexpr db::Statement kCountMembers{"membership.count",
                                      "SELECT COUNT(*) FROM membership WHERE organisation_id = $1"};
constexpr db::Statement kMembers{
    "membership.list",
    "SELECT u.id, u.email, u.name, u.locale, u.password_hash <> '', u.created_at, u.changed_at,"
    " u.disabled_at, m.role, m.created_at, m.changed_at, m.disabled_at,"
    " (SELECT MAX(s.used_at) FROM session s WHERE s.user_id = u.id AND s.organisation_id = $1)"
    " FROM membership m JOIN user_account u ON u.id = m.user_id WHERE m.organisation_id = $1"
    " AND (u.name, u.id) > (CAST($2 AS TEXT), CAST($3 AS BIGINT))"
    " ORDER BY u.name, u.id LIMIT $4"};
constexpr db::Statement kMember{
    "membership.find",
    "SELECT u.id, u.email, u.name, u.locale, u.password_hash <> '', u.created_at, u.changed_at,"
    " u.disabled_at, m.role, m.created_at, m.changed_at, m.disabled_at,"
    " (SELECT MAX(s.used_at) FROM session s WHERE s.user_id = u.id AND s.organisation_id = $1)"
    " FROM membership m JOIN user_account u ON u.id = m.user_id WHERE m.organisation_id = $1"
    " AND m.user_id = $2"};
constexpr db::Statement kChangeRole{
    "membership.change_role",
    "UPDATE membership SET role = $3, changed_at = $4 WHERE organisation_id = $1 AND user_id = $2"};
constexpr db::Statement kDisableMember{
    "membership.disable",
    "UPDATE membership SET disabled_at = $3, changed_at = $3 WHERE organisation_id = $1"
    " AND user_id = $2 AND disabled_at IS NULL"};
constexpr db::Statement kEnableMember{
    "membership.enable",
    "UPDATE membership SET disabled_at = NULL, changed_at = $3 WHERE organisation_id = $1"
    " AND user_id = $2"};
constexpr db::Statement kRemoveMember{
    "membership.remove", "DELETE FROM membership WHERE organisation_id = $1 AND user_id = $2"};
// Changes of owners wait for each other here, so that two cannot each think the other stays
// (write skew under REPEATABLE READ).
constexpr db::Statement kLockOrganisation{"organisation.lock",
                                          "UPDATE organisation SET name = name WHERE id = $1"};
constexpr db::Statement kOtherOwners{
    "membership.other_owners",
    "SELECT COUNT(*) FROM membership m JOIN user_account u ON u.id = m.user_id"
    " WHERE m.organisation_id = $1 AND m.user_id <> $2 AND m.role = 'owner'"
    " AND m.disabled_at IS NULL AND u.disabled_at IS NULL"};
constexpr db::Statement kWorkspaces{
    "membership.of_user",
    "SELECT m.organisation_id, o.name, m.role FROM membership m"
    " JOIN organisation o ON o.id = m.organisation_id"
    " WHERE m.user_id = $1 AND m.disabled_at IS NULL ORDER BY m.created_at, m.organisation_id"};
constexpr db::Statement kElsewhere{
    "membership.elsewhere",
    "SELECT 1 FROM membership WHERE user_id = $1 AND organisation_id <> $2 LIMIT 1"};
constexpr db::Statement kOwned{
    "membership.owned",
    "SELECT organisation_id FROM membership WHERE user_id = $1 AND role = 'owner'"
    " AND disabled_at IS NULL ORDER BY organisation_id"};

User read_user(const db::Row& row) {
  User user;
  user.id = row.id<UserId>(0);
  user.email = row.string(1);
  user.name = row.string(2);
  user.locale = row.string(3);
  user.password_hash = row.string(4);
  user.created_at = row.instant(5);
  user.changed_at = row.instant(6);
  user.disabled_at = maybe_instant(row, 7);
  return user;
}

Member read_member(const db::Row& row) {
  Member member;
  member.user.id = row.id<UserId>(0);
  member.user.email = row.string(1);
  member.user.name = row.string(2);
  member.user.locale = row.string(3);
  member.has_password = row.boolean(4);
  member.user.created_at = row.instant(5);
  member.user.changed_at = row.instant(6);
  member.user.disabled_at = maybe_instant(row, 7);
  member.role = parse_role(row.text(8)).value_or(Role::viewer);
  member.joined_at = row.instant(9);
  member.changed_at = row.instant(10);
  member.disabled_at = maybe_instant(row, 11);
  if (!member.disabled_at) member.disabled_at = member.user.disabled_at;
  member.used_at = maybe_instant(row, 12);
  return member;
}

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Result<void> check_name(std::string_view name) {
  if (name.empty() || name.size() > kNameMax || has_control_character(name) ||
      !wire::is_utf8(name)) {
    return fail(ErrorKind::invalid, "user.name",
                "A person's name has 1 to 200 characters, on one line.");
  }
  return {};
}

Result<void> check_locale(std::string_view locale) {
  const bool is_tag = locale.size() <= 35 && std::ranges::all_of(locale, [](char c) {
                        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                               (c >= '0' && c <= '9') || c == '-';
                      });
  if (is_tag) return {};
  return fail(ErrorKind::invalid, "user.locale", "A language is written like en, nl or nl-BE.");
}

std::unexpected<Error> no_user() {
  return fail(ErrorKind::not_found, "user.not_found", "There is no such user here.");
}

// Refuses when `user` is the only one who can still act as owner.
Result<void> keep_an_owner(db::Connection& connection, OrganisationId organisation, UserId user) {
  TRY(connection.execute(kLockOrganisation, {organisation}));
  const auto others = TRY(connection.query_first(
      kOtherOwners, {organisation, user}, [](const db::Row& row) { return row.integer(0); }));
  if (others.value_or(0) > 0) return {};
  return fail(ErrorKind::conflict, "user.last_owner",
              "This is the organisation's last owner. Make somebody else an owner first.");
}

Result<void> keep_an_owner_unless(db::Connection& connection, OrganisationId organisation,
                                  const Member& member, bool stays_owner) {
  if (member.role != Role::owner || member.disabled_at || stays_owner) return {};
  return keep_an_owner(connection, organisation, member.user.id);
}

Result<void> end_access(db::Connection& connection, OrganisationId organisation, UserId user) {
  TRY(connection.execute(kEndSessionsHere, {user, organisation}));
  return {};
}

}  // namespace

Result<std::string> normalise_user_email(std::string_view typed) {
  const auto address = wire::parse_email_address(typed, wire::DomainRule::any);
  if (!address) return fail(ErrorKind::invalid, "user.email", address.error().message);
  return wire::comparison_key(*address);
}

Result<UserId> create_user(db::Connection& connection, IdSource& ids, const NewUser& user,
                           Instant now) {
  const std::string normalised = TRY(normalise_user_email(user.email));
  const auto address = TRY(wire::parse_email_address(user.email, wire::DomainRule::any));
  const std::string name(user.name.empty() ? address.local_part() : user.name);
  TRY(check_name(name));
  TRY(check_locale(user.locale));
  const auto id = ids.next<UserId>();
  const auto made =
      TRY(connection.execute(kInsertUser, {id, address.typed, normalised, name, user.locale, now}));
  if (made == 0) {
    return fail(ErrorKind::conflict, "user.exists", "Somebody with this address exists already.");
  }
  return id;
}

Result<User> find_user(db::Connection& connection, UserId id) {
  auto found = TRY(connection.query_first(kFindUser, {id}, read_user));
  if (!found) return no_user();
  return *std::move(found);
}

Result<std::optional<User>> find_user_by_email(db::Connection& connection, std::string_view email) {
  const auto normalised = normalise_user_email(email);
  if (!normalised) return std::nullopt;
  return connection.query_first(kFindByEmail, {*normalised}, read_user);
}

Result<void> change_profile(db::Connection& connection, UserId id, const NewUser& user,
                            Instant now) {
  const std::string normalised = TRY(normalise_user_email(user.email));
  const auto address = TRY(wire::parse_email_address(user.email, wire::DomainRule::any));
  TRY(check_name(user.name));
  TRY(check_locale(user.locale));
  const auto other = TRY(connection.query_first(kTakenByOther, {normalised, id},
                                                [](const db::Row& row) { return row.integer(0); }));
  if (other) {
    return fail(ErrorKind::conflict, "user.exists", "Somebody with this address exists already.");
  }
  const auto changed = TRY(connection.execute(
      kChangeProfile, {id, address.typed, normalised, user.name, user.locale, now}));
  if (changed == 0) return no_user();
  return {};
}

Result<void> set_password_hash(db::Connection& connection, UserId id, std::string_view hash,
                               Instant now) {
  if (TRY(connection.execute(kSetPassword, {id, hash, now})) == 0) return no_user();
  TRY(connection.execute(kEndSessions, {id}));
  TRY(connection.execute(kUseLinks, {id, now}));
  return {};
}

Result<void> renew_password_hash(db::Connection& connection, UserId id, std::string_view before,
                                 std::string_view after) {
  TRY(connection.execute(kRenewPassword, {id, before, after}));
  return {};
}

Result<void> disable_user(db::Connection& connection, UserId id, Instant now) {
  const auto user = TRY(find_user(connection, id));
  if (user.disabled_at) return {};
  std::vector<OrganisationId> owned;
  TRY(connection.query(kOwned, {id},
                       [&](const db::Row& row) { owned.push_back(row.id<OrganisationId>(0)); }));
  for (const auto organisation : owned) TRY(keep_an_owner(connection, organisation, id));
  TRY(connection.execute(kDisableUser, {id, now}));
  TRY(connection.execute(kEndSessions, {id}));
  return {};
}

Result<void> enable_user(db::Connection& connection, UserId id, Instant now) {
  if (TRY(connection.execute(kEnableUser, {id, now})) == 0) return no_user();
  return {};
}

Result<std::vector<Member>> list_members(db::Connection& connection, OrganisationId organisation,
                                         const MemberPage& page) {
  std::vector<Member> found;
  TRY(connection.query(kMembers, {organisation, page.after_name, page.after, page.limit},
                       [&](const db::Row& row) { found.push_back(read_member(row)); }));
  return found;
}

Result<Member> find_member(db::Connection& connection, OrganisationId organisation, UserId user) {
  auto found = TRY(connection.query_first(kMember, {organisation, user}, read_member));
  if (!found) return no_user();
  return *std::move(found);
}

Result<void> add_member(db::Connection& connection, OrganisationId organisation, UserId user,
                        Role role, Instant now) {
  const auto members = TRY(connection.query_first(
      kCountMembers, {organisation}, [](const db::Row& row) { return row.integer(0); }));
  if (members.value_or(0) >= kMembersMax) {
    return fail(ErrorKind::limit, "user.too_many",
                "An organisation has at most 10,000 users. Remove those who left.");
  }
  const auto made =
      TRY(connection.execute(kInsertMember, {organisation, user, to_string(role), now}));
  if (made == 0) {
    return fail(ErrorKind::conflict, "user.already_member",
                "This person works in the organisation already.");
  }
  return {};
}

Result<void> change_role(db::Connection& connection, OrganisationId organisation, UserId user,
                         Role role, Instant now) {
  const Member member = TRY(find_member(connection, organisation, user));
  TRY(keep_an_owner_unless(connection, organisation, member, role == Role::owner));
  TRY(connection.execute(kChangeRole, {organisation, user, to_string(role), now}));
  return {};
}

Result<void> disable_member(db::Connection& connection, OrganisationId organisation, UserId user,
                            Instant now) {
  const Member member = TRY(find_member(connection, organisation, user));
  TRY(keep_an_owner_unless(connection, organisation, member, false));
  TRY(connection.execute(kDisableMember, {organisation, user, now}));
  return end_access(connection, organisation, user);
}

Result<void> enable_member(db::Connection& connection, OrganisationId organisation, UserId user,
                           Instant now) {
  if (TRY(connection.execute(kEnableMember, {organisation, user, now})) == 0) return no_user();
  return {};
}

Result<void> remove_member(db::Connection& connection, OrganisationId organisation, UserId user,
                           Instant now) {
  const Member member = TRY(find_member(connection, organisation, user));
  TRY(keep_an_owner_unless(connection, organisation, member, false));
  TRY(connection.execute(kRevokeTokensHere, {user, organisation, now}));
  TRY(connection.execute(kRemoveMember, {organisation, user}));
  return end_access(connection, organisation, user);
}

Result<std::vector<Workspace>> workspaces_of(db::Connection& connection, UserId user) {
  std::vector<Workspace> found;
  TRY(connection.query(kWorkspaces, {user}, [&](const db::Row& row) {
    found.push_back(
        {row.id<OrganisationId>(0), row.string(1), parse_role(row.text(2)).value_or(Role::viewer)});
  }));
  return found;
}

Result<bool> works_elsewhere(db::Connection& connection, UserId user, OrganisationId organisation) {
  const auto found = TRY(connection.query_first(kElsewhere, {user, organisation},
                                                [](const db::Row& row) { return row.integer(0); }));
  return found.has_value();
}

Result<bool> has_users(db::Connection& connection) {
  const auto found =
      TRY(connection.query_first(kAnyUser, {}, [](const db::Row& row) { return row.integer(0); }));
  return found.has_value();
}

}  // namespace tidings::identity
