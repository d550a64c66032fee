#include "feedback/apply_evidence.h"

#include <algorithm>
#include <boost/json.hpp>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "audience/consent/preferences.h"
#include "audience/suppressions.h"
#include "base/bytes.h"
#include "base/check.h"
#include "feedback/address_problems.h"
#include "feedback/bounce_consequence.h"
#include "feedback/message_address.h"

namespace tidings::feedback {
namespace {

namespace json = boost::json;

constexpr std::size_t kKeyMax = 200;

// What a report that says "bounced" means.
EventType type_of(const Fact& fact) {
  if (fact.type != EventType::bounced) return fact.type;
  switch (fact.about.reason) {
    case BounceReason::delivered:
      return EventType::delivered;
    case BounceReason::feedback:
      return EventType::marked_as_spam;
    case BounceReason::vacation:
      return EventType::auto_replied;
    default:
      break;
  }
  const bool is_tried =
      fact.about.severity == Severity::transient || fact.about.severity == Severity::none;
  return is_tried ? EventType::delayed : EventType::bounced;
}

// The members of an attempt (delivery/attempt_data.h), and what was made of it.
std::string data_of(const Fact& fact, EventType type, bool is_erased) {
  const ReportRecipient& about = fact.about;
  json::object data;
  if (type == EventType::bounced || type == EventType::delayed) {
    data["reason"] = outcome_word(about.reason);
    data["severity"] = to_string(about.severity);
    data["scope"] = to_string(about.scope);
  }
  if (is_erased) return json::serialize(data);  // what was said may name the person
  if (about.reply_code != 0) data["reply_code"] = about.reply_code;
  if (!about.status.empty()) data["enhanced_status_code"] = about.status;
  if (!about.diagnostic.empty()) data["reply_text"] = about.diagnostic;
  return json::serialize(data);
}

// Sources number their facts each for itself.
std::string key_of(const Fact& fact) {
  CHECK(!fact.dedupe_key.empty());
  std::string key = fmt::format("{}/{}", fact.source, fact.dedupe_key);
  return key.size() <= kKeyMax ? key : fmt::format("{}/{}", fact.source, to_hex(sha256(key)));
}

Result<void> unsubscribe(db::Connection& connection, IdSource& ids, const Fact& fact,
                         const MessageAddress& to, Instant now) {
  const auto person = TRY(
      consent::person_at(connection, fact.organisation, to.contact, {to.channel, to.normalised}));
  const auto preferences = TRY(consent::preferences_of(connection, person, now));
  TRY(consent::choose(connection, ids, person, consent::all_choices(preferences, to.channel, false),
                      consent::Proof{.origin = fact.source,
                                     .by = {},
                                     .text = {},
                                     .note = "told by the mail provider",
                                     .ip = {},
                                     .message_id = fact.message},
                      now));
  return {};
}

}  // namespace

Result<Applied> apply_evidence(db::Connection& connection, const delivery::Ledger& ledger,
                               IdSource& ids, const Fact& fact, Instant now) {
  const auto to = TRY(message_address(connection, fact.organisation, fact.message));
  if (!to) return Applied::no_such_message;
  const EventType type = type_of(fact);
  const Instant at = std::min(fact.occurred_at, now);
  delivery::Evidence evidence{.organisation_id = fact.organisation,
                              .message_id = fact.message,
                              .type = type,
                              .occurred_at = at,
                              .source = fact.source,
                              .data = data_of(fact, type, to->normalised.empty()),
                              .dedupe_key = key_of(fact),
                              .reason = {}};
  if (type == EventType::bounced) evidence.reason = outcome_word(fact.about.reason);
  if (!TRY(ledger.record(connection, evidence, now))) return Applied::known;
  if (to->is_trial || to->normalised.empty()) return Applied::applied;
  switch (type) {
    case EventType::bounced:
      TRY(note_bounce(connection, ids,
                      {.organisation = fact.organisation,
                       .message = fact.message,
                       .channel = to->channel,
                       .normalised = to->normalised,
                       .reason = to_string(fact.about.reason),
                       .verdict = verdict_on(fact.about.severity, fact.about.scope),
                       .diagnostic = fact.about.diagnostic,
                       .at = at,
                       .origin = fact.source},
                      now));
      break;
    case EventType::marked_as_spam:
      TRY(audience::suppress(connection, ids, fact.organisation,
                             {.channel = to->channel,
                              .normalised = to->normalised,
                              .reason = "complaint",
                              .kinds = audience::SuppressedKinds::campaign,
                              .origin = fact.source,
                              .note = "the recipient marked a message as spam",
                              .message_id = fact.message,
                              .expires_at = {}},
                             now));
      break;
    case EventType::unsubscribed:
      TRY(unsubscribe(connection, ids, fact, *to, now));
      break;
    default:
      break;
  }
  return Applied::applied;
}

}  // namespace tidings::feedback
