// What a campaign leads to: the same once more, again to those whom it did not reach (P31), and a
// correction that reaches everybody once (B13). Each makes drafts, linked to the campaign they came
// of; nothing is sent before somebody starts them.
// Thread: any, one Connection each: the caller's write transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "audience/audience.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "compose/campaigns.h"
#include "compose/variants.h"
#include "db/connection.h"

namespace tidings::compose {

// A new draft with the campaign's content, audience and options. Error: campaign.not_found.
Result<Campaign> use_again(db::Connection& connection, IdSource& ids, OrganisationId organisation,
                           CampaignId id, std::string_view by, Instant now);

// A new draft with its content, to those with that outcome: failed, skipped, not_sent or
// not_opened. Errors: campaign.not_found; campaign.still_running (conflict) before it has ended;
// campaign.not_measured (conflict) when nothing tells who opened it.
Result<Campaign> resend(db::Connection& connection, IdSource& ids, OrganisationId organisation,
                        CampaignId id, audience::EarlierOutcome outcome, std::string_view by,
                        Instant now);

struct Correction {
  Campaign remainder;   // the right text, to those who have not got the wrong one
  Campaign correction;  // to those who have it, or may have it: uncertain ones are among them
};
// Aborts the campaign, where it has not ended, and drafts both with `draft`, in all its languages
// (its own content without one). Who is who is settled when the last message of the campaign is:
// the two begin to address people only then, and everybody whom the campaign addressed is in one of
// the two: those whom it had not got to as well. Error: campaign.state for one that never began.
Result<Correction> correct(db::Connection& connection, IdSource& ids, OrganisationId organisation,
                           CampaignId id, const std::optional<LocalisedDraft>& draft,
                           std::string_view by, Instant now);

}  // namespace tidings::compose
