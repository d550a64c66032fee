#include "feedback/providers/ses.h"

#include <array>
#include <utility>

#include "base/json_text.h"
#include "base/text.h"
#include "wire/dsn.h"

namespace tidings::feedback {
namespace {

namespace json = boost::json;
using enum BounceReason;

struct SubType {
  std::string_view word;
  Diagnosis verdict;
};

// Bounce sub-types that say what is the matter; "General" and "Undetermined" do not.
constexpr auto kBounceSubTypes = std::to_array<SubType>({
    {"NoEmail", {user_unknown, Severity::hard, BounceScope::recipient}},
    {"Suppressed", {suppressed, Severity::soft, BounceScope::recipient}},
    {"OnAccountSuppressionList", {suppressed, Severity::soft, BounceScope::recipient}},
    {"UnsubscribedRecipient", {suppressed, Severity::soft, BounceScope::recipient}},
    {"MailboxFull", {mailbox_full, Severity::soft, BounceScope::recipient}},
    {"MessageTooLarge", {message_too_big, Severity::soft, BounceScope::message}},
    {"ContentRejected", {content_error, Severity::soft, BounceScope::message}},
    {"AttachmentRejected", {content_error, Severity::soft, BounceScope::message}},
    {"CustomTimeoutExceeded", {expired, Severity::soft, BounceScope::domain}},
});
constexpr auto kDelayTypes = std::to_array<SubType>({
    {"MailboxFull", {mailbox_full, Severity::transient, BounceScope::recipient}},
    {"SpamDetected", {spam_detected, Severity::transient, BounceScope::message}},
    {"RecipientServerError", {system_error, Severity::transient, BounceScope::domain}},
    {"IPFailure", {blocked, Severity::transient, BounceScope::our_address}},
    {"TransientCommunicationFailure", {network_error, Severity::transient, BounceScope::domain}},
});

template <std::size_t N>
const Diagnosis* find(const std::array<SubType, N>& rows, std::string_view word) {
  for (const SubType& row : rows) {
    if (row.word == word) return &row.verdict;
  }
  return nullptr;
}

Diagnosis bounce_verdict(std::string_view type, std::string_view sub_type) {
  const Diagnosis* known = find(kBounceSubTypes, sub_type);
  Diagnosis verdict = known == nullptr ? Diagnosis() : *known;
  if (known != nullptr) return verdict;
  if (type == "Permanent") verdict = {undefined, Severity::hard, BounceScope::recipient};
  if (type == "Transient") verdict = {undefined, Severity::soft, BounceScope::recipient};
  return verdict;
}

// "550 5.1.1 …" of "smtp; 550 5.1.1 …" (RFC 3464 §2.3.6).
std::string_view words_of(std::string_view diagnostic) {
  constexpr std::string_view kType = "smtp;";
  if (lower(diagnostic.substr(0, kType.size())) == kType) diagnostic.remove_prefix(kType.size());
  return trimmed(diagnostic);
}

// What is the same in every event of a notification.
ProviderEvent beginning(const json::object& mail) {
  ProviderEvent event;
  event.return_path = clean_text_of(mail, "source");
  for (const json::object* header : objects_in(mail, "headers")) {
    if (lower(text_of(*header, "name")) == "message-id") {
      event.message_id = clean_text_of(*header, "value");
    }
  }
  const json::object* common = object_in(mail, "commonHeaders");
  if (event.message_id.empty() && common != nullptr) {
    event.message_id = clean_text_of(*common, "messageId");
  }
  return event;
}

class Notification {
 public:
  Notification(const json::object& mail, const json::object& told)
      : told_(told), begun_(beginning(mail)), ses_id_(clean_text_of(mail, "messageId")) {
    begun_.occurred_at = parse_rfc3339(text_of(told, "timestamp"));
  }

