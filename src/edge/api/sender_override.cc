#include "edge/api/sender_override.h"

#include <boost/json.hpp>

#include "identity/permission.h"

namespace tidings::api {

using compose::SenderOverride;

Result<SenderOverride> sender_override_of(const Call& call, const boost::json::object& body) {
  const auto* const member = body.if_contains("override_sender");
  const bool is_wanted = member != nullptr && member->is_bool() && member->get_bool();
  const bool is_permitted = identity::allows(call.who, identity::Permission::senders_override);
  if (is_permitted) return is_wanted ? SenderOverride::wanted : SenderOverride::permitted;
  if (!is_wanted) return SenderOverride::not_permitted;
  return fail(ErrorKind::denied, "sender.override",
              "You may not send from a sender that is not verified. Ask somebody who has the "
              "permission senders:override, such as an administrator.");
}

}  // namespace tidings::api
