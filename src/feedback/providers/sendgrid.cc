#include "feedback/providers/sendgrid.h"

#include <array>
#include <charconv>
#include <utility>

#include "base/bytes.h"
#include "base/json_text.h"
#include "base/text.h"
#include "feedback/providers/signatures.h"
#include "wire/dsn.h"

namespace tidings::feedback {
namespace {

namespace json = boost::json;
using enum BounceReason;

constexpr Diagnosis kHard{undefined, Severity::hard, BounceScope::recipient};
constexpr Diagnosis kBlocked{blocked, Severity::block, BounceScope::our_address};

// What its classification means where the server's words say nothing.
Diagnosis bounce_verdict(const json::object& event) {
  const std::string kind = lower(text_of(event, "bounce_classification"));
  if (kind == "invalid address") return diagnosis_of(user_unknown);
  if (kind == "mailbox unavailable") return diagnosis_of(suspend);
  if (kind == "reputation") return diagnosis_of(bad_reputation);
  if (kind == "content") return diagnosis_of(spam_detected);
  if (kind == "frequency or volume too high") return diagnosis_of(speeding);
  if (kind == "technical") return diagnosis_of(system_error);
  return text_of(event, "type") == "blocked" ? kBlocked : kHard;
}

// Why SendGrid did not even try.
Diagnosis drop_verdict(std::string_view reason) {
  const std::string words = lower(reason);
  if (words == "invalid") return diagnosis_of(user_unknown);
  if (words.starts_with("spam content")) return diagnosis_of(spam_detected);
  if (words.contains("quota")) return diagnosis_of(exceed_limit);
  if (words.contains("address")) return diagnosis_of(suppressed);
  return {undefined, Severity::undetermined, BounceScope::none};
}

void set(ReportRecipient& about, const Diagnosis& verdict) {
  about.reason = verdict.reason;
  about.severity = verdict.severity;
  about.scope = verdict.scope;
}

// Fills what the event's kind says; false for one that is nothing to us.
bool read_kind(const json::object& told, ProviderEvent& event) {
  const std::string kind = text_of(told, "event");
  ReportRecipient& about = event.about;
  about.status = wire::find_status_code(text_of(told, "status"));
  if (kind == "delivered") {
    event.type = EventType::delivered;
    set_words(about, text_of(told, "response"));
    diagnose(about, BounceAction::delivered, {});
  } else if (kind == "deferred") {
    event.type = EventType::delayed;
    set_words(about, text_of(told, "response"));
    if (about.diagnostic.empty()) set_words(about, text_of(told, "reason"));
    diagnose(about, BounceAction::delayed, {});
  } else if (kind == "bounce") {
    event.type = EventType::bounced;
    set_words(about, text_of(told, "reason"));
    Diagnosis verdict = bounce_verdict(told);
    if (text_of(told, "type") == "blocked" && verdict.severity == Severity::hard) {
      verdict = kBlocked;
    }
    diagnose(about, BounceAction::failed, verdict);
  } else if (kind == "dropped") {
    event.type = EventType::bounced;
    set_words(about, text_of(told, "reason"));
    set(about, drop_verdict(about.diagnostic));
  } else if (kind == "spamreport") {
    event.type = EventType::marked_as_spam;
    set(about, diagnosis_of(BounceReason::feedback));
  } else if (kind == "unsubscribe" || kind == "group_unsubscribe") {
    event.type = EventType::unsubscribed;
  } else {
    return false;
  }
  return true;
}

}  // namespace

bool is_signed_by_sendgrid(std::string_view key, std::string_view timestamp,
                           std::string_view signature, std::string_view body) {
  const auto octets = from_base64(signature);
  if (!octets || timestamp.empty()) return false;
  return is_signed_by_p256(key, std::string(timestamp).append(body), *octets);
}

std::optional<Instant> sendgrid_time(std::string_view timestamp) {
  std::int64_t seconds = 0;
  const auto [end, error] =
      std::from_chars(timestamp.data(), timestamp.data() + timestamp.size(), seconds);
  if (error != std::errc() || end != timestamp.data() + timestamp.size()) return std::nullopt;
  return instant_of_seconds(static_cast<double>(seconds));
}

Result<ProviderReading> read_sendgrid(std::string_view body) {
  const json::value list = parse_json(body);
  if (!list.is_array()) {
    return fail(ErrorKind::invalid, "provider.malformed", "This is no list of events of SendGrid.");
  }
  ProviderReading reading;
  for (const json::value& each : list.get_array()) {
    ProviderEvent event;
    const bool is_wanted = each.is_object() && reading.events.size() < kProviderEventsMax &&
                           read_kind(each.get_object(), event);
    if (!is_wanted) {
      ++reading.ignored;
      continue;
    }
    const json::object& told = each.get_object();
    event.about.address = clean_text_of(told, "email");
    event.occurred_at = instant_of_seconds(number_in(told, "timestamp"));
    event.message_id = clean_text_of(told, "smtp-id");
    event.key = event.type == EventType::delayed
                    ? "deferred/" + event.message_id + '/' + clean_text_of(told, "sg_message_id")
                    : clean_text_of(told, "sg_event_id");
    reading.events.push_back(std::move(event));
  }
  return reading;
}

}  // namespace tidings::feedback
