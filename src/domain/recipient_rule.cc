#include "domain/recipient_rule.h"

namespace tidings {

RecipientDecision decide_recipient(const RecipientFacts& facts, const RecipientPolicy& policy) {
  const auto skip = [](std::string_view reason) {
    return RecipientDecision{MessageState::skipped, std::string(reason), true};
  };
  if (facts.do_not_contact) return skip("do not contact");
  if (facts.is_missing_guardian) return skip("no guardian");
  if (!facts.has_address) return skip("no address");
  if (!facts.suppression.empty()) {
    return {MessageState::dropped, std::string(drop_reason(facts.suppression)), false};
  }
  const bool is_campaign = policy.kind == MessageKind::campaign;
  if (is_campaign && policy.inactive_after > Duration::zero() && facts.last_seen &&
      *facts.last_seen < policy.now - policy.inactive_after) {
    return skip("inactive");
  }
  return {};
}

std::string_view drop_reason(std::string_view suppression) {
  if (suppression == "bounce") return "earlier bounce";
  if (suppression == "complaint") return "earlier complaint";
  if (suppression == "unsubscribed") return "unsubscribed";
  if (suppression == "invalid") return "invalid address";
  return "suppressed";
}

}  // namespace tidings
