// Operations of spec/api/content.yaml: senders and their verification.
#pragma once

#include "edge/api/call.h"

namespace tidings::api {

void add_sender_handlers(Registry& registry);

}  // namespace tidings::api
