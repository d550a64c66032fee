// Campaigns: one sending to an audience, and its life as stored.
// Thread: any, one Connection each.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "audience/expand.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "domain/campaign.h"

namespace tidings::compose {

struct Campaign {
  OrganisationId organisation_id;
  CampaignId id;
  std::string name;
  MessageKind kind = MessageKind::campaign;
  Channel channel = Channel::email;
  CampaignState state = CampaignState::running;
  ContentVersionId content_version_id;
  TransportId transport_id;
  audience::Audience audience;
  double rate_per_second = 0;  // 0: no limit
  ImportId import_id;          // expansion waits until it has finished
  std::string expansion_cursor;
  std::optional<Instant> expanded_at;
  Instant created_at{};
  std::optional<Instant> started_at;
  std::optional<Instant> finished_at;
};

Result<void> insert_campaign(db::Connection& connection, const Campaign& campaign, Instant now);
// Error: campaign.not_found.
Result<Campaign> load_campaign(db::Connection& connection, OrganisationId organisation,
                               CampaignId id);
// Those with something left to do: running, or cancelled with messages still on their way.
// Of every organisation, oldest first.
Result<std::vector<Campaign>> open_campaigns(db::Connection& connection);
// Newest first, at most `limit`.
Result<std::vector<Campaign>> list_campaigns(db::Connection& connection,
                                             OrganisationId organisation, int limit);
// Stops what is not sent yet; what is sent stays sent. False when it had ended already.
// Error: campaign.not_found.
Result<bool> cancel_campaign(db::Connection& connection, OrganisationId organisation, CampaignId id,
                             Instant now);
// Moves the expansion on from `before`; conflict (campaign.expanded) when another node did.
Result<void> advance_expansion(db::Connection& connection, const Campaign& campaign,
                               const std::string& before, const std::string& after, bool is_last,
                               Instant now);
Result<void> finish_campaign(db::Connection& connection, const Campaign& campaign,
                             CampaignState state, Instant now);

}  // namespace tidings::compose
