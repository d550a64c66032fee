#include "identity/roles.h"

namespace tidings::identity {
namespace {

using enum Permission;

constexpr PermissionSet plus(PermissionSet set, std::initializer_list<Permission> more) {
  for (const auto one : more) set.add(one);
  return set;
}

constexpr PermissionSet kViewer{contacts_read, content_read, campaigns_read, record_read,
                                suppressions_read};
constexpr PermissionSet kAuthor = plus(kViewer, {content_write, campaigns_write});
constexpr PermissionSet kEditor = plus(
    kAuthor, {contacts_write, contacts_export, campaigns_send, messages_send, suppressions_write});
constexpr PermissionSet kAdministrator =
    plus(kEditor,
         {contacts_erase, senders_override, preflight_override, record_delete, suppressions_release,
          organisation_write, users_write, audit_read, topics_essential, preferences_write});

}  // namespace

std::string_view to_string(Role role) {
  switch (role) {
    case Role::viewer:
      return "viewer";
    case Role::author:
      return "author";
    case Role::editor:
      return "editor";
    case Role::administrator:
      return "administrator";
    case Role::owner:
      return "owner";
  }
  return "viewer";
}

std::optional<Role> parse_role(std::string_view word) {
  for (const Role role : kRoles) {
    if (to_string(role) == word) return role;
  }
  return std::nullopt;
}

std::string_view describe(Role role) {
  switch (role) {
    case Role::viewer:
      return "Sees contacts, messages and results; changes nothing.";
    case Role::author:
      return "Writes messages and drafts that others send.";
    case Role::editor:
      return "Manages contacts, writes and sends.";
    case Role::administrator:
      return "Everything of an editor, and the organisation's settings, users and tokens.";
    case Role::owner:
      return "Everything, other owners included.";
  }
  return "";
}

PermissionSet permissions_of(Role role) {
  switch (role) {
    case Role::viewer:
      return kViewer;
    case Role::author:
      return kAuthor;
    case Role::editor:
      return kEditor;
    case Role::administrator:
      return kAdministrator;
    case Role::owner:
      return PermissionSet::all();
  }
  return {};
}

}  // namespace tidings::identity
