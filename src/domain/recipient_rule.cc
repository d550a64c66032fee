#include "domain/recipient_rule.h"

#include <utility>

namespace tidings {

RecipientDecision decide_recipient(const RecipientFacts& facts, const RecipientPolicy& policy) {
  const auto skip = [](std::string_view reason) {
    return RecipientDecision{MessageState::skipped, std::string(reason), true};
  };
  if (facts.do_not_contact) return skip("do not contact");
  if (facts.is_missing_guardian) return skip("no guardian");
  if (!facts.has_address) return skip("no address");
  if (facts.is_switched_off) return {MessageState::dropped, "switched off", false};
  if (facts.suppression == "unsubscribed" && policy.kind == MessageKind::individual) {
    if (!policy.is_confirmed) return {MessageState::held, "unsubscribed", false};
  } else if (!facts.suppression.empty()) {
    return {MessageState::dropped, std::string(drop_reason(facts.suppression)), false};
  }
  const bool may_be_inactive =
      policy.kind == MessageKind::campaign && policy.consent.rule != ConsentRule::essential;
  if (may_be_inactive && policy.inactive_after > Duration::zero() && facts.last_seen &&
      *facts.last_seen < policy.now - policy.inactive_after) {
    return skip("inactive");
  }
  return {};
}

bool concerns(const SuppressionFact& fact, const RecipientPolicy& policy) {
  const bool is_refusal = fact.reason == "unsubscribed";
  const MessageConsent& consent = policy.consent;
  if (policy.kind == MessageKind::individual && is_refusal) {
    return fact.topic_id == kEveryTopic && !policy.is_confirmed;
  }
  if (fact.covers_everything) return true;
  switch (policy.kind) {
    case MessageKind::campaign:
      if (consent.rule == ConsentRule::essential && (is_refusal || fact.reason == "no_consent")) {
        return false;
      }
      if (fact.topic_id == kEveryTopic) return true;
      if (fact.topic_id != kOtherTopics) return fact.topic_id == consent.topic_id;
      return !consent.topic_id.valid() || fact.created_at < consent.topic_since;
    case MessageKind::transactional:
      return consent.rule == ConsentRule::switchable && is_refusal && fact.topic_id == kEveryTopic;
    case MessageKind::individual:
    case MessageKind::test:
    case MessageKind::copy:
      return false;
  }
  std::unreachable();
}

int weight_of(const SuppressionFact& fact) {
  if (fact.covers_everything) return 3;
  if (fact.reason == "unsubscribed" && fact.topic_id != kEveryTopic) return 1;
  return 2;
}

std::string_view drop_reason(std::string_view suppression) {
  if (suppression == "bounce") return "earlier bounce";
  if (suppression == "complaint") return "earlier complaint";
  if (suppression == "unsubscribed") return "unsubscribed";
  if (suppression == "invalid") return "invalid address";
  if (suppression == "no_consent") return "no consent";
  if (suppression == "domain") return "domain history";
  return "suppressed";
}

}  // namespace tidings
