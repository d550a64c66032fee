// The sandbox: what would have gone out (spec/api/sandbox.yaml).
#pragma once

#include "edge/api/call.h"

namespace tidings::api {

void add_sandbox_handlers(Registry& registry);

}  // namespace tidings::api
