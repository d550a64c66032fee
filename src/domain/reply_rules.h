// What the replies of large mailbox providers mean beyond their codes, as data: slow down, stop for
// a while, a bad address, a policy. One table (reply_rules.cc), each row with the page it follows;
// the first row that fits decides. What no row knows keeps the meaning of domain/smtp_outcome.h.
// A rule never makes a temporary refusal final or the other way round. Pure. Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "domain/outcome.h"

namespace tidings {

enum class ReplyAction : std::uint8_t {
  none,       // as the scope says
  slow_down,  // the site is given half
  stop,       // the site is left alone for `time`
};

struct ReplyRule {
  // Ends of the names it is for, of the receiving domain or of its servers, between spaces; empty:
  // any.
  std::string_view places;
  std::uint16_t code = 0;     // a whole reply code; 4 or 5: any of that class
  std::string_view enhanced;  // "4.7.28", or a beginning with a point: "4.7."; empty: any
  std::string_view words;     // in the text, in lower case; empty: any
  ReplyAction action = ReplyAction::none;
  int minutes = 0;  // of stop
  Scope scope = Scope::none;
  std::string_view reason;  // as Outcome::reason
  std::string_view source;  // where it says so
};
std::span<const ReplyRule> reply_rules();

struct ReplyAdvice {
  ReplyAction action = ReplyAction::none;
  Duration time{};
};

// The rule for a reply of `site` (host names between commas, or empty) about a recipient at
// `domain`; null when there is none.
const ReplyRule* find_reply_rule(const Outcome& outcome, std::string_view domain,
                                 std::string_view site);

// Gives an outcome that is no success the scope and reason of its rule, and says what the site
// asked for.
ReplyAdvice apply_reply_rules(Outcome& outcome, std::string_view domain, std::string_view site);

}  // namespace tidings
