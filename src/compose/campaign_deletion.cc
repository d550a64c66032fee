#include "compose/campaign_deletion.h"

#include "delivery/message_deletion.h"
#include "domain/campaign.h"

namespace tidings::compose {

namespace {

constexpr db::Statement kState{"campaign.state_with_deleted",
                               "SELECT state FROM campaign WHERE organisation_id = $1 AND id = $2"};
constexpr db::Statement kHide{
    "campaign.hide",
    "UPDATE campaign SET deleted_at = $3 WHERE organisation_id = $1 AND id = $2"
    " AND deleted_at IS NULL"};
constexpr db::Statement kUnhide{
    "campaign.unhide",
    "UPDATE campaign SET deleted_at = NULL WHERE organisation_id = $1 AND id = $2"
    " AND state IN (4, 5, 6)"};

std::unexpected<Error> not_found(CampaignId id) {
  return fail(ErrorKind::not_found, "campaign.not_found",
              "There is no campaign " + to_text(id) + ".");
}

}  // namespace

Result<void> hide_campaign(db::Connection& connection, OrganisationId organisation, CampaignId id,
                           Instant now) {
  const auto state = TRY(connection.query_first(kState, {organisation, id}, [](const db::Row& row) {
    return static_cast<CampaignState>(row.integer(0));
  }));
  if (!state) return not_found(id);
  if (*state == CampaignState::draft || is_open(*state)) {
    return fail(ErrorKind::conflict, "campaign.not_ended",
                "This campaign has not ended. Abort it, or wait until it is done, and then delete "
                "it from the history.");
  }
  TRY(connection.execute(kHide, {organisation, id, now}));
  return {};
}

Result<void> unhide_campaign(db::Connection& connection, OrganisationId organisation,
                             CampaignId id) {
  if (TRY(delivery::find_tombstone(connection, organisation, delivery::Purged::campaign,
                                   id.value))) {
    return fail(ErrorKind::conflict, "campaign.purged",
                "This campaign's messages were removed for good: there is nothing left to show.");
  }
  if (TRY(connection.execute(kUnhide, {organisation, id})) == 0) return not_found(id);
  return {};
}

Result<void> begin_campaign_purge(db::Connection& connection, OrganisationId organisation,
                                  CampaignId id, std::string_view who, std::string_view reason,
                                  Instant now) {
  TRY(hide_campaign(connection, organisation, id, now));
  return delivery::record_purge(connection, organisation, delivery::Purged::campaign, id.value, who,
                                reason, now);
}

}  // namespace tidings::compose
