#include "identity/rate_limiter.h"

#include <gtest/gtest.h>

namespace tidings::identity {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Instant kStart = from_micros(1'800'000'000'000'000);

TEST(RateLimiter, lets_a_burst_through_and_then_the_rate) {
  RateLimiter limiter;
  const Rate rate{.per_second = 2, .burst = 3};
  for (int i = 0; i < 3; ++i) {
    const auto decision = limiter.take("token/1", rate, kStart);
    EXPECT_TRUE(decision.is_allowed) << i;
    EXPECT_EQ(decision.remaining, 2 - i);
  }
  const auto refused = limiter.take("token/1", rate, kStart);
  EXPECT_FALSE(refused.is_allowed);
  EXPECT_EQ(refused.retry_s, 1);
  EXPECT_FALSE(limiter.take("token/1", rate, kStart + milliseconds(499)).is_allowed);
  EXPECT_TRUE(limiter.take("token/1", rate, kStart + milliseconds(500)).is_allowed);
  EXPECT_FALSE(limiter.take("token/1", rate, kStart + milliseconds(500)).is_allowed);
}

TEST(RateLimiter, callers_do_not_share_a_bucket) {
  RateLimiter limiter;
  const Rate rate{.per_second = 1, .burst = 1};
  EXPECT_TRUE(limiter.take("a", rate, kStart).is_allowed);
  EXPECT_FALSE(limiter.take("a", rate, kStart).is_allowed);
  EXPECT_TRUE(limiter.take("b", rate, kStart).is_allowed);
}

TEST(RateLimiter, a_clock_that_goes_back_fills_nothing) {
  RateLimiter limiter;
  const Rate rate{.per_second = 1, .burst = 2};
  EXPECT_TRUE(limiter.take("a", rate, kStart).is_allowed);
  EXPECT_TRUE(limiter.take("a", rate, kStart - seconds(3600)).is_allowed);
  EXPECT_FALSE(limiter.take("a", rate, kStart - seconds(3600)).is_allowed);
  EXPECT_TRUE(limiter.take("a", rate, kStart - seconds(3599)).is_allowed);
}

TEST(RateLimiter, no_rate_is_no_limit_and_no_header) {
  RateLimiter limiter;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(limiter.take("a", {}, kStart).is_allowed);
  EXPECT_EQ(limiter.callers(), 0u);
  EXPECT_TRUE(rate_headers(limiter.take("a", {}, kStart), {}).empty());
}

TEST(RateLimiter, knows_a_bounded_number_of_callers_and_forgets_the_quiet_ones_first) {
  RateLimiter limiter;
  const Rate slow{.per_second = 0.001, .burst = 1};
  for (std::size_t i = 0; i < RateLimiter::callers_max + 10; ++i) {
    limiter.take("address/" + std::to_string(i), slow, kStart + milliseconds(i));
  }
  EXPECT_LE(limiter.callers(), RateLimiter::callers_max);
  EXPECT_FALSE(limiter
                   .take("address/" + std::to_string(RateLimiter::callers_max), slow,
                         kStart + milliseconds(RateLimiter::callers_max + 11))
                   .is_allowed)
      << "a caller just seen is still known";
}

TEST(RateLimiter, headers_say_what_is_left_and_when_to_come_back) {
  RateLimiter limiter;
  const Rate rate{.per_second = 10, .burst = 100};
  const auto headers = rate_headers(limiter.take("a", rate, kStart), rate);
  ASSERT_EQ(headers.size(), 2u);
  EXPECT_EQ(headers[0].value, "\"default\";q=100;w=10");
  EXPECT_EQ(headers[1].value, "\"default\";r=99;t=1");
  for (int i = 0; i < 99; ++i) limiter.take("a", rate, kStart);
  const auto refused = rate_headers(limiter.take("a", rate, kStart), rate);
  ASSERT_EQ(refused.size(), 3u);
  EXPECT_EQ(refused[2].name, "Retry-After");
  EXPECT_EQ(refused[2].value, "1");
}

}  // namespace
}  // namespace tidings::identity
