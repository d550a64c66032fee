// Operations of spec/api/content.yaml: tags, previews, preflight and tests.
#pragma once

#include "edge/api/call.h"

namespace tidings::api {

void add_preview_handlers(Registry& registry);

}  // namespace tidings::api
