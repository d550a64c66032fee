// The queue: what waits, and steering it (spec/api/queue.yaml).
#pragma once

#include "edge/api/call.h"

namespace tidings::api {

void add_queue_handlers(Registry& registry);

}  // namespace tidings::api
