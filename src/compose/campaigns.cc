#include "compose/campaigns.h"

#include <boost/json.hpp>

#include "audience/audience_json.h"

namespace tidings::compose {

namespace {

namespace json = boost::json;

#define TIDINGS_CAMPAIGN_COLUMNS                                                \
  "SELECT organisation_id, id, name, kind, channel, state, content_version_id," \
  " transport_id, audience, options, import_id, expansion_cursor, expanded_at," \
  " created_at, started_at, finished_at FROM campaign "

constexpr db::Statement kInsert{
    "campaign.insert",
    "INSERT INTO campaign (organisation_id, id, name, kind, channel, state, content_version_id,"
    " transport_id, audience, options, import_id, created_at, started_at, changed_at)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $12)"};
constexpr db::Statement kLoad{"campaign.load", TIDINGS_CAMPAIGN_COLUMNS
                              "WHERE organisation_id = $1 AND id = $2 AND deleted_at IS NULL"};
constexpr db::Statement kOpen{"campaign.open", TIDINGS_CAMPAIGN_COLUMNS
                              "WHERE finished_at IS NULL AND state IN (2, 6) ORDER BY state, id"};
constexpr db::Statement kList{"campaign.list", TIDINGS_CAMPAIGN_COLUMNS
                              "WHERE organisation_id = $1 AND deleted_at IS NULL"
                              " ORDER BY id DESC LIMIT $2"};
constexpr db::Statement kCancel{
    "campaign.cancel",
    "UPDATE campaign SET state = 6, changed_at = $1 WHERE organisation_id = $2 AND id = $3"
    " AND finished_at IS NULL AND state <> 6"};
constexpr db::Statement kAdvance{
    "campaign.advance_expansion",
    "UPDATE campaign SET expansion_cursor = $1, expanded_at = $2, changed_at = $3"
    " WHERE organisation_id = $4 AND id = $5 AND expansion_cursor = $6 AND expanded_at IS NULL"
    " AND state = 2"};
constexpr db::Statement kFinish{"campaign.finish",
                                "UPDATE campaign SET state = $1, finished_at = $2, changed_at = $2"
                                " WHERE organisation_id = $3 AND id = $4 AND finished_at IS NULL"};

std::string options_text(const Campaign& campaign) {
  json::object object;
  object["rate_per_second"] = campaign.rate_per_second;
  return json::serialize(object);
}

double read_rate(std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  if (error || !value.is_object()) return 0;
  const json::value* rate = value.get_object().if_contains("rate_per_second");
  return rate != nullptr && rate->is_number() ? rate->to_number<double>(error) : 0;
}

std::optional<Instant> maybe_instant(const db::Row& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(row.instant(column));
}

Campaign read(const db::Row& row) {
  Campaign campaign;
  campaign.organisation_id = row.id<OrganisationId>(0);
  campaign.id = row.id<CampaignId>(1);
  campaign.name = row.string(2);
  campaign.kind = static_cast<MessageKind>(row.integer(3));
  campaign.channel = static_cast<Channel>(row.integer(4));
  campaign.state = static_cast<CampaignState>(row.integer(5));
  campaign.content_version_id = row.id<ContentVersionId>(6);
  campaign.transport_id = row.id<TransportId>(7);
  // A damaged one addresses nobody, and its expansion says so: other campaigns go on.
  campaign.audience = audience::read_stored_audience(row.text(8)).value_or(audience::Audience{});
  campaign.rate_per_second = read_rate(row.text(9));
  campaign.import_id = row.id<ImportId>(10);
  campaign.expansion_cursor = row.string(11);
  campaign.expanded_at = maybe_instant(row, 12);
  campaign.created_at = row.instant(13);
  campaign.started_at = maybe_instant(row, 14);
  campaign.finished_at = maybe_instant(row, 15);
  return campaign;
}

}  // namespace

Result<void> insert_campaign(db::Connection& connection, const Campaign& campaign, Instant now) {
  const std::string audience_text = audience::stored_text(campaign.audience);
  const std::string options = options_text(campaign);
  TRY(connection.execute(
      kInsert, {campaign.organisation_id, campaign.id, campaign.name, int(campaign.kind),
                int(campaign.channel), int(campaign.state), campaign.content_version_id,
                campaign.transport_id, audience_text, options,
                campaign.import_id.valid() ? db::Param(campaign.import_id) : db::Param(), now}));
  return {};
}

Result<Campaign> load_campaign(db::Connection& connection, OrganisationId organisation,
                               CampaignId id) {
  auto found = TRY(connection.query_first(kLoad, {organisation, id}, read));
  if (!found) {
    return fail(ErrorKind::not_found, "campaign.not_found",
                "There is no campaign " + to_text(id) + ". List them with: tidings status");
  }
  return *std::move(found);
}

Result<std::vector<Campaign>> open_campaigns(db::Connection& connection) {
  std::vector<Campaign> campaigns;
  TRY(connection.query(kOpen, {}, [&](const db::Row& row) { campaigns.push_back(read(row)); }));
  return campaigns;
}

Result<std::vector<Campaign>> list_campaigns(db::Connection& connection,
                                             OrganisationId organisation, int limit) {
  std::vector<Campaign> campaigns;
  TRY(connection.query(kList, {organisation, limit},
                       [&](const db::Row& row) { campaigns.push_back(read(row)); }));
  return campaigns;
}

Result<bool> cancel_campaign(db::Connection& connection, OrganisationId organisation, CampaignId id,
                             Instant now) {
  const auto campaign = TRY(load_campaign(connection, organisation, id));
  if (campaign.finished_at || campaign.state == CampaignState::cancelled) return false;
  return TRY(connection.execute(kCancel, {now, organisation, id})) == 1;
}

Result<void> advance_expansion(db::Connection& connection, const Campaign& campaign,
                               const std::string& before, const std::string& after, bool is_last,
                               Instant now) {
  const auto changed =
      TRY(connection.execute(kAdvance, {after, is_last ? db::Param(now) : db::Param(), now,
                                        campaign.organisation_id, campaign.id, before}));
  if (changed == 1) return {};
  return fail(ErrorKind::conflict, "campaign.expanded",
              "The campaign was cancelled, or another node went on with it.");
}

Result<void> finish_campaign(db::Connection& connection, const Campaign& campaign,
                             CampaignState state, Instant now) {
  TRY(connection.execute(kFinish, {int(state), now, campaign.organisation_id, campaign.id}));
  return {};
}

}  // namespace tidings::compose
