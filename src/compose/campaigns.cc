#include "compose/campaigns.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cstdint>
#include <utility>

#include "audience/audience_json.h"
#include "base/json_text.h"
#include "db/nullable.h"
#include "domain/campaign_life.h"

namespace tidings::compose {

namespace {

namespace json = boost::json;

#define TIDINGS_CAMPAIGN_COLUMNS                                                              \
  "SELECT organisation_id, id, name, kind, channel, state, content_version_id, transport_id," \
  " audience, options, import_id, expansion_cursor, expanded_at, created_at, started_at,"     \
  " finished_at, sender_id, scheduled_at, schedule_local, schedule_zone, reason, parent_id,"  \
  " parentage, created_by, started_by, is_test, changed_at FROM campaign "

constexpr db::Statement kInsert{
    "campaign.insert",
    "INSERT INTO campaign (organisation_id, id, name, kind, channel, state, content_version_id,"
    " transport_id, audience, options, import_id, created_at, started_at, changed_at, sender_id,"
    " draft, parent_id, parentage, created_by, started_by, is_test, variants)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $12, $14, $15, $16, $17,"
    " $18, $19, $20, $21)"};
constexpr db::Statement kLoad{"campaign.load", TIDINGS_CAMPAIGN_COLUMNS
                              "WHERE organisation_id = $1 AND id = $2 AND deleted_at IS NULL"};
constexpr db::Statement kLoadDraft{"campaign.load_draft",
                                   "SELECT draft, variants FROM campaign WHERE organisation_id = $1"
                                   " AND id = $2 AND deleted_at IS NULL"};
constexpr db::Statement kStoreDraft{
    "campaign.store_draft",
    "UPDATE campaign SET name = $1, audience = $2, options = $3, sender_id = $4,"
    " draft = COALESCE($5, draft), variants = COALESCE($6, variants), changed_at = $7"
    " WHERE organisation_id = $8 AND id = $9 AND state = 0 AND deleted_at IS NULL"};
constexpr db::Statement kStoreLife{
    "campaign.store_life",
    "UPDATE campaign SET state = $1, content_version_id = $2, transport_id = $3, sender_id = $4,"
    " options = $5, scheduled_at = $6, schedule_local = $7, schedule_zone = $8, reason = $9,"
    " started_at = $10, started_by = $11, finished_at = $12, is_test = $13, changed_at = $14"
    " WHERE organisation_id = $15 AND id = $16 AND state = $17 AND deleted_at IS NULL"};
constexpr db::Statement kRemove{
    "campaign.remove",
    "UPDATE campaign SET deleted_at = $1, changed_at = $1, draft = '{}', variants = '[]',"
    " audience = '{}'"
    " WHERE organisation_id = $2 AND id = $3 AND state = 0 AND deleted_at IS NULL"};
constexpr db::Statement kOpen{"campaign.open", TIDINGS_CAMPAIGN_COLUMNS
                              "WHERE finished_at IS NULL AND state IN (2, 3, 6)"
                              " ORDER BY id"};
constexpr db::Statement kDue{"campaign.due", TIDINGS_CAMPAIGN_COLUMNS
                             "WHERE finished_at IS NULL AND state = 1 AND scheduled_at <= $1"
                             " AND deleted_at IS NULL ORDER BY state, id LIMIT 1000"};
constexpr db::Statement kNextDue{"campaign.next_due",
                                 "SELECT MIN(scheduled_at) FROM campaign"
                                 " WHERE finished_at IS NULL AND state = 1"};
constexpr db::Statement kList{
    "campaign.list", TIDINGS_CAMPAIGN_COLUMNS
    "WHERE organisation_id = $1 AND id < $2 AND deleted_at IS NULL"
    " AND (CAST($3 AS BIGINT) IS NULL OR state = $3)"
    " AND (CAST($4 AS BIGINT) IS NULL OR parent_id = $4)"
    " AND ($5 = '' OR lower(name) LIKE '%' || lower($5) || '%' ESCAPE '\\')"
    " ORDER BY organisation_id, id DESC LIMIT $6"};
constexpr db::Statement kAdvance{
    "campaign.advance_expansion",
    "UPDATE campaign SET expansion_cursor = $1, expanded_at = $2, changed_at = $3"
    " WHERE organisation_id = $4 AND id = $5 AND expansion_cursor = $6 AND expanded_at IS NULL"
    " AND state = $7"};
constexpr db::Statement kFinish{"campaign.finish",
                                "UPDATE campaign SET state = $1, finished_at = $2, changed_at = $2"
                                " WHERE organisation_id = $3 AND id = $4 AND finished_at IS NULL"};

std::string options_text(const SendOptions& options) {
  json::object object;
  object["rate_per_second"] = options.rate_per_second;
  if (options.packages.messages > 0) {
    object["packages"] = {{"messages", options.packages.messages},
                          {"seconds", options.packages.seconds}};
  }
  if (!options.copies.to_me.empty()) object["copy_to_me"] = options.copies.to_me;
  if (options.copies.to_organisation) object["copy_to_organisation"] = true;
  if (options.sender_override) object["sender_override"] = true;
  return json::serialize(object);
}

// Written by us: what is missing or of another type has its default.
SendOptions read_options(std::string_view text) {
  SendOptions options;
  const json::value value = parse_json(text);
  if (!value.is_object()) return options;
  const json::object& object = value.get_object();
  const auto flag = [&](std::string_view name) {
    const json::value* found = object.if_contains(name);
    return found != nullptr && found->is_bool() && found->get_bool();
  };
  if (const json::value* rate = object.if_contains("rate_per_second"); rate && rate->is_number()) {
    options.rate_per_second = rate->to_number<double>();
  }
  if (const json::value* packages = object.if_contains("packages");
      packages && packages->is_object()) {
    const auto number = [&](std::string_view name) {
      const json::value* found = packages->get_object().if_contains(name);
      return found != nullptr && found->is_int64() ? static_cast<int>(found->get_int64()) : 0;
    };
    options.packages = {number("messages"), number("seconds")};
  }
  if (const json::value* me = object.if_contains("copy_to_me"); me && me->is_string()) {
    options.copies.to_me = me->get_string();
  }
  options.copies.to_organisation = flag("copy_to_organisation");
  options.sender_override = flag("sender_override");
  return options;
}

db::Param param(const std::optional<Instant>& at) { return at ? db::Param(*at) : db::Param(); }
template <typename IdType>
db::Param param(IdType id) {
  return id.valid() ? db::Param(id) : db::Param();
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
  campaign.options = read_options(row.text(9));
  campaign.import_id = row.id<ImportId>(10);
  campaign.expansion_cursor = row.string(11);
  campaign.expanded_at = maybe_instant(row, 12);
  campaign.created_at = row.instant(13);
  campaign.started_at = maybe_instant(row, 14);
  campaign.finished_at = maybe_instant(row, 15);
  campaign.sender_id = row.id<SenderId>(16);
  campaign.scheduled_at = maybe_instant(row, 17);
  campaign.schedule_local = row.string(18);
  campaign.schedule_zone = row.string(19);
  campaign.reason = row.string(20);
  campaign.parent_id = row.id<CampaignId>(21);
  campaign.parentage = static_cast<Parentage>(row.integer(22));
  campaign.created_by = row.string(23);
  campaign.started_by = row.string(24);
  campaign.is_test = row.boolean(25);
  campaign.changed_at = row.instant(26);
  return campaign;
}

std::unexpected<Error> no_campaign(CampaignId id) {
  return fail(ErrorKind::not_found, "campaign.not_found",
              "There is no campaign " + to_text(id) + ". List them with: tidings status");
}

Result<std::vector<Campaign>> all(db::Connection& connection, const db::Statement& statement,
                                  std::initializer_list<db::Param> params) {
  std::vector<Campaign> campaigns;
  TRY(connection.query(statement, params,
                       [&](const db::Row& row) { campaigns.push_back(read(row)); }));
  return campaigns;
}

// The characters that LIKE gives a meaning.
std::string escape_like(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

}  // namespace

std::string_view to_string(Parentage parentage) {
  constexpr std::array<std::string_view, 5> kWords = {"none", "use again", "resend", "remainder",
                                                      "correction"};
  return kWords[static_cast<std::size_t>(parentage)];
}

Result<void> insert_campaign(db::Connection& connection, const Campaign& campaign,
                             const LocalisedDraft& draft, Instant now) {
  const std::string audience_text = audience::stored_text(campaign.audience);
  const std::string options = options_text(campaign.options);
  const std::string content = draft_text(draft.draft);
  const std::string variants = variants_text(draft.variants);
  TRY(connection.execute(kInsert, {campaign.organisation_id,
                                   campaign.id,
                                   campaign.name,
                                   int(campaign.kind),
                                   int(campaign.channel),
                                   int(campaign.state),
                                   campaign.content_version_id,
                                   campaign.transport_id,
                                   audience_text,
                                   options,
                                   param(campaign.import_id),
                                   now,
                                   param(campaign.started_at),
                                   param(campaign.sender_id),
                                   content,
                                   param(campaign.parent_id),
                                   int(campaign.parentage),
                                   campaign.created_by,
                                   campaign.started_by,
                                   campaign.is_test,
                                   variants}));
  return {};
}

Result<void> insert_campaign(db::Connection& connection, Campaign campaign, Instant now) {
  if (!campaign.started_at) campaign.started_at = now;
  return insert_campaign(connection, campaign, LocalisedDraft(), now);
}

Result<Campaign> load_campaign(db::Connection& connection, OrganisationId organisation,
                               CampaignId id) {
  auto found = TRY(connection.query_first(kLoad, {organisation, id}, read));
  if (!found) return no_campaign(id);
  return *std::move(found);
}

Result<LocalisedDraft> load_campaign_draft(db::Connection& connection, OrganisationId organisation,
                                           CampaignId id) {
  const auto texts =
      TRY(connection.query_first(kLoadDraft, {organisation, id}, [](const db::Row& row) {
        return std::pair(row.string(0), row.string(1));
      }));
  if (!texts) return no_campaign(id);
  return LocalisedDraft{TRY(draft_from_text(texts->first)), TRY(variants_from_text(texts->second))};
}

Result<void> store_draft(db::Connection& connection, const Campaign& campaign,
                         const LocalisedDraft* draft, Instant now) {
  TRY(campaign_after(campaign.state, CampaignAction::edit, CampaignActor::person));
  const std::string audience_text = audience::stored_text(campaign.audience);
  const std::string options = options_text(campaign.options);
  std::string content;
  std::string variants;
  if (draft != nullptr) {
    content = draft_text(draft->draft);
    variants = variants_text(draft->variants);
  }
  const auto given = [&](const std::string& text) {
    return draft == nullptr ? db::Param() : db::Param(text);
  };
  const auto changed = TRY(connection.execute(
      kStoreDraft, {campaign.name, audience_text, options, param(campaign.sender_id),
                    given(content), given(variants), now, campaign.organisation_id, campaign.id}));
  if (changed == 1) return {};
  return no_campaign(campaign.id);
}

Result<void> store_life(db::Connection& connection, const Campaign& campaign, CampaignState before,
                        Instant now) {
  const std::string options = options_text(campaign.options);
  const auto changed = TRY(connection.execute(
      kStoreLife, {int(campaign.state), campaign.content_version_id, campaign.transport_id,
                   param(campaign.sender_id), options, param(campaign.scheduled_at),
                   campaign.schedule_local, campaign.schedule_zone, campaign.reason,
                   param(campaign.started_at), campaign.started_by, param(campaign.finished_at),
                   campaign.is_test, now, campaign.organisation_id, campaign.id, int(before)}));
  if (changed == 1) return {};
  return fail(ErrorKind::conflict, "campaign.changed",
              "Somebody else did something with this campaign a moment ago. Look at it again.");
}

Result<void> remove_draft(db::Connection& connection, const Campaign& campaign, Instant now) {
  TRY(campaign_after(campaign.state, CampaignAction::remove, CampaignActor::person));
  const auto changed =
      TRY(connection.execute(kRemove, {now, campaign.organisation_id, campaign.id}));
  if (changed == 1) return {};
  return no_campaign(campaign.id);
}

Result<std::vector<Campaign>> open_campaigns(db::Connection& connection) {
  return all(connection, kOpen, {});
}

Result<std::vector<Campaign>> due_campaigns(db::Connection& connection, Instant now) {
  return all(connection, kDue, {now});
}

Result<std::optional<Instant>> next_due(db::Connection& connection) {
  const auto at = TRY(connection.query_first(
      kNextDue, {}, [](const db::Row& row) { return maybe_instant(row, 0); }));
  return at.value_or(std::nullopt);
}

Result<std::vector<Campaign>> list_campaigns(db::Connection& connection,
                                             OrganisationId organisation,
                                             const CampaignFilter& filter, int limit) {
  const std::string name = escape_like(filter.name);
  return all(connection, kList,
             {organisation, filter.before.valid() ? filter.before.value : INT64_MAX,
              filter.state ? db::Param(int(*filter.state)) : db::Param(), param(filter.parent),
              name, limit});
}

Result<std::vector<Campaign>> list_campaigns(db::Connection& connection,
                                             OrganisationId organisation, int limit) {
  return list_campaigns(connection, organisation, {}, limit);
}

Result<bool> cancel_campaign(db::Connection& connection, OrganisationId organisation, CampaignId id,
                             Instant now) {
  Campaign campaign = TRY(load_campaign(connection, organisation, id));
  if (campaign.finished_at || campaign.state == CampaignState::cancelled) return false;
  const CampaignState before = campaign.state;
  campaign.state = TRY(campaign_after(before, CampaignAction::abort, CampaignActor::person));
  campaign.reason.clear();
  TRY(store_life(connection, campaign, before, now));
  return true;
}

Result<void> advance_expansion(db::Connection& connection, const Campaign& campaign,
                               const std::string& before, const std::string& after, bool is_last,
                               Instant now) {
  const auto changed = TRY(connection.execute(
      kAdvance, {after, is_last ? db::Param(now) : db::Param(), now, campaign.organisation_id,
                 campaign.id, before, int(campaign.state)}));
  if (changed == 1) return {};
  return fail(ErrorKind::conflict, "campaign.expanded",
              "The campaign was paused or cancelled, or another node went on with it.");
}

bool never_got_to_anybody(const Campaign& campaign) {
  return campaign.import_id.valid() && campaign.expansion_cursor.empty() && !campaign.expanded_at;
}

Result<void> finish_campaign(db::Connection& connection, const Campaign& campaign,
                             CampaignState state, Instant now) {
  TRY(connection.execute(kFinish, {int(state), now, campaign.organisation_id, campaign.id}));
  return {};
}

}  // namespace tidings::compose
