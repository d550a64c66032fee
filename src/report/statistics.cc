#include "report/statistics.h"

#include <algorithm>
#include <array>

namespace tidings::report {

namespace {

constexpr db::Statement kCounted{
    "report.counted",
    "SELECT CAST(COALESCE(SUM(n.queued), 0) AS BIGINT), CAST(COALESCE(SUM(n.sending), 0) AS "
    "BIGINT),"
    " CAST(COALESCE(SUM(n.deferred), 0) AS BIGINT), CAST(COALESCE(SUM(n.held), 0) AS BIGINT),"
    " CAST(COALESCE(SUM(n.sent), 0) AS BIGINT), CAST(COALESCE(SUM(n.bounced), 0) AS BIGINT),"
    " CAST(COALESCE(SUM(n.blocked), 0) AS BIGINT), CAST(COALESCE(SUM(n.failed), 0) AS BIGINT),"
    " CAST(COALESCE(SUM(n.uncertain), 0) AS BIGINT), CAST(COALESCE(SUM(n.skipped), 0) AS BIGINT),"
    " CAST(COALESCE(SUM(n.dropped), 0) AS BIGINT), CAST(COALESCE(SUM(n.cancelled), 0) AS BIGINT),"
    " CAST(COALESCE(SUM(n.unsubscribed), 0) AS BIGINT),"
    " CAST(COALESCE(SUM(n.delivered), 0) AS BIGINT), CAST(COALESCE(SUM(n.returned), 0) AS BIGINT),"
    " CAST(COALESCE(SUM(n.returned_unseen), 0) AS BIGINT),"
    " CAST(COALESCE(SUM(n.marked_as_spam), 0) AS BIGINT)"
    " FROM campaign c LEFT JOIN campaign_counter n ON n.organisation_id = c.organisation_id"
    " AND n.campaign_id = c.id"
    " WHERE c.organisation_id = $1 AND c.id = $2 AND c.deleted_at IS NULL GROUP BY c.id"};

constexpr db::Statement kEngaged{
    "report.engaged",
    "SELECT CAST(COALESCE(SUM(opened), 0) AS BIGINT), CAST(COALESCE(SUM(clicked), 0) AS BIGINT),"
    " CAST(COALESCE(SUM(opens), 0) AS BIGINT), CAST(COALESCE(SUM(clicks), 0) AS BIGINT),"
    " CAST(COALESCE(SUM(machine_opens), 0) AS BIGINT),"
    " CAST(COALESCE(SUM(machine_clicks), 0) AS BIGINT)"
    " FROM campaign_engagement WHERE organisation_id = $1 AND campaign_id = $2"};
// status: marked as spam. Few: the index of statuses has them, between the campaign's ids.
constexpr db::Statement kOpenedSpam{
    "report.opened_spam",
    "SELECT COUNT(*) FROM message m JOIN engagement e ON e.organisation_id = m.organisation_id"
    " AND e.message_id = m.id AND e.opened_at IS NOT NULL WHERE m.organisation_id = $1"
    " AND m.status = 8 AND m.status > 4 AND (m.campaign_id = $2) IS TRUE"
    " AND m.id >= (SELECT MIN(first_message_id) FROM campaign_counter"
    " WHERE organisation_id = $1 AND campaign_id = $2)"
    " AND m.id <= (SELECT MAX(last_message_id) FROM campaign_counter"
    " WHERE organisation_id = $1 AND campaign_id = $2)"};
// As communications.cc believes them.
constexpr db::Statement kAnswered{
    "report.answered",
    "SELECT COUNT(DISTINCT r.message_id) FROM returned_mail r WHERE r.kind = 'reply'"
    " AND r.outcome = 'applied' AND r.organisation_id = $1 AND r.campaign_id = $2"};
// The content's own, and its other languages'.
constexpr db::Statement kTotalHits{
    "report.total_hits",
    "SELECT CAST(COALESCE(SUM(CASE WHEN h.number = 0 THEN h.hits - h.machine_hits ELSE 0 END), 0)"
    " AS BIGINT), CAST(COALESCE(SUM(CASE WHEN h.number > 0 THEN h.hits - h.machine_hits ELSE 0"
    " END), 0) AS BIGINT), CAST(COALESCE(SUM(CASE WHEN h.number = 0 THEN h.machine_hits ELSE 0"
    " END), 0) AS BIGINT), CAST(COALESCE(SUM(CASE WHEN h.number > 0 THEN h.machine_hits ELSE 0"
    " END), 0) AS BIGINT) FROM campaign c JOIN content_link_count h"
    " ON h.organisation_id = c.organisation_id AND (h.content_version_id = c.content_version_id"
    " OR h.content_version_id IN (SELECT variant_id FROM content_variant"
    " WHERE organisation_id = $1 AND content_version_id = c.content_version_id))"
    " WHERE c.organisation_id = $1 AND c.id = $2"};

// Whole per milles that add up to 1000: what rounding down leaves over goes to the largest rests.
void share_out(std::vector<EndLine>& lines, std::int64_t total) {
  if (total == 0) return;
  std::vector<std::pair<std::int64_t, std::size_t>> rests;
  std::int64_t left = 1000;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::int64_t parts = lines[i].amount * 1000;
    lines[i].per_mille = static_cast<int>(parts / total);
    left -= lines[i].per_mille;
    rests.emplace_back(-(parts % total), i);
  }
  std::ranges::sort(rests);
  for (std::int64_t i = 0; i < left; ++i)
    ++lines[rests[static_cast<std::size_t>(i)].second].per_mille;
}

}  // namespace

