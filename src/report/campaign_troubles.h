// Campaigns that need a person: held ones, those of which too much does not arrive, those that
// recipients complain about.
// Thread: any, one Connection each. Errors: those of db.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"

namespace tidings::report {

enum class Trouble : std::uint8_t {
  held,        // waits for a decision
  failing,     // much of it did not arrive
  blocked,     // mail providers refuse us
  complaints,  // too many recipients marked it as spam
};
// "held", "failing" …
std::string_view to_string(Trouble trouble);

struct CampaignTrouble {
  CampaignId campaign_id;
  std::string name;
  Trouble trouble = Trouble::held;
  std::string sentence;  // what is the matter, with its figures
  std::string_view what_to_do;
};

// What the counters say of a campaign.
struct CampaignCounts {
  std::int64_t sent = 0;
  std::int64_t not_arrived = 0;  // bounced at once or later, failed
  std::int64_t blocked = 0;      // of those
  std::int64_t complaints = 0;
};
// Pure. A few messages say nothing of a campaign: less than 20 that did not arrive in twenty, or
// 10 that were refused, is what happens; of complaints, one of a thousand is too many (B17).
std::vector<Trouble> troubles_of(const CampaignCounts& counts);

// Of campaigns that are held, or began in the last 30 days; newest first, at most 200 of them.
Result<std::vector<CampaignTrouble>> campaign_troubles(db::Connection& connection,
                                                       OrganisationId organisation, Instant now);

// For plan tests.
std::span<const db::Statement> campaign_trouble_statements();

}  // namespace tidings::report
