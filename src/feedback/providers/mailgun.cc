#include "feedback/providers/mailgun.h"

#include <charconv>
#include <utility>

#include "base/bytes.h"
#include "base/json_text.h"
#include "base/text.h"
#include "wire/dsn.h"

namespace tidings::feedback {
namespace {

namespace json = boost::json;
using enum BounceReason;

constexpr std::size_t kTokenMax = 200;

std::unexpected<Error> malformed() {
  return fail(ErrorKind::invalid, "provider.malformed", "This is no webhook of Mailgun.");
}

// The time is text in most calls, and a number in some.
std::string timestamp_text(const json::object& signature) {
  const std::string text = text_of(signature, "timestamp");
  if (!text.empty()) return text;
  const double seconds = number_in(signature, "timestamp");
  return seconds > 0 ? std::to_string(static_cast<std::int64_t>(seconds)) : "";
}

MailgunSignature read_signature(const json::object& given, std::string_view key) {
  MailgunSignature signature;
  const std::string timestamp = timestamp_text(given);
  std::int64_t seconds = 0;
  const auto [end, error] =
      std::from_chars(timestamp.data(), timestamp.data() + timestamp.size(), seconds);
  if (error == std::errc() && end == timestamp.data() + timestamp.size()) {
    signature.signed_at = instant_of_seconds(static_cast<double>(seconds));
  }
  signature.token = text_of(given, "token");
  if (signature.token.empty() || signature.token.size() > kTokenMax || key.empty()) {
    return signature;
  }
  const auto claimed = from_hex(lower(text_of(given, "signature")));
  signature.is_good =
      claimed && equal_constant_time(*claimed, hmac_sha256(key, timestamp + signature.token));
  return signature;
}

// What Mailgun makes of it where the server's words say nothing.
Diagnosis verdict_of(std::string_view reason) {
  if (reason.starts_with("suppress-")) return diagnosis_of(suppressed);
  if (reason == "old") return diagnosis_of(expired);
  if (reason == "espblock") return diagnosis_of(blocked);
  if (reason == "greylisted") return {network_error, Severity::soft, BounceScope::domain};
  if (reason == "bounce") return {undefined, Severity::hard, BounceScope::recipient};
  return {};
}

void read_failure(const json::object& told, ProviderEvent& event) {
  const bool is_final = text_of(told, "severity") != "temporary";
  event.type = is_final ? EventType::bounced : EventType::delayed;
  if (const json::object* status = object_in(told, "delivery-status")) {
    const auto code = static_cast<int>(number_in(*status, "code"));
    // 6xx are Mailgun's own.
    if (code >= 400 && code < 560) event.about.reply_code = static_cast<std::uint16_t>(code);
    event.about.status = wire::find_status_code(text_of(*status, "enhanced-code"));
    const std::string words = text_of(*status, "message");
    set_words(event.about, words.empty() ? text_of(*status, "description") : words);
  }
  const std::string reason = text_of(told, "reason");
  const Diagnosis verdict = verdict_of(reason);
  // Not tried at all: the words are Mailgun's, about an earlier failure.
  if (is_final && verdict.reason == suppressed) {
    event.about.reason = suppressed;
    event.about.severity = verdict.severity;
    event.about.scope = verdict.scope;
    return;
  }
  diagnose(event.about, is_final ? BounceAction::failed : BounceAction::delayed,
           is_final ? verdict : Diagnosis{});
}

// Fills what the event's kind says; false for one that is nothing to us.
bool read_kind(const json::object& told, ProviderEvent& event) {
  const std::string kind = text_of(told, "event");
  if (kind == "failed") {
    read_failure(told, event);
  } else if (kind == "delivered") {
    event.type = EventType::delivered;
    if (const json::object* status = object_in(told, "delivery-status")) {
      set_words(event.about, text_of(*status, "message"));
    }
    diagnose(event.about, BounceAction::delivered, {});
  } else if (kind == "rejected") {
    event.type = EventType::bounced;
    if (const json::object* reject = object_in(told, "reject")) {
      set_words(event.about, text_of(*reject, "reason"));
    }
    diagnose(event.about, BounceAction::failed, diagnosis_of(policy_violation));
  } else if (kind == "complained") {
    event.type = EventType::marked_as_spam;
    event.about.reason = BounceReason::feedback;
    event.about.severity = Severity::none;
    event.about.scope = BounceScope::recipient;
  } else if (kind == "unsubscribed") {
    event.type = EventType::unsubscribed;
  } else {
    return false;
  }
  return true;
}

ProviderReading read_event(const json::object& told) {
  ProviderEvent event;
  if (!read_kind(told, event)) return {{}, 1};
  event.about.address = clean_text_of(told, "recipient");
  event.occurred_at = instant_of_seconds(number_in(told, "timestamp"));
  const json::object* message = object_in(told, "message");
  const json::object* headers = message == nullptr ? nullptr : object_in(*message, "headers");
  if (headers != nullptr) event.message_id = clean_text_of(*headers, "message-id");
  event.key = event.type == EventType::delayed
                  ? "delayed/" + event.message_id + '/' + lower(event.about.address)
                  : clean_text_of(told, "id");
  ProviderReading reading;
  reading.events.push_back(std::move(event));
  return reading;
}

}  // namespace

Result<MailgunCall> read_mailgun(std::string_view body, std::string_view signing_key) {
  const auto whole = object_of(body);
  const json::object* given = whole ? object_in(*whole, "signature") : nullptr;
  const json::object* told = whole ? object_in(*whole, "event-data") : nullptr;
  if (given == nullptr || told == nullptr) return malformed();
  MailgunCall call;
  call.signature = read_signature(*given, signing_key);
  if (call.signature.is_good) call.reading = read_event(*told);
  return call;
}

}  // namespace tidings::feedback