Statistics statistics_of(const Counted& counted, const Tracked& tracked) {
  Statistics made;
  made.total = counted.total();
  // Of what was accepted: opens come in before the attempt is stored, too.
  const std::int64_t opened =
      std::clamp<std::int64_t>(counted.opened - counted.opened_spam, 0, counted.sent);
  const std::int64_t spam = std::min(counted.marked_as_spam, counted.sent - opened);
  const std::int64_t returned = std::min(counted.returned_unseen, counted.sent - opened - spam);
  made.ended = {
      {"opened", opened, 0, {Status::opened, Status::clicked}},
      {"sent", counted.sent - opened - returned - spam, 0, {Status::sent, Status::delivered}},
      {"suppressed", counted.dropped + spam, 0, {Status::dropped, Status::marked_as_spam}},
      {"failed", counted.bounced + counted.failed + returned, 0, {Status::bounced, Status::failed}},
  };
  const std::array<EndLine, 4> when_not_zero = {{
      {"skipped", counted.skipped, 0, {Status::skipped}},
      {"cancelled", counted.cancelled, 0, {Status::cancelled}},
      {"uncertain", counted.uncertain, 0, {Status::uncertain}},
      {"waiting",
       counted.queued + counted.sending + counted.deferred + counted.held,
       0,
       {Status::queued, Status::sending, Status::deferred, Status::held}},
  }};
  for (const EndLine& line : when_not_zero) {
    if (line.amount != 0) made.ended.push_back(line);
  }
  share_out(made.ended, made.total);
  const auto of_sent = [&](std::int64_t people) -> std::optional<int> {
    if (counted.sent <= 0) return std::nullopt;
    return static_cast<int>(
        std::clamp<std::int64_t>((people * 1000 + counted.sent / 2) / counted.sent, 0, 1000));
  };
  // A click opens what it is in.
  const bool has_people = !tracked.is_total;
  const bool has_opens = has_people && (tracked.opens || tracked.clicks || counted.opened > 0);
  const bool has_clicks = has_people && (tracked.clicks || counted.clicked > 0);
  for (const auto& [figure, people] :
       std::initializer_list<std::pair<std::string_view, std::int64_t>>{
           {"sent", counted.sent},
           {"delivered", counted.delivered},
           {"opened", counted.opened},
           {"clicked", counted.clicked},
           {"answered", counted.answered},
           {"bounced", counted.bounced + counted.returned},
           {"dropped", counted.dropped},
           {"unsubscribed", counted.unsubscribed},
           {"marked_as_spam", counted.marked_as_spam},
           {"blocked_or_spam", counted.blocked + counted.marked_as_spam}}) {
    if ((figure == "opened" && !has_opens) || (figure == "clicked" && !has_clicks)) {
      made.not_measured.push_back(figure);
      continue;
    }
    made.along_the_way.push_back({figure, people, of_sent(people), {}, {}});
    Figure& made_one = made.along_the_way.back();
    if (figure == "opened") {
      made_one.times = counted.opens;
      made_one.machine = counted.machine_opens;
    } else if (figure == "clicked") {
      made_one.times = counted.clicks;
      made_one.machine = counted.machine_clicks;
    }
  }
  if (!has_opens) {
    // Nobody looked: what is there was not found unopened.
    std::erase_if(made.ended, [](const EndLine& line) { return line.line == "opened"; });
  }
  return made;
}

Result<Statistics> statistics(db::Connection& connection, OrganisationId organisation,
                              CampaignId campaign, const Tracked& tracked) {
  auto counted =
      TRY(connection.query_first(kCounted, {organisation, campaign}, [](const db::Row& row) {
        return Counted{row.integer(0),  row.integer(1),  row.integer(2),  row.integer(3),
                       row.integer(4),  row.integer(5),  row.integer(6),  row.integer(7),
                       row.integer(8),  row.integer(9),  row.integer(10), row.integer(11),
                       row.integer(12), row.integer(13), row.integer(14), row.integer(15),
                       row.integer(16)};
      }));
  if (!counted) {
    return fail(ErrorKind::not_found, "campaign.not_found",
                "There is no campaign " + to_text(campaign) + ".");
  }
  TRY(connection.query(kEngaged, {organisation, campaign}, [&](const db::Row& row) {
    counted->opened = row.integer(0);
    counted->clicked = row.integer(1);
    counted->opens = row.integer(2);
    counted->clicks = row.integer(3);
    counted->machine_opens = row.integer(4);
    counted->machine_clicks = row.integer(5);
  }));
  TRY(connection.query(kOpenedSpam, {organisation, campaign},
                       [&](const db::Row& row) { counted->opened_spam = row.integer(0); }));
  TRY(connection.query(kAnswered, {organisation, campaign},
                       [&](const db::Row& row) { counted->answered = row.integer(0); }));
  Statistics made = statistics_of(*counted, tracked);
  if (tracked.is_total) {
    made.totals =
        TRY(connection.query_first(kTotalHits, {organisation, campaign}, [](const db::Row& row) {
          return TotalHits{row.integer(0), row.integer(1), row.integer(2), row.integer(3)};
        }));
  }
  return made;
}

std::span<const db::Statement> statistics_statements() {
  static constexpr std::array kAll = {kCounted, kEngaged, kOpenedSpam, kAnswered, kTotalHits};
  return kAll;
}

}  // namespace tidings::report
