// Roles: what a member of an organisation may do, from the least to the most.
//
// - viewer: read contacts, content, campaigns, the record and suppressions;
// - author: as viewer; write content and campaign drafts, which others send;
// - editor: as author; write and export contacts, send campaigns and messages, add suppressions;
// - administrator: as editor; erase contacts, release suppressions, override senders and checks,
//   make topics essential, choose in a contact's name, delete from the history, the organisation,
//   users, tokens, the audit log;
// - owner: everything: also purge the history, and make, change or remove owners.
//
// Nobody gives or takes a role above their own (may_manage). Stored by word. Thread: values, any.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "identity/permission.h"

namespace tidings::identity {

enum class Role : std::uint8_t { viewer, author, editor, administrator, owner };
inline constexpr std::array kRoles = {Role::owner, Role::administrator, Role::editor, Role::author,
                                      Role::viewer};

std::string_view to_string(Role role);
std::optional<Role> parse_role(std::string_view word);
// What it is for, in a sentence.
std::string_view describe(Role role);
PermissionSet permissions_of(Role role);

// Whether somebody with these permissions may give, change or take `role`: only who has all that
// the role allows, so that nobody raises themselves or unseats somebody above them.
inline bool may_manage(PermissionSet mine, Role role) {
  const PermissionSet theirs = permissions_of(role);
  return mine.has(Permission::users_write) && (mine & theirs) == theirs;
}

}  // namespace tidings::identity
