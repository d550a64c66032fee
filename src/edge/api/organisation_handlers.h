// Operations of spec/api/organisation.yaml.
#pragma once

#include "edge/api/call.h"

namespace tidings::api {

void add_organisation_handlers(Registry& registry);

}  // namespace tidings::api
