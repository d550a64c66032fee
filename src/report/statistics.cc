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
    " CAST(COALESCE(SUM(n.unsubscribed), 0) AS BIGINT)"
    " FROM campaign c LEFT JOIN campaign_counter n ON n.organisation_id = c.organisation_id"
    " AND n.campaign_id = c.id"
    " WHERE c.organisation_id = $1 AND c.id = $2 AND c.deleted_at IS NULL GROUP BY c.id"};

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

Statistics statistics_of(const Counted& counted) {
  Statistics made;
  made.total = counted.total();
  // Until opens are read, what was opened stands among what was sent.
  made.ended = {
      {"sent", counted.sent, 0, {Status::sent, Status::delivered}},
      {"suppressed", counted.dropped, 0, {Status::dropped, Status::marked_as_spam}},
      {"failed", counted.bounced + counted.failed, 0, {Status::bounced, Status::failed}},
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
  for (const auto& [figure, people] :
       std::initializer_list<std::pair<std::string_view, std::int64_t>>{
           {"sent", counted.sent},
           {"bounced", counted.bounced},
           {"dropped", counted.dropped},
           {"unsubscribed", counted.unsubscribed},
           {"blocked_or_spam", counted.blocked}}) {
    made.along_the_way.push_back({figure, people, of_sent(people)});
  }
  made.not_measured = {"delivered", "opened", "clicked", "marked_as_spam"};
  return made;
}

Result<Statistics> statistics(db::Connection& connection, OrganisationId organisation,
                              CampaignId campaign) {
  const auto counted =
      TRY(connection.query_first(kCounted, {organisation, campaign}, [](const db::Row& row) {
        return Counted{row.integer(0), row.integer(1), row.integer(2),  row.integer(3),
                       row.integer(4), row.integer(5), row.integer(6),  row.integer(7),
                       row.integer(8), row.integer(9), row.integer(10), row.integer(11),
                       row.integer(12)};
      }));
  if (!counted) {
    return fail(ErrorKind::not_found, "campaign.not_found",
                "There is no campaign " + to_text(campaign) + ".");
  }
  return statistics_of(*counted);
}

std::span<const db::Statement> statistics_statements() {
  static constexpr std::array kAll = {kCounted};
  return kAll;
}

}  // namespace tidings::report
