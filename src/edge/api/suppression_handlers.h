// Suppressions: spec/api/suppressions.yaml.
#pragma once

#include "edge/api/call.h"

namespace tidings::api {

void add_suppression_handlers(Registry& registry);

}  // namespace tidings::api
