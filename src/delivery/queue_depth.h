// How much waits, in the whole database, and for how long: a few figures for /metrics.
//
// Cheap at any size: campaigns are read from their counters, the rest from indexes that hold only
// what waits. Thread: any, one Connection each. Errors: those of db.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/clock.h"
#include "base/result.h"
#include "db/connection.h"

namespace tidings::delivery {

// Of messages without a campaign, and of held ones, more are not counted.
inline constexpr std::int64_t kDepthCountMost = 100'000;

struct QueueDepth {
  struct Messages {
    std::int64_t waiting = 0;  // for their first attempt
    std::int64_t deferred = 0;
    std::int64_t sending = 0;  // with a node
  };
  Messages campaigns;        // of those that are open
  Messages direct;           // of no campaign; together at most kDepthCountMost
  std::int64_t held = 0;     // at most kDepthCountMost
  std::int64_t running = 0;  // campaigns
  std::int64_t paused = 0;
  std::int64_t scheduled = 0;
  // Since when the message that is due longest could have been attempted: of a running campaign or
  // of none. Nothing where none is due.
  std::optional<Instant> oldest_due;
};

Result<QueueDepth> read_queue_depth(db::Connection& connection, Instant now);

// For plan tests.
std::span<const db::Statement> queue_depth_statements();

}  // namespace tidings::delivery
