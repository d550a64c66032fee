// A rule as an SQL condition about one row of contact, the same on both databases.
//
// Columns are looked up by index where a condition is about other tables; a condition about fields
// reads the contact's own row. Custom fields are read from contact.fields by JSON functions, which
// differ between the databases: that is the only difference.
// Thread: any; pure but load_segment_rules (its connection's thread).
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "audience/sql_text.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "domain/segment_ast.h"

namespace tidings::audience {

// How the statement calls the contact that the rule is about.
struct ContactRef {
  std::string row;  // an alias of the table contact
  std::string id;   // an expression of its id that is known soonest: "a.contact_id"
};

// The rules of segments by id, those that they refer to included.
using SegmentRules = std::unordered_map<SegmentId, Rule>;

struct RuleContext {
  const SegmentRules& segments;
  std::string organisation;  // of the statement: "$1"
  Instant now{};             // what "in the last 30 days" counts from
  // Messages of this campaign do not count: it is the one being expanded. 0: none.
  CampaignId except;
};

// Bounds of one statement, over all its segments together.
inline constexpr int kSegmentDepthMax = 10;  // segment in segment
inline constexpr int kStatementConditionsMax = 2'000;

// A condition that is true or false, in parentheses where needed.
// Errors: segment.not_found (a segment that was deleted), segment.too_deep (limit; a cycle too),
// segment.too_large (limit).
Result<std::string> rule_sql(SqlText& sql, const Rule& rule, const ContactRef& contact,
                             const RuleContext& context);

// Those segments and whatever they refer to. Errors: segment.not_found, segment.corrupt,
// segment.too_large beyond kStatementConditionsMax conditions.
Result<SegmentRules> load_segment_rules(db::Connection& connection, OrganisationId organisation,
                                        const std::vector<SegmentId>& segments);

}  // namespace tidings::audience
