// What a message tracks: what the organisation allows, and what the draft says.
// Thread: any; the connection's.
#pragma once

#include "base/id.h"
#include "base/result.h"
#include "compose/draft.h"
#include "db/connection.h"
#include "delivery/email_content.h"
#include "domain/campaign.h"

namespace tidings::compose {

// Adds the draft's UTM parameters to `content.html`, and works out what of it is tracked: nothing
// where the organisation's mode is off, nothing of tests and copies, of other messages what the
// draft says; of campaigns, unless it says otherwise, opens and clicks.
Result<void> add_tracking(db::Connection& connection, OrganisationId organisation,
                          const DraftTracking& wanted, MessageKind kind,
                          delivery::EmailContent& content);

}  // namespace tidings::compose
