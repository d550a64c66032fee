// Operations of spec/api/identity.yaml and first_visit.yaml: sessions, one's own account, users,
// tokens, the audit log.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <memory>

#include "edge/api/call.h"
#include "identity/passwords.h"
#include "identity/totp.h"

namespace tidings::api {

void add_identity_handlers(Registry& registry);

// Its parts. `hasher` is shared: its bound is the whole process's.
void add_session_handlers(Registry& registry,
                          const std::shared_ptr<identity::PasswordHasher>& hasher);
void add_first_visit_handlers(Registry& registry,
                              const std::shared_ptr<identity::PasswordHasher>& hasher);
void add_user_handlers(Registry& registry);
void add_token_handlers(Registry& registry);
void add_audit_handlers(Registry& registry);

// Signs in with the body's email, password, code and organisation_id: the Session and its cookie,
// or the refusal. That the call may be trusted with a cookie was checked before.
Result<Answer> start_browser_session(const Call& call, identity::PasswordHasher& hasher);

boost::json::array to_json(identity::PermissionSet permissions);
boost::json::object second_factor_json(const identity::TotpState& state);

}  // namespace tidings::api
