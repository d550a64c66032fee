// The life of a message: what the engine may do with it, and what people are told about it.
//
// MessageState is the machine's: it says who may act next. Status is what P37 of the product
// shows: a fold of events by rank, so that duplicates and any order give the same result.
// Both are stored as their number: never renumber. Thread: values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "domain/outcome.h"

namespace tidings {

enum class MessageState : std::uint8_t {
  waiting = 0,   // ready for its first attempt
  deferred = 1,  // waiting for due_at after an attempt
  leased = 2,    // held by a node, which may be attempting it
  sent = 3,
  bounced = 4,
  failed = 5,
  uncertain = 6,  // an intent has no outcome
  skipped = 7,
  dropped = 8,
  cancelled = 9,
  held = 10,  // waits for a person
};

// No attempt follows by itself.
constexpr bool is_final(MessageState state) {
  return state > MessageState::leased && state != MessageState::held;
}

enum class EventType : std::uint8_t {
  queued = 0,
  sent = 1,
  deferred = 2,
  bounced = 3,
  failed = 4,
  uncertain = 5,
  skipped = 6,
  dropped = 7,
  cancelled = 8,
  held = 9,
  delivered = 10,
  opened = 11,
  clicked = 12,
  marked_as_spam = 13,
  unsubscribed = 14,
  resubscribed = 15,  // the contact undid it
  auto_replied = 16,
  // Raw: that something asked for it, a person or a machine. They raise no status.
  image_loaded = 17,
  link_followed = 18,
  delayed = 19,  // still tried, and already for long
  replied = 20,  // a person answered; raises no status
};

enum class Status : std::uint8_t {
  queued = 0,
  sending = 1,
  deferred = 2,
  sent = 3,
  delivered = 4,
  opened = 5,
  clicked = 6,
  bounced = 7,
  marked_as_spam = 8,
  unsubscribed = 9,
  dropped = 10,
  skipped = 11,
  failed = 12,
  held = 13,
  cancelled = 14,
  uncertain = 15,
};
inline constexpr int kStatusCount = 16;

// The words of the product: "queued", "marked as spam" …
std::string_view to_string(Status status);
std::optional<Status> parse_status(std::string_view word);
std::string_view to_string(EventType type);

// Display precedence of P37; the higher wins. Where P37 has two abreast, what a server said
// outranks what we gave up, and the rule that stopped a message outranks the person who did.
int rank(Status status);

// The status after one more event. Commutative and idempotent.
Status after_event(Status status, EventType type);

// The fold of all of a message's events, in any order but for resubscriptions, which are answered
// in the order given. `before` may be a status that no event tells: sending.
Status status_of_events(std::span<const EventType> events, Status before = Status::queued);

// What an outcome does to the state of the message it concerns.
MessageState state_after(OutcomeKind kind);
EventType event_of(OutcomeKind kind);

}  // namespace tidings
