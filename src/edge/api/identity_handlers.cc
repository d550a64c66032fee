#include "edge/api/identity_handlers.h"

#include <boost/json.hpp>

#include "edge/api/json_values.h"

namespace tidings::api {

namespace json = boost::json;

json::array to_json(identity::PermissionSet permissions) {
  json::array words;
  for (int i = 0; i < identity::kPermissionCount; ++i) {
    const auto one = static_cast<identity::Permission>(i);
    if (permissions.has(one)) words.emplace_back(identity::to_string(one));
  }
  return words;
}

void add_identity_handlers(Registry& registry) {
  const auto hasher = std::make_shared<identity::PasswordHasher>();
  add_session_handlers(registry, hasher);
  add_first_visit_handlers(registry, hasher);
  add_user_handlers(registry);
  add_token_handlers(registry);
  add_audit_handlers(registry);
}

json::object second_factor_json(const identity::TotpState& state) {
  return {{"is_on", state.is_on()},
          {"confirmed_at", instant_or_null(state.confirmed_at)},
          {"recovery_codes_left", state.recovery_codes_left}};
}

}  // namespace tidings::api
