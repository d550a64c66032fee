// Operations of spec/api/domains.yaml: sending domains and their keys.
#pragma once

#include "edge/api/call.h"

namespace tidings::api {

void add_domain_handlers(Registry& registry);

}  // namespace tidings::api
