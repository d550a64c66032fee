// Decides what a server's words and codes about one recipient mean.
//
// The one place that knows the order of belief: words that say exactly what is the matter, a
// status code (RFC 3463) that does, vague words, other words of the report, the subject of the
// code. Used for reports that come by mail; what a server says while we talk to it has the same
// codes and words, and is read by the same function. Thread: any; pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "feedback/reading/bounce_reason.h"

namespace tidings::feedback {

enum class BounceAction : std::uint8_t {
  failed,
  delayed,    // still being tried
  delivered,  // and relayed, expanded: no trouble
};

struct BounceEvidence {
  BounceAction action = BounceAction::failed;
  std::string_view status;       // "5.1.1", or empty
  std::uint16_t reply_code = 0;  // 0: none
  std::string_view diagnostic;   // what was said about this recipient
  bool is_own = true;            // false: said somewhere in the report, perhaps of others
  std::string_view other_words;  // what the report says besides
};

struct Diagnosis {
  BounceReason reason = BounceReason::undefined;
  Severity severity = Severity::undetermined;
  BounceScope scope = BounceScope::none;
};

Diagnosis classify_bounce(const BounceEvidence& evidence);

// The SMTP reply code and the status code that a text quotes; those that stand together are
// preferred to the first of each.
struct QuotedCodes {
  std::uint16_t reply_code = 0;
  std::string status;
};
QuotedCodes find_codes(std::string_view text);

}  // namespace tidings::feedback
