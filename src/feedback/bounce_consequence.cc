#include "feedback/bounce_consequence.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

#include <fmt/format.h>

#include "feedback/reading/classify_bounce.h"

namespace tidings::feedback {
namespace {

// In the order of the enumeration.
constexpr auto kWords = std::to_array<std::string_view>({"undefined",
                                                         "unknown_words",
                                                         "auth_failure",
                                                         "bad_reputation",
                                                         "blocked",
                                                         "content_error",
                                                         "delivered",
                                                         "too_large",
                                                         "expired",
                                                         "failed_starttls",
                                                         "feedback",
                                                         "filtered",
                                                         "mailbox_moved",
                                                         "domain_unknown",
                                                         "mailbox_full",
                                                         "mailer_error",
                                                         "too_large",
                                                         "network_error",
                                                         "no_relaying",
                                                         "domain_without_mail",
                                                         "not_compliant",
                                                         "policy_violation",
                                                         "rejected",
                                                         "require_ptr",
                                                         "security_error",
                                                         "spam_detected",
                                                         "speeding",
                                                         "suppressed_by_provider",
                                                         "mailbox_disabled",
                                                         "syntax_error",
                                                         "system_error",
                                                         "site_full",
                                                         "too_many_connections",
                                                         "address_unknown",
                                                         "vacation",
                                                         "virus_detected"});
static_assert(kWords.size() == kBounceReasons);

// Of outcomes that no report knows.
struct OwnWords {
  std::string_view reason;
  std::string_view why;
  std::string_view what_to_do;
};
constexpr auto kOwn = std::to_array<OwnWords>({
    {"address_invalid", "the address is not one that mail can be sent to",
     "Look for a typing error and correct the address."},
    {"smtputf8_missing", "the recipient's server takes no letters outside ASCII before the @",
     "Ask the person for an address in plain letters."},
});

const OwnWords* own_words(std::string_view reason) {
  const auto at = std::ranges::find(kOwn, reason, &OwnWords::reason);
  return at == kOwn.end() ? nullptr : &*at;
}

template <typename T>
std::optional<T> number(std::string_view& text, char end) {
  T value{};
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(at - text.data()));
  if (!text.empty() && text.front() == end) text.remove_prefix(1);
  return value;
}

}  // namespace

AddressVerdict verdict_on(Severity severity, BounceScope scope) {
  if (scope == BounceScope::recipient) {
    if (severity == Severity::hard) return AddressVerdict::dead;
    if (severity == Severity::soft) return AddressVerdict::trouble;
  }
  if (scope == BounceScope::domain && severity == Severity::hard) {
    return AddressVerdict::dead_domain;
  }
  return AddressVerdict::nothing;
}

ReportRecipient diagnose(const Outcome& outcome) {
  ReportRecipient made;
  made.status = outcome.enhanced_status_code;
  made.reply_code = outcome.reply_code;
  made.diagnostic = outcome.reply_text;
  if (outcome.reason == "domain_unknown" && outcome.reply_code == 0) {
    made.reason = BounceReason::host_unknown;
  } else if (outcome.reason == "domain_without_mail") {
    made.reason = BounceReason::not_accept;
  } else if (outcome.reply_code == 0) {
    return made;
  } else {
    const Diagnosis said = classify_bounce({.action = BounceAction::failed,
                                            .status = outcome.enhanced_status_code,
                                            .reply_code = outcome.reply_code,
                                            .diagnostic = outcome.reply_text,
                                            .other_words = {}});
    made.reason = said.reason;
    made.severity = said.severity;
    made.scope = said.scope;
    if (outcome.scope != Scope::recipient) {
      made.severity = Severity::none;
      made.scope = BounceScope::none;
    }
    return made;
  }
  made.severity = severity_of(made.reason, false);
  made.scope = scope_of(made.reason);
  return made;
}

std::string_view outcome_word(BounceReason reason) {
  return kWords[static_cast<std::size_t>(reason)];
}

std::string why_in_words(std::string_view reason) {
  if (const OwnWords* own = own_words(reason)) return std::string(own->why);
  if (const auto known = parse_bounce_reason(reason)) return std::string(plain_words(*known));
  std::string words(reason);
  std::ranges::replace(words, '_', ' ');
  return words;
}

std::string_view what_to_do(std::string_view reason) {
  if (const OwnWords* own = own_words(reason)) return own->what_to_do;
  switch (parse_bounce_reason(reason).value_or(BounceReason::undefined)) {
    case BounceReason::user_unknown:
      return "Look for a typing error; else ask the person for the address they use now.";
    case BounceReason::has_moved:
      return "Ask the person for their new address.";
    case BounceReason::host_unknown:
    case BounceReason::not_accept:
      return "Look for a typing error behind the @; else ask the person for another address.";
    case BounceReason::mailbox_full:
      return "Tell the person, by another way, that their mailbox is full.";
    case BounceReason::suspend:
      return "Ask the person whether they still use this address.";
    case BounceReason::filtered:
      return "Ask the person to accept mail from our address.";
    case BounceReason::suppressed:
      return "The mail provider keeps a list of its own: remove the address there when it works.";
    default:
      return "Read what the server said, and ask the person whether the address is right.";
  }
}

RecentBounces RecentBounces::parse(std::string_view text) {
  RecentBounces made;
  while (!text.empty() && made.entries_.size() < kMax) {
    const auto message = number<std::int64_t>(text, ':');
    const auto at = message ? number<std::int64_t>(text, ' ') : std::nullopt;
    if (!at) break;
    made.entries_.push_back({MessageId{*message}, from_micros(*at)});
  }
  return made;
}

std::string RecentBounces::to_text() const {
  std::string text;
  for (const Entry& entry : entries_) {
    fmt::format_to(std::back_inserter(text), "{}{}:{}", text.empty() ? "" : " ",
                   entry.message.value, to_micros(entry.at));
  }
  return text;
}

void RecentBounces::add(MessageId message, Instant at, Instant since, Duration spacing) {
  std::erase_if(entries_, [&](const Entry& entry) { return entry.at < since; });
  if (at < since) return;
  const bool is_counted = std::ranges::any_of(entries_, [&](const Entry& entry) {
    const Duration apart = at > entry.at ? at - entry.at : entry.at - at;
    return entry.message == message || apart < spacing;
  });
  if (is_counted) return;
  if (entries_.size() == kMax) entries_.erase(entries_.begin());
  entries_.push_back({message, at});
}

}  // namespace tidings::feedback
