#include <algorithm>

#include <gtest/gtest.h>

#include "domain/campaign.h"
#include "domain/message_state.h"
#include "domain/retry_policy.h"

namespace tidings {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

TEST(RetryPolicyTest, TriesTwiceMoreInTheFirstHoursThenEveryTwoToThreeHours) {
  const RetryPolicy policy;
  const Instant queued = from_micros(1'800'000'000'000'000);
  Instant at = queued;
  std::vector<Duration> gaps;
  int attempts = 1;
  while (const auto next = policy.next_attempt(MessageId{12345}, attempts, queued, at)) {
    gaps.push_back(*next - at);
    at = *next;
    ++attempts;
  }
  ASSERT_GT(gaps.size(), 10u);
  EXPECT_GE(gaps[0], minutes(30));
  EXPECT_LE(gaps[0] + gaps[1], minutes(66));
  for (std::size_t i = 2; i < gaps.size(); ++i) {
    EXPECT_GE(gaps[i], hours(2));
    EXPECT_LE(gaps[i], hours(3));
  }
  EXPECT_GE(at - queued, hours(4 * 24));
  EXPECT_LE(at - queued, hours(5 * 24));
}

TEST(RetryPolicyTest, MessagesDeferredTogetherDoNotReturnTogether) {
  const RetryPolicy policy;
  const Instant at = from_micros(1'800'000'000'000'000);
  std::vector<Instant> returns;
  for (int i = 0; i < 1000; ++i) {
    returns.push_back(*policy.next_attempt(MessageId{i + 1}, 1, at, at));
  }
  std::ranges::sort(returns);
  EXPECT_GE(returns.front() - at, minutes(30));
  EXPECT_LE(returns.back() - at, minutes(33));
  EXPECT_GE(returns[750] - returns[250], minutes(1));
}

}  // namespace
}  // namespace tidings
