// Groups: spec/api/groups.yaml.
#pragma once

#include "edge/api/call.h"

namespace tidings::api {

void add_group_handlers(Registry& registry);

}  // namespace tidings::api
