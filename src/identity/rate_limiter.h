// RateLimiter: a token bucket per caller, in memory.
//
// Bound: 100,000 callers are known at a time; at the bound those whose bucket is full again are
// forgotten, and when all are busy the one that was filled longest ago: it starts anew.
// Time is given, so that tests need no clock. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "net/http_message.h"

namespace tidings::identity {

struct Rate {
  double per_second = 0;  // 0: no limit
  double burst = 1;       // how many at once; at least 1
};

struct RateDecision {
  bool is_allowed = true;
  std::int64_t limit = 0;      // the burst; 0: no limit
  std::int64_t remaining = 0;  // whole calls left now
  std::int64_t reset_s = 0;    // seconds until the bucket is full again
  std::int64_t retry_s = 0;    // when refused: seconds until the next call, at least 1
};

class RateLimiter {
 public:
  static constexpr std::size_t callers_max = 100'000;

  // Takes one call of `caller` (any text: "token/ID").
  RateDecision take(std::string_view caller, const Rate& rate, Instant now);
  std::size_t callers() const;

 private:
  struct Bucket {
    double left = 0;
    Instant at{};
    Instant full_at{};
  };
  void make_room(Instant now);

  mutable std::mutex mutex_;
  std::unordered_map<std::string, Bucket> buckets_;
};

// draft-ietf-httpapi-ratelimit-headers-08 §3 and §4: RateLimit-Policy and RateLimit; Retry-After
// (RFC 9110 §10.2.3) when refused. Empty without a limit.
std::vector<net::HttpHeader> rate_headers(const RateDecision& decision, const Rate& rate);

}  // namespace tidings::identity
