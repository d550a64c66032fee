// Imports: spec/api/imports.yaml.
#pragma once

#include "edge/api/call.h"

namespace tidings::api {

void add_import_handlers(Registry& registry);

}  // namespace tidings::api
