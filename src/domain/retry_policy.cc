#include "domain/retry_policy.h"

#include <algorithm>

#include "base/check.h"

namespace tidings {

std::optional<Instant> RetryPolicy::next_attempt(MessageId id, int attempts, Instant queued,
                                                 Instant ended) const {
  CHECK(attempts >= 1 && !delays.empty());
  const auto index = std::min(static_cast<std::size_t>(attempts), delays.size()) - 1;
  const Duration delay = delays[index];
  // A multiplicative hash of id and attempt, as a fraction of a tenth of the delay.
  const std::uint64_t mixed =
      (static_cast<std::uint64_t>(id.value) + static_cast<std::uint64_t>(attempts)) *
      0x9e3779b97f4a7c15u;
  const Duration spread(static_cast<std::int64_t>(static_cast<double>(delay.count()) / 10 *
                                                  static_cast<double>(mixed >> 40) / 16'777'216.0));
  const Instant next = ended + delay + spread;
  if (next > queued + expiry) return std::nullopt;
  return next;
}

const RetryPolicy& RetryPolicies::of(MessageKind kind) const {
  switch (kind) {
    case MessageKind::campaign:
      return campaign;
    case MessageKind::individual:
      return individual;
    case MessageKind::transactional:
    case MessageKind::test:
    case MessageKind::copy:
      break;
  }
  return transactional;
}

}  // namespace tidings
