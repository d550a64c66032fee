// Decides when a deferred message is tried again, and when it is given up.
//
// Pure, because the engine and the screen's "next attempt" must agree. Spec: RFC 5321 §4.5.4.1:
// at least 30 minutes between tries as a rule, two in the first hour, then every two or three
// hours, given up after four to five days. Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "domain/campaign.h"

namespace tidings {

struct RetryPolicy {
  // Waiting time after the first, second … attempt; the last one repeats.
  std::vector<Duration> delays = {std::chrono::minutes(30), std::chrono::minutes(30),
                                  std::chrono::minutes(150)};
  // Since the message was queued; nothing is tried after it.
  Duration expiry = std::chrono::days(5);

  // When to try again after `attempts` attempts, the last of which ended at `ended`; nothing when
  // that would be later than queued + expiry: the message is given up now. Spread by up to a tenth
  // so that messages deferred together do not return together; the same for the same arguments.
  std::optional<Instant> next_attempt(MessageId id, int attempts, Instant queued,
                                      Instant ended) const;
};

// One for each stream (B6). What somebody waits for is tried sooner and given up sooner: a code to
// sign in with is of no use tomorrow. Tests and copies are treated as transactional.
// Deviates: of RFC 5321 §4.5.4.1 for transactional messages, whose first tries are sooner.
struct RetryPolicies {
  RetryPolicy campaign;
  RetryPolicy individual;
  RetryPolicy transactional = {
      {std::chrono::minutes(5), std::chrono::minutes(10), std::chrono::minutes(30),
       std::chrono::minutes(60), std::chrono::minutes(150)},
      std::chrono::days(2)};
  // How long a message is tried in vain before its timeline says once that it is delayed.
  Duration delayed_after = std::chrono::hours(4);

  const RetryPolicy& of(MessageKind kind) const;
};

}  // namespace tidings
