// SendingFigures: what this process attempted, in numbers, since it began. For /metrics.
//
// No label names a person, an organisation or a campaign: what a label names must be few.
// Thread: attempted() and recorded() the engine's or any; read from any.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/histogram.h"
#include "delivery/journal.h"
#include "delivery/transport.h"
#include "domain/campaign.h"
#include "domain/message_state.h"
#include "domain/outcome.h"

namespace tidings::delivery {

class SendingFigures {
 public:
  static constexpr std::size_t kKinds = 5;
  static constexpr std::size_t kOutcomes = 5;
  static constexpr std::size_t kEvents = 32;

  SendingFigures();

  // An attempt is decided.
  void attempted(const PreparedMessage& message, const Settlement& settlement);
  // Something was heard of a message that had left: a complaint, an unsubscribe.
  void recorded(EventType type);

  std::uint64_t attempts(MessageKind kind, OutcomeKind outcome) const;
  std::uint64_t events(EventType type) const;
  std::uint64_t octets() const { return octets_.load(std::memory_order_relaxed); }
  // Seconds from the wish to send until it was sent, of what was sent.
  Histogram::Snapshot wait(MessageKind kind) const;
  // Seconds that an attempt took.
  Histogram::Snapshot duration() const { return duration_.read(); }

 private:
  std::array<std::array<std::atomic<std::uint64_t>, kOutcomes>, kKinds> attempts_{};
  std::array<std::atomic<std::uint64_t>, kEvents> events_{};
  std::atomic<std::uint64_t> octets_ = 0;
  std::array<Histogram, kKinds> wait_;
  Histogram duration_;
};

}  // namespace tidings::delivery
