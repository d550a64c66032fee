// Campaigns as the API shows them. Thread: any; pure.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string_view>

#include "compose/campaigns.h"
#include "compose/variants.h"
#include "delivery/ledger.h"

namespace tidings::api {

// Schemas Campaign, CampaignSummary and CampaignProgress.
boost::json::object campaign_json(const compose::Campaign& campaign,
                                  const compose::LocalisedDraft& draft,
                                  const delivery::CampaignFigures& figures);
boost::json::object campaign_summary_json(const compose::Campaign& campaign,
                                          const delivery::CampaignFigures& figures);
boost::json::object progress_json(const compose::Campaign& campaign,
                                  const delivery::CampaignFigures& figures);

}  // namespace tidings::api
