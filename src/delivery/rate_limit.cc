#include "delivery/rate_limit.h"

#include <algorithm>
#include <cmath>

namespace tidings::delivery {

void RateLimit::refill(Instant now) {
  if (refilled_at_ == Instant()) refilled_at_ = now;
  // A clock that went back refills nothing and starts anew.
  const double seconds = std::chrono::duration<double>(now - refilled_at_).count();
  refilled_at_ = now;
  if (seconds > 0) {
    tokens_ = std::min(tokens_ + seconds * pace_.per_second, std::max(1.0, pace_.per_second / 10));
  }
}

bool RateLimit::package_allows(Instant now) {
  if (pace_.package <= 0 || in_package_ < pace_.package) return true;
  // A clock that went back begins a package anew, rather than wait for a time long gone.
  if (now < package_began_ + pace_.every && now >= package_began_) return false;
  in_package_ = 0;
  return true;
}

bool RateLimit::allows(Instant now) {
  if (!package_allows(now)) return false;
  if (pace_.per_second <= 0) return true;
  refill(now);
  // Ten tenths added up are a little less than one: without the margin each message would wait for
  // one more look at the clock.
  return tokens_ >= 1 - 1e-9;
}

void RateLimit::spend(Instant now) {
  if (pace_.per_second > 0) tokens_ -= 1;
  if (pace_.package > 0 && in_package_++ == 0) package_began_ = now;
}

Instant RateLimit::next(Instant now) {
  if (allows(now)) return now;
  if (!package_allows(now)) return package_began_ + pace_.every;
  const double micros = (1 - tokens_) / pace_.per_second * 1e6;
  return now + Duration(static_cast<std::int64_t>(std::ceil(micros)));
}

}  // namespace tidings::delivery
