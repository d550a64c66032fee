// Which message an event sends: spec/api/triggers.yaml.
#pragma once

#include "edge/api/call.h"

namespace tidings::api {

void add_trigger_handlers(Registry& registry);

}  // namespace tidings::api
