// "Did it arrive?" (B11): one question for a name, an address or a number. Operation:
// spec/api/arrivals.yaml.
#pragma once

#include "edge/api/call.h"

namespace tidings::api {

void add_arrival_handlers(Registry& registry);

}  // namespace tidings::api
