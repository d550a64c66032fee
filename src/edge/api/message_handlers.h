// Messages that belong to no campaign, and what can be done with one message
// (spec/api/messages.yaml).
#pragma once

#include "edge/api/call.h"

namespace tidings::api {

void add_message_handlers(Registry& registry);

}  // namespace tidings::api
