// Whether the caller sends from a sender that is not verified (P6). Thread: any.
#pragma once

#include <boost/json/object.hpp>

#include "base/result.h"
#include "compose/senders.h"
#include "edge/api/call.h"

namespace tidings::api {

// The member override_sender of the body. Error: sender.override (denied), telling whom to ask.
Result<compose::SenderOverride> sender_override_of(const Call& call,
                                                   const boost::json::object& body);

}  // namespace tidings::api
