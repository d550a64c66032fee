// Suspended sites: what an organisation sends nothing to for now, because a person said so.
//
// A name is a recipient's domain, or a receiving server where messages go to the recipients' own
// (a site of several servers is suspended with any of them, or by its whole name). What waits for
// it stays in the queue, is not attempted and does not expire. Kept in the database: it holds until
// it is resumed. The dispatcher reads it when it starts, and when it is told of a change.
// Bound: kSuspendedMax for each organisation. Thread: any, one Connection each.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"

namespace tidings::delivery {

inline constexpr std::int64_t kSuspendedMax = 1000;

// Why such a message does not go now, as the queue tells it.
inline constexpr std::string_view kSiteSuspended = "site_suspended";

struct SuspendedSite {
  std::string name;    // lower-case A-labels
  std::string reason;  // of who did it, in their words; may be empty
  std::string by;
  Instant since{};
};

// Of one that is suspended already the reason is replaced. Errors: site.too_many (conflict).
Result<void> suspend_site(db::Connection& connection, OrganisationId organisation,
                          const SuspendedSite& site);
// False when it was not suspended.
Result<bool> resume_site(db::Connection& connection, OrganisationId organisation,
                         std::string_view name);
// In the order of their names.
Result<std::vector<SuspendedSite>> suspended_sites(db::Connection& connection,
                                                   OrganisationId organisation);

using SuspendedNames = std::map<OrganisationId, std::set<std::string, std::less<>>>;
Result<SuspendedNames> all_suspended(db::Connection& connection);

// For plan tests.
std::span<const db::Statement> suspension_statements();

}  // namespace tidings::delivery
