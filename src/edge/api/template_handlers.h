// Operations of spec/api/content.yaml: templates and their versions.
#pragma once

#include "edge/api/call.h"

namespace tidings::api {

void add_template_handlers(Registry& registry);

}  // namespace tidings::api
