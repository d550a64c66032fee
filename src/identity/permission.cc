#include "identity/permission.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace tidings::identity {

namespace {

constexpr std::array<std::string_view, kPermissionCount> kWords = {
    "contacts:read",      "contacts:write",       "contacts:export",    "contacts:erase",
    "content:read",       "content:write",        "campaigns:read",     "campaigns:write",
    "campaigns:send",     "messages:send",        "senders:override",   "preflight:override",
    "record:read",        "record:delete",        "record:purge",       "suppressions:read",
    "suppressions:write", "suppressions:release", "organisation:write", "users:write",
    "audit:read",         "topics:essential",     "preferences:write",
};

}  // namespace

std::string_view to_string(Permission permission) {
  return kWords.at(static_cast<std::size_t>(permission));
}

std::optional<Permission> parse_permission(std::string_view word) {
  for (std::size_t i = 0; i < kWords.size(); ++i) {
    if (kWords[i] == word) return static_cast<Permission>(i);
  }
  return std::nullopt;
}

Result<void> require(const Principal& who, Permission permission) {
  if (allows(who, permission)) return {};
  return fail(ErrorKind::denied, "policy.denied",
              fmt::format("This needs the permission {}. Ask an administrator of the organisation "
                          "for it.",
                          to_string(permission)));
}

Principal local_principal(OrganisationId organisation) {
  Principal who;
  who.organisation_id = organisation;
  who.name = "command line";
  who.permissions = PermissionSet::all();
  return who;
}

std::string to_text(PermissionSet permissions) {
  std::string words;
  for (int i = 0; i < kPermissionCount; ++i) {
    const auto one = static_cast<Permission>(i);
    if (!permissions.has(one)) continue;
    if (!words.empty()) words += ' ';
    words += to_string(one);
  }
  return words;
}

std::optional<PermissionSet> parse_permissions(std::string_view words) {
  PermissionSet set;
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    if (end > 0) {
      const auto one = parse_permission(words.substr(0, end));
      if (!one) return std::nullopt;
      set.add(*one);
    }
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return set;
}

}  // namespace tidings::identity
