#include "audience/freeze_audience.h"

#include <array>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "audience/audience_sql.h"

namespace tidings::audience {

namespace {

constexpr db::Statement kBegin{
    "audience.freeze_begin",
    "INSERT INTO audience_snapshot (organisation_id, campaign_id, as_of, cursor, members)"
    " VALUES ($1, $2, $3, 0, 0) ON CONFLICT DO NOTHING"};
constexpr db::Statement kState{"audience.freeze_state",
                               "SELECT as_of, cursor, members, finished_at FROM audience_snapshot"
                               " WHERE organisation_id = $1 AND campaign_id = $2"};
constexpr db::Statement kAdvance{
    "audience.freeze_advance",
    "UPDATE audience_snapshot SET cursor = $3, members = $4, finished_at = $5"
    " WHERE organisation_id = $1 AND campaign_id = $2"};
constexpr db::Statement kForget{
    "audience.thaw",
    "DELETE FROM audience_member WHERE organisation_id = $1 AND campaign_id = $2"
    " AND contact_id IN (SELECT contact_id FROM audience_member WHERE organisation_id = $1"
    " AND campaign_id = $2 ORDER BY contact_id LIMIT $3)"};
constexpr db::Statement kForgetState{
    "audience.thaw_state",
    "DELETE FROM audience_snapshot WHERE organisation_id = $1 AND campaign_id = $2"};
constexpr db::Statement kLooked{
    "audience.freeze_range",
    "SELECT max(id), count(*) FROM (SELECT id FROM contact WHERE organisation_id = $1 AND id > $2"
    " ORDER BY id LIMIT $3) looked"};

constexpr std::array<std::string_view, 4> kColumns = {"organisation_id", "campaign_id",
                                                      "contact_id", "about_id"};

using Members = std::set<std::pair<std::int64_t, std::int64_t>>;

struct Range {
  std::int64_t after = 0;
  std::int64_t upto = 0;
};

// Whom groups, segments and the like name among the contacts of the range.
Result<void> read_named(db::Connection& connection, const ExpandRequest& request,
                        const Audience& audience, const SegmentRules& rules, Range range,
                        Members& members) {
  SqlText sql(connection.dialect());
  AudienceSql conditions(sql, audience, request, rules, false);
  const ContactRef contact{"c", "c.id"};
  const bool only_guardians = audience.recipients == Recipients::guardians;
  const std::string chosen = TRY(conditions.chosen(
      contact, only_guardians ? EarlierRecipients::chosen : EarlierRecipients::left_out));
  if (chosen.empty()) return {};
  const std::string excluded = TRY(conditions.excluded(contact));
  sql << "SELECT c.id FROM contact c WHERE c.organisation_id = " << conditions.organisation()
      << " AND c.id > " << sql.param(range.after) << " AND c.id <= " << sql.param(range.upto)
      << " AND c.deleted_at IS NULL AND " << chosen
      << (excluded.empty() ? "" : " AND NOT " + excluded)
      // The channel decides nothing here; it is a parameter of the statement all the same.
      << " AND " << conditions.channel() << " >= 0";
  return connection.query(sql.statement(), sql.values(), [&](const db::Row& row) {
    members.emplace(row.integer(0), row.integer(0));
  });
}

// Recipients of earlier campaigns among them, with whom those messages were about.
Result<void> read_earlier(db::Connection& connection, const ExpandRequest& request,
                          const Audience& audience, Range range, Members& members) {
  if (audience.everybody || audience.recipients == Recipients::guardians) return {};
  for (const EarlierCampaign& campaign : audience.include.campaigns) {
    SqlText sql(connection.dialect());
    const std::string organisation = sql.param(request.organisation);
    sql << "SELECT ea.contact_id, COALESCE(eo.contact_id, em.contact_id) FROM message_about ea"
           " CROSS JOIN message em LEFT JOIN message_about eo ON eo.message_id = em.id"
           " AND eo.organisation_id = em.organisation_id AND eo.is_recipient = 0"
           " WHERE ea.organisation_id = "
        << organisation << " AND ea.contact_id > " << sql.param(range.after)
        << " AND ea.contact_id <= " << sql.param(range.upto)
        << " AND ea.is_recipient = 1 AND em.organisation_id = " << organisation
        << " AND em.id = ea.message_id AND em.campaign_id = " << sql.param(campaign.id) << " AND "
        << AudienceSql::outcome_sql(campaign.outcome, "em");
    TRY(connection.query(sql.statement(), sql.values(), [&](const db::Row& row) {
      members.emplace(row.integer(0), row.integer(1));
    }));
  }
  return {};
}

}  // namespace

Result<FreezeProgress> freeze_step(db::Connection& connection, const ExpandRequest& request,
                                   const Audience& audience, int limit, Instant now) {
  if (audience.empty()) {
    return fail(ErrorKind::invalid, "audience.empty",
                "The audience names nobody. Choose who gets this.");
  }
  TRY(connection.execute(kBegin, {request.organisation, request.campaign, request.as_of}));
  struct State {
    Instant as_of{};
    std::int64_t cursor = 0;
    std::int64_t members = 0;
    bool is_finished = false;
  };
  const auto state = TRY(connection.query_first(
      kState, {request.organisation, request.campaign}, [](const db::Row& row) {
        return State{row.instant(0), row.integer(1), row.integer(2), !row.is_null(3)};
      }));
  if (!state) return fail(ErrorKind::internal, "audience.freeze", "The audience was not frozen.");
  if (state->is_finished) return FreezeProgress{true, state->members};

  ExpandRequest frozen = request;
  frozen.as_of = state->as_of;
  std::vector<SegmentId> segments = audience.include.segments;
  segments.insert(segments.end(), audience.exclude.segments.begin(),
                  audience.exclude.segments.end());
  const SegmentRules rules = TRY(load_segment_rules(connection, request.organisation, segments));
  Range range{state->cursor, state->cursor};
  std::int64_t looked = 0;
  TRY(connection.query(kLooked, {request.organisation, state->cursor, limit},
                       [&](const db::Row& row) {
                         if (!row.is_null(0)) range.upto = row.integer(0);
                         looked = row.integer(1);
                       }));
  Members members;
  TRY(read_named(connection, frozen, audience, rules, range, members));
  TRY(read_earlier(connection, frozen, audience, range, members));
  std::vector<db::Param> rows;
  rows.reserve(members.size() * kColumns.size());
  for (const auto& [contact, about] : members) {
    rows.insert(rows.end(), {db::Param(request.organisation), db::Param(request.campaign),
                             db::Param(contact), db::Param(about)});
  }
  if (!rows.empty()) TRY(connection.insert_many("audience_member", kColumns, rows));
  FreezeProgress progress{looked < limit,
                          state->members + static_cast<std::int64_t>(members.size())};
  TRY(connection.execute(kAdvance,
                         {request.organisation, request.campaign, range.upto, progress.members,
                          progress.is_finished ? db::Param(now) : db::Param()}));
  return progress;
}

Result<bool> thaw_step(db::Connection& connection, OrganisationId organisation, CampaignId campaign,
                       int limit) {
  TRY(connection.execute(kForgetState, {organisation, campaign}));
  return TRY(connection.execute(kForget, {organisation, campaign, limit})) == 0;
}

}  // namespace tidings::audience
