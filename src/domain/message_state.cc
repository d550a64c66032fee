#include "domain/message_state.h"

#include "base/check.h"

namespace tidings {

namespace {

struct StatusFacts {
  std::string_view word;
  int rank;
};

// In the order of the enumeration. No two ranks are alike: with two, the first to come would win.
constexpr std::array<StatusFacts, kStatusCount> kFacts = {{
    {"queued", 0},
    {"sending", 2},
    {"deferred", 3},
    {"sent", 8},
    {"delivered", 9},
    {"opened", 12},
    {"clicked", 13},
    {"bounced", 11},
    {"marked as spam", 15},
    {"unsubscribed", 14},
    {"dropped", 6},
    {"skipped", 5},
    {"failed", 10},
    {"held", 1},
    {"cancelled", 4},
    {"uncertain", 7},
}};

std::optional<Status> status_of(EventType type) {
  switch (type) {
    case EventType::queued:
      return Status::queued;
    case EventType::sent:
      return Status::sent;
    case EventType::deferred:
      return Status::deferred;
    case EventType::bounced:
      return Status::bounced;
    case EventType::failed:
      return Status::failed;
    case EventType::uncertain:
      return Status::uncertain;
    case EventType::skipped:
      return Status::skipped;
    case EventType::dropped:
      return Status::dropped;
    case EventType::cancelled:
      return Status::cancelled;
    case EventType::held:
      return Status::held;
    case EventType::delivered:
      return Status::delivered;
    case EventType::opened:
      return Status::opened;
    case EventType::clicked:
      return Status::clicked;
    case EventType::marked_as_spam:
      return Status::marked_as_spam;
    case EventType::unsubscribed:
      return Status::unsubscribed;
    case EventType::resubscribed:
    case EventType::auto_replied:
    case EventType::image_loaded:
    case EventType::link_followed:
    case EventType::delayed:
    case EventType::replied:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(Status status) { return kFacts[static_cast<std::size_t>(status)].word; }

std::optional<Status> parse_status(std::string_view word) {
  for (int i = 0; i < kStatusCount; ++i) {
    if (kFacts[static_cast<std::size_t>(i)].word == word) return static_cast<Status>(i);
  }
  return std::nullopt;
}

std::string_view to_string(EventType type) {
  switch (type) {
    case EventType::resubscribed:
      return "resubscribed";
    case EventType::auto_replied:
      return "auto-replied";
    case EventType::image_loaded:
      return "image loaded";
    case EventType::link_followed:
      return "link followed";
    case EventType::delayed:
      return "delayed";
    case EventType::replied:
      return "replied";
    default:
      break;
  }
  const auto status = status_of(type);
  CHECK(status.has_value());
  return to_string(*status);
}

int rank(Status status) { return kFacts[static_cast<std::size_t>(status)].rank; }

Status after_event(Status status, EventType type) {
  const auto next = status_of(type);
  return next && rank(*next) > rank(status) ? *next : status;
}

Status status_of_events(std::span<const EventType> events, Status before) {
  // An unsubscription that was taken back leaves no trace in the status, nor does the status that
  // came of it.
  std::size_t undone = 0;
  for (std::size_t i = events.size(); i-- > 0 && undone == 0;) {
    if (events[i] == EventType::resubscribed) undone = i + 1;
  }
  Status status = before == Status::sending ? before : Status::queued;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (events[i] == EventType::unsubscribed && i < undone) continue;
    status = after_event(status, events[i]);
  }
  return status;
}

MessageState state_after(OutcomeKind kind) {
  switch (kind) {
    case OutcomeKind::sent:
      return MessageState::sent;
    case OutcomeKind::deferred:
      return MessageState::deferred;
    case OutcomeKind::bounced:
      return MessageState::bounced;
    case OutcomeKind::failed:
      return MessageState::failed;
    case OutcomeKind::uncertain:
      return MessageState::uncertain;
  }
  return MessageState::deferred;
}

EventType event_of(OutcomeKind kind) {
  switch (kind) {
    case OutcomeKind::sent:
      return EventType::sent;
    case OutcomeKind::deferred:
      return EventType::deferred;
    case OutcomeKind::bounced:
      return EventType::bounced;
    case OutcomeKind::failed:
      return EventType::failed;
    case OutcomeKind::uncertain:
      return EventType::uncertain;
  }
  return EventType::deferred;
}

}  // namespace tidings
