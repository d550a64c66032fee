// "Freeze now" (P15): writes down whom an audience names, so that groups and segments may change
// until the campaign is sent. Addresses, guardians, "do not contact" and exclusions are looked at
// again when it is sent: nobody gets more than they would have, and who has to be spared is.
//
// One step is one transaction of its caller: rows and cursor together, so it can be killed
// anywhere and go on. expand() uses what is written once the last step is done.
// Thread: as the connection.
#pragma once

#include <cstdint>

#include "audience/expand.h"
#include "base/result.h"
#include "db/connection.h"

namespace tidings::audience {

struct FreezeProgress {
  bool is_finished = false;
  std::int64_t members = 0;  // so far
};

// Looks at up to `limit` more contacts. `request.campaign` is the campaign it is for; the first
// step's `as_of` counts for all. Errors: audience.empty, segment.* and those of db.
Result<FreezeProgress> freeze_step(db::Connection& connection, const ExpandRequest& request,
                                   const Audience& audience, int limit, Instant now);

// Forgets up to `limit` of the members written down; true when none is left. For a campaign that
// was unscheduled, changed, or has been expanded.
Result<bool> thaw_step(db::Connection& connection, OrganisationId organisation, CampaignId campaign,
                       int limit);

}  // namespace tidings::audience
