// Segments and audiences in the API (spec/api/segments.yaml). Thread: any.
#pragma once

#include "edge/api/call.h"

namespace tidings::api {

void add_segment_handlers(Registry& registry);

}  // namespace tidings::api
