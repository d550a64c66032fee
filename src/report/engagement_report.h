// What people and machines did with a campaign (P33): over time, with which programs, and what
// became of its messages by domain. The first two are counters (delivery's engagement tables) and
// there at once; domains are counted from the messages when they are asked for, which takes its
// time with the size of the campaign. Thread: any, one Connection each. Errors: those of db.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "domain/reading_program.h"
#include "domain/wall_time.h"

namespace tidings::report {

// One hour or day in which anything happened. opened and clicked: people, for the first time.
struct TimeFigures {
  Instant at{};  // where it begins
  std::int64_t opened = 0;
  std::int64_t clicked = 0;
  std::int64_t opens = 0;
  std::int64_t clicks = 0;
  std::int64_t machine_opens = 0;
  std::int64_t machine_clicks = 0;
};
struct TimePage {
  std::vector<TimeFigures> items;
  std::optional<Instant> next;  // where the next page begins
};
struct TimeQuery {
  WallUnit unit = WallUnit::hour;
  std::string zone = "UTC";
  std::optional<Instant> from;
  int limit = 50;  // 1..200
};
Result<TimePage> engagement_over_time(db::Connection& connection, OrganisationId organisation,
                                      CampaignId campaign, const TimeQuery& query);

// people: whose first reading was with it. Most people first.
struct ProgramFigures {
  ReadingProgram program;
  std::int64_t people = 0;
  std::int64_t opens = 0;
  std::int64_t clicks = 0;
};
Result<std::vector<ProgramFigures>> engagement_by_program(db::Connection& connection,
                                                          OrganisationId organisation,
                                                          CampaignId campaign);

// Most messages first.
struct DomainFigures {
  std::string domain;  // as the addresses have it, in lower case; empty: no address
  std::int64_t messages = 0;
  std::int64_t sent = 0;
  std::int64_t bounced = 0;
  std::int64_t opened = 0;
  std::int64_t clicked = 0;
};
Result<std::vector<DomainFigures>> figures_by_domain(db::Connection& connection,
                                                     OrganisationId organisation,
                                                     CampaignId campaign, int limit);

}  // namespace tidings::report
