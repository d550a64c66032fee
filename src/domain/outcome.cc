#include "domain/outcome.h"

#include <algorithm>
#include <array>

namespace tidings {

bool is_block(std::string_view reason) {
  // Those of an attempt, then those of a report (feedback/reading/bounce_reason.h: block).
  static constexpr std::array<std::string_view, 13> kBlocks = {
      "policy",         "sender_refused", "auth_refused",     "auth_failure", "bad_reputation",
      "blocked",        "no_relaying",    "policy_violation", "rejected",     "require_ptr",
      "security_error", "spam_detected",  "virus_detected"};
  return std::ranges::find(kBlocks, reason) != kBlocks.end();
}

std::string_view to_string(OutcomeKind kind) {
  switch (kind) {
    case OutcomeKind::sent:
      return "sent";
    case OutcomeKind::deferred:
      return "deferred";
    case OutcomeKind::bounced:
      return "bounced";
    case OutcomeKind::failed:
      return "failed";
    case OutcomeKind::uncertain:
      return "uncertain";
  }
  return "deferred";
}

std::string_view to_string(Scope scope) {
  switch (scope) {
    case Scope::none:
      return "none";
    case Scope::recipient:
      return "recipient";
    case Scope::message:
      return "message";
    case Scope::session:
      return "session";
    case Scope::site:
      return "site";
    case Scope::source:
      return "source";
  }
  return "none";
}

}  // namespace tidings
