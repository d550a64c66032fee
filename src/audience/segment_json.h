// A segment's rule as JSON: one form for the API and the database.
//
//   {"type": "all", "rules": [RULE …]}      {"type": "any", "rules": [RULE …]}
//   {"type": "not", "rule": RULE}
//   {"type": "field", "field": "first_name", "operator": "is", "value": "Piet"}
//   {"type": "field", "field": "fields.colour", "operator": "one_of", "values": ["red", "blue"]}
//   {"type": "field", "field": "fields.score", "operator": "between", "values": [5, 10]}
//   {"type": "field", "field": "created_at", "operator": "in_last_days", "days": 30}
//   {"type": "group", "groups": [ID …]}     {"type": "segment", "segment": ID}
//   {"type": "relation", "side": "of" | "has", "name": "guardian of",
//    "receives_messages": true, "who": RULE}
//   {"type": "message", "fact": "not_opened", "campaign": ID, "since": INSTANT, "days": 30}
//   {"type": "activity", "activity": "transaction", "at_least": 1, "since": INSTANT, "days": 365}
//
// Dates are YYYY-MM-DD; name, receives_messages, who, campaign, since, days, activity and at_least
// may be left out. Written back, what has its default is left out.
// Thread: any; pure.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/segment_ast.h"

namespace tidings::audience {

struct RuleProblem {
  std::string field;  // a JSON Pointer into the rule: "/rules/2/value"
  std::string code;
  std::string message;  // a sentence
};

struct ReadRule {
  Rule rule;
  std::vector<RuleProblem> problems;  // empty: all is well; at most 100
};

// From outside. Codes: rule.form, rule.unknown_member, rule.unknown_type, rule.bad_id,
// rule.bad_word, rule.bad_condition, rule.too_deep, rule.too_many.
ReadRule read_rule(const boost::json::value& json);

boost::json::value to_json(const Rule& rule);

std::string stored_text(const Rule& rule);
// Error: segment.corrupt.
Result<Rule> read_stored_rule(std::string_view text);

}  // namespace tidings::audience
