// Deleting campaigns from the history (P38): hiding, which can be undone, and purging, which
// cannot. A hidden campaign's messages are hidden with it. Totals stay.
// Thread: any, one Connection each, within a write transaction of the caller.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"

namespace tidings::compose {

// Errors: campaign.not_found; campaign.not_ended (conflict) for one that is a draft or goes on.
Result<void> hide_campaign(db::Connection& connection, OrganisationId organisation, CampaignId id,
                           Instant now);
// Errors: campaign.not_found; campaign.purged (conflict).
Result<void> unhide_campaign(db::Connection& connection, OrganisationId organisation,
                             CampaignId id);
// Hides it and keeps the tombstone; delivery::purge_some() then removes its messages step by step.
// Errors: as of hide_campaign.
Result<void> begin_campaign_purge(db::Connection& connection, OrganisationId organisation,
                                  CampaignId id, std::string_view who, std::string_view reason,
                                  Instant now);

}  // namespace tidings::compose
