// Webhooks of mail services: where they call us.
#pragma once

#include "edge/api/call.h"

namespace tidings::api {

void add_provider_handlers(Registry& registry);

}  // namespace tidings::api
