// Permissions: what a user's role or an API token's scopes allow, and who asks.
//
// One word per permission, the same in spec/openapi.yaml (x-permission), in a token's scopes and on
// the screen of roles. The policy is one function for every path (API, export, bulk, command line):
// a route names its permission, allows() answers. Thread: values, any.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/result.h"

namespace tidings::identity {

// Stored and configured by word, never by number.
enum class Permission : std::uint8_t {
  contacts_read,         // contacts:read — contacts, groups, segments, fields
  contacts_write,        // contacts:write
  contacts_export,       // contacts:export
  contacts_erase,        // contacts:erase — P42
  content_read,          // content:read — templates, senders, media
  content_write,         // content:write
  campaigns_read,        // campaigns:read
  campaigns_write,       // campaigns:write — drafts
  campaigns_send,        // campaigns:send — start, schedule, pause, abort, resend
  messages_send,         // messages:send — individual and transactional
  senders_override,      // senders:override — send from an unverified sender (P6)
  preflight_override,    // preflight:override — send in spite of a blocking finding (P14)
  record_read,           // record:read — the log, statistics, messages as sent
  record_delete,         // record:delete — hide from the history (P38)
  record_purge,          // record:purge — remove for good, leaving a tombstone (P38)
  suppressions_read,     // suppressions:read
  suppressions_write,    // suppressions:write — add
  suppressions_release,  // suppressions:release — P40
  organisation_write,    // organisation:write — settings, mail servers
  users_write,           // users:write — users, roles, tokens
  audit_read,            // audit:read
  topics_essential,      // topics:essential — make a topic essential, or not (P39)
  preferences_write,     // preferences:write — change a contact's choices in the contact's name
};
inline constexpr int kPermissionCount = 23;

std::string_view to_string(Permission permission);
std::optional<Permission> parse_permission(std::string_view word);

class PermissionSet {
 public:
  constexpr PermissionSet() = default;
  constexpr PermissionSet(std::initializer_list<Permission> permissions) {
    for (const auto one : permissions) bits_ |= bit(one);
  }
  static constexpr PermissionSet all() {
    PermissionSet set;
    set.bits_ = (1U << kPermissionCount) - 1;
    return set;
  }
  constexpr bool has(Permission permission) const { return (bits_ & bit(permission)) != 0; }
  constexpr void add(Permission permission) { bits_ |= bit(permission); }
  // Those in both: a token never allows more than its user may.
  constexpr PermissionSet operator&(PermissionSet other) const {
    PermissionSet set;
    set.bits_ = bits_ & other.bits_;
    return set;
  }
  friend constexpr bool operator==(PermissionSet, PermissionSet) = default;

 private:
  static constexpr std::uint32_t bit(Permission one) { return 1U << static_cast<unsigned>(one); }
  std::uint32_t bits_ = 0;
};

// Who asks, for one organisation: a signed-in user, a program with a token, or the person at this
// machine's own shell (neither id is set, everything is allowed).
struct Principal {
  OrganisationId organisation_id;
  UserId user_id;
  ApiTokenId token_id;
  SessionId session_id;
  std::string name;  // for the audit log and "sent by"
  PermissionSet permissions;
  bool is_test = false;  // a test token: everything happens except that anything leaves
};

inline bool allows(const Principal& who, Permission permission) {
  return who.permissions.has(permission);
}
// allows(), or policy.denied (denied) with a sentence that names the permission.
Result<void> require(const Principal& who, Permission permission);
// The person at this machine's own shell, in one organisation.
Principal local_principal(OrganisationId organisation);

// Permissions as words with one blank between, in the order of Permission; and back, nothing when a
// word is none.
std::string to_text(PermissionSet permissions);
std::optional<PermissionSet> parse_permissions(std::string_view words);

}  // namespace tidings::identity
