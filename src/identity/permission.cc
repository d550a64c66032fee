#include "identity/permission.h"

#include <array>

namespace tidings::identity {

namespace {

constexpr std::array<std::string_view, kPermissionCount> kWords = {
    "contacts:read",      "contacts:write",       "contacts:export",    "contacts:erase",
    "content:read",       "content:write",        "campaigns:read",     "campaigns:write",
    "campaigns:send",     "messages:send",        "senders:override",   "preflight:override",
    "record:read",        "record:delete",        "record:purge",       "suppressions:read",
    "suppressions:write", "suppressions:release", "organisation:write", "users:write",
    "audit:read",
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

}  // namespace tidings::identity
