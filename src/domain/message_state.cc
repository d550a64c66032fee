#include "domain/message_state.h"

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

constexpr std::string_view word_of(Status status) {
  return kFacts[static_cast<std::size_t>(status)].word;
}

struct EventFacts {
  std::string_view word;
  std::optional<Status> status;  // that it raises a message to
};
constexpr EventFacts raises(Status status) { return {word_of(status), status}; }

// In the order of the enumeration.
constexpr std::array<EventFacts, 21> kEvents = {{
    raises(Status::queued),
    raises(Status::sent),
    raises(Status::deferred),
    raises(Status::bounced),
    raises(Status::failed),
    raises(Status::uncertain),
    raises(Status::skipped),
    raises(Status::dropped),
    raises(Status::cancelled),
    raises(Status::held),
    raises(Status::delivered),
    raises(Status::opened),
    raises(Status::clicked),
    raises(Status::marked_as_spam),
    raises(Status::unsubscribed),
    {"resubscribed", {}},
    {"auto-replied", {}},
    {"image loaded", {}},
    {"link followed", {}},
    {"delayed", {}},
    {"replied", {}},
}};

// Of what this program does not know: a newer one may have stored it.
constexpr EventFacts kUnknown = {"unknown", {}};

constexpr const EventFacts& facts_of(EventType type) {
  const auto index = static_cast<std::size_t>(type);
  return index < kEvents.size() ? kEvents[index] : kUnknown;
}

struct OutcomeFacts {
  MessageState state;
  EventType event;
};

// In the order of the enumeration.
constexpr std::array<OutcomeFacts, 5> kOutcomes = {{
    {MessageState::sent, EventType::sent},
    {MessageState::deferred, EventType::deferred},
    {MessageState::bounced, EventType::bounced},
    {MessageState::failed, EventType::failed},
    {MessageState::uncertain, EventType::uncertain},
}};

}  // namespace

std::string_view to_string(Status status) { return word_of(status); }

std::optional<Status> parse_status(std::string_view word) {
  for (int i = 0; i < kStatusCount; ++i) {
    if (kFacts[static_cast<std::size_t>(i)].word == word) return static_cast<Status>(i);
  }
  return std::nullopt;
}

std::string_view to_string(EventType type) { return facts_of(type).word; }

int rank(Status status) { return kFacts[static_cast<std::size_t>(status)].rank; }

Status after_event(Status status, EventType type) {
  const auto next = facts_of(type).status;
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
  return kOutcomes[static_cast<std::size_t>(kind)].state;
}

EventType event_of(OutcomeKind kind) { return kOutcomes[static_cast<std::size_t>(kind)].event; }

}  // namespace tidings
