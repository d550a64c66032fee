// Topics, and what contacts chose to get of them: spec/api/topics.yaml.
#pragma once

#include "edge/api/call.h"

namespace tidings::api {

void add_topic_handlers(Registry& registry);
void add_preference_handlers(Registry& registry);

}  // namespace tidings::api
