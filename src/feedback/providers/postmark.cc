#include "feedback/providers/postmark.h"

#include <array>
#include <utility>

#include "base/bytes.h"
#include "base/json_text.h"
#include "base/text.h"

namespace tidings::feedback {
namespace {

namespace json = boost::json;
using enum BounceReason;

struct BounceType {
  std::string_view word;
  EventType type;
  Diagnosis verdict;
};

constexpr Diagnosis kNothing{};
constexpr auto kTypes = std::to_array<BounceType>({
    {"HardBounce", EventType::bounced, {undefined, Severity::hard, BounceScope::recipient}},
    {"Transient", EventType::delayed, {network_error, Severity::transient, BounceScope::domain}},
    {"Unsubscribe", EventType::unsubscribed, kNothing},
    {"AutoResponder", EventType::auto_replied, {vacation, Severity::none, BounceScope::recipient}},
    {"AddressChange", EventType::bounced, {has_moved, Severity::soft, BounceScope::recipient}},
    {"DnsError", EventType::bounced, {host_unknown, Severity::soft, BounceScope::domain}},
    {"SpamNotification",
     EventType::bounced,
     {spam_detected, Severity::block, BounceScope::message}},
    {"SoftBounce", EventType::bounced, {undefined, Severity::soft, BounceScope::recipient}},
    {"VirusNotification",
     EventType::bounced,
     {virus_detected, Severity::block, BounceScope::message}},
    {"ChallengeVerification",
     EventType::bounced,
     {filtered, Severity::soft, BounceScope::recipient}},
    {"BadEmailAddress", EventType::bounced, {user_unknown, Severity::hard, BounceScope::recipient}},
    {"SpamComplaint",
     EventType::marked_as_spam,
     {BounceReason::feedback, Severity::none, BounceScope::recipient}},
    {"ManuallyDeactivated",
     EventType::bounced,
     {suppressed, Severity::soft, BounceScope::recipient}},
    {"Unconfirmed", EventType::bounced, {suppressed, Severity::soft, BounceScope::recipient}},
    {"Blocked", EventType::bounced, {blocked, Severity::block, BounceScope::our_address}},
    {"SMTPApiError", EventType::bounced, {policy_violation, Severity::block, BounceScope::message}},
    {"DMARCPolicy", EventType::bounced, {auth_failure, Severity::block, BounceScope::our_domain}},
    {"Unknown", EventType::bounced, kNothing},
});

const BounceType* find(std::string_view word) {
  for (const BounceType& row : kTypes) {
    if (row.word == word) return &row;
  }
  return nullptr;
}

bool read_bounce(const json::object& told, ProviderEvent& event) {
  const BounceType* row = find(text_of(told, "Type"));
  if (row == nullptr) return false;
  event.type = row->type;
  event.about.address = clean_text_of(told, "Email");
  event.occurred_at = parse_rfc3339(text_of(told, "BouncedAt"));
  const auto number = static_cast<std::int64_t>(number_in(told, "ID"));
  event.key = row->type == EventType::delayed ? "delayed/" + clean_text_of(told, "MessageID")
                                              : "bounce/" + std::to_string(number);
  if (row->type == EventType::bounced || row->type == EventType::delayed) {
    set_words(event.about, text_of(told, "Details"));
    diagnose(event.about,
             row->type == EventType::delayed ? BounceAction::delayed : BounceAction::failed,
             row->verdict);
  } else {
    event.about.reason = row->verdict.reason;
    event.about.severity = row->verdict.severity;
    event.about.scope = row->verdict.scope;
  }
  return true;
}

// Hard bounces and complaints come by themselves; a person at Postmark's screen is none of ours.
bool read_subscription(const json::object& told, ProviderEvent& event) {
  const json::value* is_off = told.if_contains("SuppressSending");
  if (is_off == nullptr || !is_off->is_bool() || !is_off->get_bool() ||
      text_of(told, "SuppressionReason") != "ManualSuppression" ||
      text_of(told, "Origin") != "Recipient") {
    return false;
  }
  event.type = EventType::unsubscribed;
  event.about.address = clean_text_of(told, "Recipient");
  event.occurred_at = parse_rfc3339(text_of(told, "ChangedAt"));
  event.key = "unsubscribed/" + clean_text_of(told, "MessageID");
  return true;
}

bool read_record(const json::object& told, ProviderEvent& event) {
  const std::string kind = text_of(told, "RecordType");
  if (kind == "Bounce" || kind == "SpamComplaint") return read_bounce(told, event);
  if (kind == "SubscriptionChange") return read_subscription(told, event);
  if (kind != "Delivery") return false;
  event.type = EventType::delivered;
  event.about.address = clean_text_of(told, "Recipient");
  event.occurred_at = parse_rfc3339(text_of(told, "DeliveredAt"));
  set_words(event.about, text_of(told, "Details"));
  diagnose(event.about, BounceAction::delivered, {});
  event.key = "delivered/" + clean_text_of(told, "MessageID") + '/' + lower(event.about.address);
  return true;
}

}  // namespace

Result<ProviderReading> read_postmark(std::string_view body) {
  const auto told = object_of(body);
  if (!told) {
    return fail(ErrorKind::invalid, "provider.malformed", "This is no webhook of Postmark.");
  }
  ProviderEvent event;
  if (!read_record(*told, event)) return ProviderReading{{}, 1};
  const json::object* metadata = object_in(*told, "Metadata");
  if (metadata != nullptr) event.metadata = clean_text_of(*metadata, kMetadataName);
  ProviderReading reading;
  reading.events.push_back(std::move(event));
  return reading;
}

bool is_basic_login(std::string_view authorization, std::string_view user,
                    std::string_view password) {
  constexpr std::string_view kScheme = "basic ";
  if (authorization.size() < kScheme.size() ||
      lower(authorization.substr(0, kScheme.size())) != kScheme) {
    return false;
  }
  const auto given = from_base64(trimmed(authorization.substr(kScheme.size())));
  return given && !password.empty() &&
         equal_constant_time(*given, std::string(user).append(":").append(password));
}

}  // namespace tidings::feedback
