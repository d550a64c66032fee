// Campaign control: the steps of a campaign's life that a person takes (start, schedule, stop,
// release, pause, resume, abort), and the one that time takes (come due).
//
// Each is one function within the caller's write transaction: what it decides is durable with the
// commit or did not happen, also under kill -9, and of two callers at once one succeeds. The runner
// sees the new state at its next round; wake it after the commit.
// Starting freezes the draft into a content version; until then nothing of it is promised.
// Thread: any, one Connection each.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "compose/campaigns.h"
#include "compose/finding.h"
#include "compose/senders.h"
#include "db/connection.h"
#include "delivery/ledger.h"
#include "domain/wall_time.h"
#include "identity/organisation_settings.h"
#include "identity/organisations.h"
#include "identity/secret_box.h"

namespace tidings::compose {

// What control works with, besides its Connection. Borrows but for the values.
struct ControlContext {
  IdSource& ids;
  const identity::SecretBox& secrets;
  identity::Organisation organisation;
  identity::OrganisationSettings settings;
  std::int64_t attachment_bytes_max = 0;  // encoded; 0: no limit
};
// With the organisation and its settings as they are now.
Result<ControlContext> control_context(db::Connection& connection, IdSource& ids,
                                       const identity::SecretBox& secrets,
                                       OrganisationId organisation,
                                       std::int64_t attachment_bytes_max);

// On whose behalf.
struct Starter {
  std::string name;    // for "sent by"
  bool waits = false;  // for second thoughts (P24): a start from a screen
  SenderOverride sender_override = SenderOverride::not_permitted;
  bool may_override_findings = false;  // wants, and may, send in spite of a blocking one (P14)
  bool is_test = false;                // a test token: everything goes to the sandbox
};

struct Schedule {
  std::string local;  // domain/wall_time.h
  std::string zone;
  Fold fold = Fold::earlier;
};

// The instant it stands for. Errors: schedule.past (invalid) and those of resolve_wall_time().
Result<ResolvedTime> resolve_schedule(const Schedule& schedule, Instant now);

// Everything start_campaign_now() would refuse or hold. Changes nothing. Errors:
// campaign.not_found, and those of the database.
Result<std::vector<Finding>> check_campaign(db::Connection& connection,
                                            const ControlContext& context, CampaignId id,
                                            Instant now);

// Begins at once, or after the organisation's second thought. A sender that is not verified, or
// more people than the organisation's limit allows, holds it (P6) or refuses it (P19).
// Errors: campaign.not_found, campaign.state; campaign.not_ready (invalid) and those of compiling
// the draft; audience.over_limit; campaign.no_transport (conflict).
Result<Campaign> start_campaign_now(db::Connection& connection, const ControlContext& context,
                                    CampaignId id, const Starter& starter, Instant now);
// Also those of resolve_schedule().
Result<Campaign> schedule_campaign(db::Connection& connection, const ControlContext& context,
                                   CampaignId id, const Starter& starter, const Schedule& schedule,
                                   Instant now);
// Takes a schedule, a second thought or a hold back: a draft again.
Result<Campaign> stop_campaign(db::Connection& connection, OrganisationId organisation,
                               CampaignId id, Instant now);
// A held one begins. Error: sender.unverified (conflict) where the hold's cause is still there and
// `starter` may not override it.
Result<Campaign> release_campaign(db::Connection& connection, const ControlContext& context,
                                  CampaignId id, const Starter& starter, Instant now);
Result<Campaign> pause_campaign(db::Connection& connection, OrganisationId organisation,
                                CampaignId id, std::string_view reason, Instant now);
Result<Campaign> resume_campaign(db::Connection& connection, OrganisationId organisation,
                                 CampaignId id, Instant now);
Result<Campaign> abort_campaign(db::Connection& connection, OrganisationId organisation,
                                CampaignId id, Instant now);
// Paces and copies of one that has begun. Error: campaign.state when it has ended.
Result<Campaign> change_pace(db::Connection& connection, OrganisationId organisation, CampaignId id,
                             double rate_per_second, const Packages& packages, Instant now);
// One of its messages is to be sent again: an ended campaign runs again.
Result<Campaign> reopen_campaign(db::Connection& connection, OrganisationId organisation,
                                 CampaignId id, Instant now);

// The instant is there: begins, or is held because it is too late or must be looked at. Does
// nothing when it is not scheduled any more.
Result<void> come_due(db::Connection& connection, const delivery::Ledger& ledger, IdSource& ids,
                      OrganisationId organisation, CampaignId id, Instant now);

// Where this organisation's messages leave: its default transport; the sandbox for a test.
// Error: campaign.no_transport (conflict).
Result<TransportId> sending_transport(db::Connection& connection, const ControlContext& context,
                                      bool is_test, Instant now);
// The default one alone: the same where it is no test.
Result<TransportId> default_transport(db::Connection& connection, OrganisationId organisation);

}  // namespace tidings::compose
