// Operations of spec/api/content.yaml: uploaded files.
#pragma once

#include "edge/api/call.h"

namespace tidings::api {

void add_media_handlers(Registry& registry);

}  // namespace tidings::api
