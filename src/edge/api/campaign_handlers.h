// Campaigns: their drafts, their life and their progress (spec/api/campaigns.yaml).
#pragma once

#include "edge/api/call.h"

namespace tidings::api {

void add_campaign_handlers(Registry& registry);
// How far one is, and as it goes on (campaign_watch.cc).
void add_campaign_watch_handlers(Registry& registry);

}  // namespace tidings::api
