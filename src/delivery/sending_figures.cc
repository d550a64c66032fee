#include "delivery/sending_figures.h"

#include <chrono>

#include "base/check.h"

namespace tidings::delivery {

namespace {

constexpr std::array<double, 14> kWaitSeconds = {0.1, 0.25, 0.5, 1,   2,    5,     10,
                                                 30,  60,   300, 900, 3600, 14400, 86400};
constexpr std::array<double, 10> kAttemptSeconds = {0.005, 0.025, 0.1, 0.25, 0.5,
                                                    1,     5,     30,  120,  600};

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

SendingFigures::SendingFigures()
    : wait_{Histogram(kWaitSeconds), Histogram(kWaitSeconds), Histogram(kWaitSeconds),
            Histogram(kWaitSeconds), Histogram(kWaitSeconds)},
      duration_(kAttemptSeconds) {}

void SendingFigures::attempted(const PreparedMessage& message, const Settlement& settlement) {
  const Outcome& outcome = settlement.outcome;
  const auto kind = static_cast<std::size_t>(message.kind);
  const auto decided = static_cast<std::size_t>(outcome.kind);
  CHECK(kind < kKinds && decided < kOutcomes);
  attempts_[kind][decided].fetch_add(1, std::memory_order_relaxed);
  duration_.observe(seconds(outcome.ended_at - outcome.started_at));
  if (outcome.kind != OutcomeKind::sent) return;
  if (message.octets) octets_.fetch_add(message.octets->size(), std::memory_order_relaxed);
  wait_[kind].observe(seconds(outcome.ended_at - message.queued_at));
}

void SendingFigures::recorded(EventType type) {
  const auto at = static_cast<std::size_t>(type);
  CHECK(at < kEvents);
  events_[at].fetch_add(1, std::memory_order_relaxed);
}

std::uint64_t SendingFigures::attempts(MessageKind kind, OutcomeKind outcome) const {
  return attempts_.at(static_cast<std::size_t>(kind))
      .at(static_cast<std::size_t>(outcome))
      .load(std::memory_order_relaxed);
}

std::uint64_t SendingFigures::events(EventType type) const {
  return events_.at(static_cast<std::size_t>(type)).load(std::memory_order_relaxed);
}

Histogram::Snapshot SendingFigures::wait(MessageKind kind) const {
  return wait_.at(static_cast<std::size_t>(kind)).read();
}

}  // namespace tidings::delivery
