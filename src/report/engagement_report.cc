#include "report/engagement_report.h"

#include <algorithm>

namespace tidings::report {

namespace {

using db::Row;

constexpr std::int64_t kQuarter = 15 * 60 * 1'000'000LL;
// Of a day of 25 hours.
constexpr std::int64_t kQuartersMax = 100;

constexpr db::Statement kTimes{
    "report.engagement_times",
    "SELECT quarter, opened, clicked, opens, clicks, machine_opens, machine_clicks"
    " FROM engagement_time WHERE organisation_id = $1 AND campaign_id = $2 AND quarter >= $3"
    " ORDER BY quarter LIMIT $4"};
constexpr db::Statement kPrograms{
    "report.engagement_programs",
    "SELECT program, device, people, opens, clicks FROM engagement_program"
    " WHERE organisation_id = $1 AND campaign_id = $2"
    " ORDER BY people DESC, opens DESC, program, device"};

// state: sent, bounced. status: bounced, opened, clicked; marked as spam and unsubscribed hide
// whether it was opened. The messages of a campaign lie between two ids.
#define TIDINGS_DOMAIN_FIGURES(domain)                                                          \
  "SELECT d.domain, COUNT(*), CAST(SUM(CASE WHEN d.state = 3 THEN 1 ELSE 0 END) AS BIGINT),"    \
  " CAST(SUM(CASE WHEN d.state = 4 OR d.status = 7 THEN 1 ELSE 0 END) AS BIGINT),"              \
  " CAST(SUM(CASE WHEN d.status IN (5, 6) OR d.opened_at IS NOT NULL THEN 1 ELSE 0 END) AS"     \
  " BIGINT), CAST(SUM(CASE WHEN d.status = 6 OR d.clicked_at IS NOT NULL THEN 1 ELSE 0 END) AS" \
  " BIGINT) FROM (SELECT " domain                                                               \
  " AS domain, m.state, m.status, e.opened_at, e.clicked_at"                                    \
  " FROM message m LEFT JOIN engagement e ON m.status IN (8, 9)"                                \
  " AND e.organisation_id = m.organisation_id AND e.message_id = m.id"                          \
  " WHERE m.organisation_id = $1 AND (m.campaign_id = $2) IS TRUE"                              \
  " AND m.id >= (SELECT MIN(first_message_id) FROM campaign_counter WHERE organisation_id = $1" \
  " AND campaign_id = $2) AND m.id <= (SELECT MAX(last_message_id) FROM campaign_counter"       \
  " WHERE organisation_id = $1 AND campaign_id = $2)) d"                                        \
  " GROUP BY d.domain ORDER BY COUNT(*) DESC, d.domain LIMIT $3"
constexpr db::StatementPair kDomains{
    {"report.domains",
     TIDINGS_DOMAIN_FIGURES("substr(m.normalised, instr(m.normalised, '@') + 1)")},
    {"report.domains",
     TIDINGS_DOMAIN_FIGURES("substr(m.normalised, position('@' in m.normalised) + 1)")}};
#undef TIDINGS_DOMAIN_FIGURES

}  // namespace

Result<TimePage> engagement_over_time(db::Connection& connection, OrganisationId organisation,
                                      CampaignId campaign, const TimeQuery& query) {
  TimePage page;
  const std::int64_t first =
      query.from ? to_micros(start_of_wall(*query.from, query.zone, query.unit)) / kQuarter : 0;
  const std::int64_t rows =
      (query.limit + 1) * (query.unit == WallUnit::hour ? std::int64_t{4} : kQuartersMax);
  TRY(connection.query(kTimes, {organisation, campaign, first, rows}, [&](const Row& row) {
    if (page.next) return;
    const Instant at =
        start_of_wall(from_micros(row.integer(0) * kQuarter), query.zone, query.unit);
    if (page.items.empty() || page.items.back().at != at) {
      if (std::ssize(page.items) == query.limit) {
        page.next = at;
        return;
      }
      page.items.push_back({.at = at});
    }
    TimeFigures& figures = page.items.back();
    figures.opened += row.integer(1);
    figures.clicked += row.integer(2);
    figures.opens += row.integer(3);
    figures.clicks += row.integer(4);
    figures.machine_opens += row.integer(5);
    figures.machine_clicks += row.integer(6);
  }));
  return page;
}

Result<std::vector<ProgramFigures>> engagement_by_program(db::Connection& connection,
                                                          OrganisationId organisation,
                                                          CampaignId campaign) {
  std::vector<ProgramFigures> found;
  TRY(connection.query(kPrograms, {organisation, campaign}, [&](const Row& row) {
    found.push_back({{program_of(row.integer(0)).value_or(Program::other),
                      device_of(row.integer(1)).value_or(Device::unknown)},
                     row.integer(2),
                     row.integer(3),
                     row.integer(4)});
  }));
  return found;
}

Result<std::vector<DomainFigures>> figures_by_domain(db::Connection& connection,
                                                     OrganisationId organisation,
                                                     CampaignId campaign, int limit) {
  std::vector<DomainFigures> found;
  TRY(connection.query(kDomains.in(connection.dialect()), {organisation, campaign, limit},
                       [&](const Row& row) {
                         found.push_back({row.string(0), row.integer(1), row.integer(2),
                                          row.integer(3), row.integer(4), row.integer(5)});
                       }));
  return found;
}

}  // namespace tidings::report