  // One event for each recipient in the list `name`; `fill` says what it is.
  template <typename Fill>
  void each_recipient(std::string_view name, EventType type, Fill fill) {
    const auto recipients = objects_in(told_, name);
    for (const json::object* recipient : recipients) {
      ProviderEvent event = begin(type, clean_text_of(*recipient, "emailAddress"));
      event.is_one_of_several = recipients.size() > 1;
      event.about.status = wire::find_status_code(text_of(*recipient, "status"));
      set_words(event.about, words_of(text_of(*recipient, "diagnosticCode")));
      fill(event);
      reading_.events.push_back(std::move(event));
    }
  }
  void each_delivered() {
    const json::value* list = told_.if_contains("recipients");
    if (list == nullptr || !list->is_array()) return;
    for (const json::value& address : list->get_array()) {
      if (!address.is_string() || reading_.events.size() == kProviderEventsMax) continue;
      ProviderEvent event = begin(EventType::delivered, std::string(address.get_string()));
      event.is_one_of_several = list->get_array().size() > 1;
      set_words(event.about, text_of(told_, "smtpResponse"));
      diagnose(event.about, BounceAction::delivered, {});
      reading_.events.push_back(std::move(event));
    }
  }
  void rejected() {
    ProviderEvent event = begin(EventType::bounced, "");
    set_words(event.about, text_of(told_, "reason"));
    diagnose(event.about, BounceAction::failed, diagnosis_of(virus_detected));
    reading_.events.push_back(std::move(event));
  }
  ProviderReading& reading() { return reading_; }

 private:
  ProviderEvent begin(EventType type, std::string address) const {
    ProviderEvent event = begun_;
    event.type = type;
    event.about.address = std::move(address);
    event.key =
        ses_id_ + '/' + std::to_string(static_cast<int>(type)) + '/' + lower(event.about.address);
    return event;
  }

  const json::object& told_;
  ProviderEvent begun_;
  const std::string ses_id_;
  ProviderReading reading_;
};

void read_bounce(Notification& notification, const json::object& bounce) {
  const Diagnosis verdict =
      bounce_verdict(text_of(bounce, "bounceType"), text_of(bounce, "bounceSubType"));
  notification.each_recipient("bouncedRecipients", EventType::bounced, [&](ProviderEvent& event) {
    diagnose(event.about, BounceAction::failed, verdict);
  });
}

void read_complaint(Notification& notification, const json::object& complaint) {
  if (text_of(complaint, "complaintFeedbackType") == "not-spam") {
    notification.reading().ignored = 1;
    return;
  }
  // Not a complaint of today: SES did not send it, because of an earlier one.
  const bool is_withheld = text_of(complaint, "complaintSubType") == "OnAccountSuppressionList";
  const EventType type = is_withheld ? EventType::bounced : EventType::marked_as_spam;
  notification.each_recipient("complainedRecipients", type, [&](ProviderEvent& event) {
    const Diagnosis verdict = diagnosis_of(is_withheld ? suppressed : BounceReason::feedback);
    event.about.reason = verdict.reason;
    event.about.severity = verdict.severity;
    event.about.scope = verdict.scope;
  });
}

void read_delay(Notification& notification, const json::object& delay) {
  const Diagnosis* known = find(kDelayTypes, text_of(delay, "delayType"));
  const Diagnosis verdict = known == nullptr ? Diagnosis() : *known;
  notification.each_recipient("delayedRecipients", EventType::delayed, [&](ProviderEvent& event) {
    diagnose(event.about, BounceAction::delayed, verdict);
  });
}

}  // namespace

ProviderReading read_ses(std::string_view message) {
  const auto object = object_of(message);
  const json::object* mail = object ? object_in(*object, "mail") : nullptr;
  if (mail == nullptr) return {{}, 1};
  std::string kind = text_of(*object, "notificationType");
  if (kind.empty()) kind = text_of(*object, "eventType");
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kMembers = {
      std::pair{"Bounce", "bounce"},
      {"Complaint", "complaint"},
      {"Delivery", "delivery"},
      {"DeliveryDelay", "deliveryDelay"},
      {"Reject", "reject"}};
  const json::object* told = nullptr;
  for (const auto& [word, member] : kMembers) {
    if (word == kind) told = object_in(*object, member);
  }
  if (told == nullptr) return {{}, 1};
  Notification notification(*mail, *told);
  if (kind == "Bounce") read_bounce(notification, *told);
  if (kind == "Complaint") read_complaint(notification, *told);
  if (kind == "Delivery") notification.each_delivered();
  if (kind == "DeliveryDelay") read_delay(notification, *told);
  if (kind == "Reject") notification.rejected();
  return std::move(notification.reading());
}

}  // namespace tidings::feedback
