#include "identity/rate_limiter.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace tidings::identity {
namespace {

Duration seconds(double count) {
  return Duration(static_cast<std::int64_t>(std::ceil(count * 1e6)));
}

std::int64_t whole_seconds(double count) { return static_cast<std::int64_t>(std::ceil(count)); }

}  // namespace

RateDecision RateLimiter::take(std::string_view caller, const Rate& rate, Instant now) {
  if (rate.per_second <= 0) return {};
  const double burst = std::max(rate.burst, 1.0);
  const std::lock_guard lock(mutex_);
  auto found = buckets_.find(std::string(caller));
  if (found == buckets_.end()) {
    if (buckets_.size() >= callers_max) make_room(now);
    found = buckets_.emplace(caller, Bucket{burst, now, now}).first;
  }
  Bucket& bucket = found->second;
  // A clock that goes back fills nothing and takes nothing.
  const double passed = std::max(0.0, std::chrono::duration<double>(now - bucket.at).count());
  bucket.left = std::min(burst, bucket.left + passed * rate.per_second);
  bucket.at = now;
  RateDecision decision;
  decision.limit = static_cast<std::int64_t>(burst);
  decision.is_allowed = bucket.left >= 1;
  if (decision.is_allowed) {
    bucket.left -= 1;
  } else {
    decision.retry_s =
        std::max<std::int64_t>(1, whole_seconds((1 - bucket.left) / rate.per_second));
  }
  const double until_full = (burst - bucket.left) / rate.per_second;
  bucket.full_at = now + seconds(until_full);
  decision.remaining = static_cast<std::int64_t>(bucket.left);
  decision.reset_s = whole_seconds(until_full);
  return decision;
}

std::size_t RateLimiter::callers() const {
  const std::lock_guard lock(mutex_);
  return buckets_.size();
}

void RateLimiter::make_room(Instant now) {
  std::erase_if(buckets_, [&](const auto& each) { return each.second.full_at <= now; });
  // A tenth at least, so that the walk over all is rare.
  const std::size_t wanted = callers_max - callers_max / 10;
  if (buckets_.size() < wanted) return;
  std::vector<Instant> used;
  used.reserve(buckets_.size());
  for (const auto& [caller, bucket] : buckets_) used.push_back(bucket.at);
  const auto cut = used.begin() + static_cast<std::ptrdiff_t>(buckets_.size() - wanted);
  std::ranges::nth_element(used, cut);
  const Instant oldest_kept = *cut;
  std::size_t too_many = buckets_.size() - wanted;
  for (auto each = buckets_.begin(); each != buckets_.end() && too_many > 0;) {
    if (each->second.at <= oldest_kept) {
      each = buckets_.erase(each);
      --too_many;
    } else {
      ++each;
    }
  }
}

std::vector<net::HttpHeader> rate_headers(const RateDecision& decision, const Rate& rate) {
  if (decision.limit == 0) return {};
  const auto window = whole_seconds(std::max(rate.burst, 1.0) / rate.per_second);
  std::vector<net::HttpHeader> headers{
      {"RateLimit-Policy", fmt::format("\"default\";q={};w={}", decision.limit, window)},
      {"RateLimit", fmt::format("\"default\";r={};t={}", decision.remaining, decision.reset_s)}};
  if (!decision.is_allowed) headers.push_back({"Retry-After", std::to_string(decision.retry_s)});
  return headers;
}

}  // namespace tidings::identity
