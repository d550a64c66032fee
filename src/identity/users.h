// Users: people who work with the program; and memberships: which organisations they work in, and
// in which role.
//
// An account is global: one address, one name, one password. What an organisation decides about a
// person (role, disabled here, removed) is in the membership and touches no other organisation.
// Every organisation that has an owner keeps one: the last owner that is not disabled can be
// neither demoted, disabled nor removed (user.last_owner, conflict), also when two try it at once.
// Leaving an organisation ends the person's sessions there and revokes their tokens there.
// Who may do it is the caller's question (require, may_manage); so is the audit log.
// Thread: any, one Connection each. Functions that change run in a write transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "identity/roles.h"

namespace tidings::identity {

struct User {
  UserId id;
  std::string email;  // as typed
  std::string name;
  std::string locale;
  std::string password_hash;  // empty: none chosen yet
  Instant created_at{};
  Instant changed_at{};
  std::optional<Instant> disabled_at;
};

struct NewUser {
  std::string_view email;
  std::string_view name;         // 1..200 bytes; empty: what stands before the @
  std::string_view locale = {};  // BCP 47; empty: the organisation's
};

// What accounts are compared by. Error: user.email (invalid).
Result<std::string> normalise_user_email(std::string_view typed);

// Errors: user.email, user.name, user.locale (invalid), user.exists (conflict).
Result<UserId> create_user(db::Connection& connection, IdSource& ids, const NewUser& user,
                           Instant now);
// Error: user.not_found.
Result<User> find_user(db::Connection& connection, UserId id);
// Nothing when nobody has it, or it is no address.
Result<std::optional<User>> find_user_by_email(db::Connection& connection, std::string_view email);

// Name, locale and address. Errors as create_user.
Result<void> change_profile(db::Connection& connection, UserId id, const NewUser& user,
                            Instant now);
// Keeps the hash, ends all of the person's sessions everywhere, and takes back unused links.
Result<void> set_password_hash(db::Connection& connection, UserId id, std::string_view hash,
                               Instant now);
// The same password at another cost: ends nothing.
Result<void> renew_password_hash(db::Connection& connection, UserId id, std::string_view before,
                                 std::string_view after);
// Everywhere, by whoever runs the machine. Errors: user.last_owner.
Result<void> disable_user(db::Connection& connection, UserId id, Instant now);
Result<void> enable_user(db::Connection& connection, UserId id, Instant now);

struct Member {
  User user;  // without password_hash
  Role role = Role::viewer;
  bool has_password = false;
  Instant joined_at{};
  Instant changed_at{};                // of the membership
  std::optional<Instant> disabled_at;  // here, or everywhere
  std::optional<Instant> used_at;      // of the newest session here
};

struct MemberPage {
  std::string_view after_name;  // keyset: name, then id
  UserId after;
  int limit = 50;
};
// By name. Error: user.not_found when the person is no member here.
Result<std::vector<Member>> list_members(db::Connection& connection, OrganisationId organisation,
                                         const MemberPage& page);
Result<Member> find_member(db::Connection& connection, OrganisationId organisation, UserId user);

// Errors: user.already_member (conflict), user.too_many (limit; 10,000 per organisation).
Result<void> add_member(db::Connection& connection, OrganisationId organisation, UserId user,
                        Role role, Instant now);
Result<void> change_role(db::Connection& connection, OrganisationId organisation, UserId user,
                         Role role, Instant now);
Result<void> disable_member(db::Connection& connection, OrganisationId organisation, UserId user,
                            Instant now);
Result<void> enable_member(db::Connection& connection, OrganisationId organisation, UserId user,
                           Instant now);
Result<void> remove_member(db::Connection& connection, OrganisationId organisation, UserId user,
                           Instant now);

struct Workspace {
  OrganisationId organisation_id;
  std::string organisation;
  Role role = Role::viewer;
};
// Where the person may work now, oldest membership first.
Result<std::vector<Workspace>> workspaces_of(db::Connection& connection, UserId user);
// Members in other organisations than this one.
Result<bool> works_elsewhere(db::Connection& connection, UserId user, OrganisationId organisation);
// Whether any account exists at all.
Result<bool> has_users(db::Connection& connection);

}  // namespace tidings::identity
