// Operations of spec/api/content.yaml: mail servers.
#pragma once

#include "edge/api/call.h"

namespace tidings::api {

void add_transport_handlers(Registry& registry);

}  // namespace tidings::api
