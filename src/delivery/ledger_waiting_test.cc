// Messages that wait: put off, expired, delayed.
#include <gtest/gtest.h>

#include "db/testing/databases.h"
#include "db/testing/plan.h"
#include "delivery/testing/ledger_fixture.h"

namespace tidings::delivery {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

class WaitingTest : public DirectTest {
 protected:
  static Settlement back(std::int64_t id, Instant due_at, int attempt = 1) {
    Settlement made;
    made.organisation_id = kOrganisation;
    made.campaign_id = kCampaign;
    made.attempt = attempt;
    made.due_at = due_at;
    made.outcome.message_id = MessageId{id};
    made.outcome.reason = "site_slow";
    return made;
  }
  void postpone(const std::vector<Settlement>& messages) {
    write([&](db::Connection& c) { return ledger_.postpone(c, messages, kNow); });
  }
  std::int64_t expire_older_than(Duration age, Instant now, CampaignId lane = kCampaign) {
    return value([&](db::Connection& c) {
      return ledger_.expire_waiting(
          c, kOrganisation, lane, 100,
          [&](MessageKind, Instant queued_at) { return now > queued_at + age; }, now);
    });
  }
};
INSTANTIATE_TEST_SUITE_P(On, WaitingTest, testing::ValuesIn(db::testing::databases()),
                         db::testing::kind_name<testing::TestParamInfo<db::testing::Kind>>);

TEST_P(WaitingTest, WhatIsPutOffComesAgainAtItsTimeAndNothingElseIsKnownOfIt) {
  enqueue(3);
  ASSERT_EQ(claim(ledger_, 3).size(), 3u);
  postpone({back(1, kLater), back(2, kNow + minutes(5))});
  EXPECT_EQ(state_of(1), int(MessageState::deferred));
  EXPECT_EQ(status_of(1), int(Status::queued));
  EXPECT_EQ(events_of(1), 0);
  EXPECT_EQ(number("SELECT attempts FROM message WHERE id = 1"), 0);
  EXPECT_EQ(number("SELECT COUNT(*) FROM message WHERE reason = 'site_slow'"), 2);
  expect_counters_are_true();
  EXPECT_EQ(figures().pending(), 2);
  EXPECT_TRUE(claim(ledger_, 3).empty());
  const auto early = claim(ledger_, 3, kNow + minutes(5));
  ASSERT_EQ(early.size(), 1u);
  EXPECT_EQ(early[0].id, MessageId{2});
  EXPECT_EQ(early[0].attempts, 0);
  EXPECT_EQ(status_of(2), int(Status::sending));
  settle({settlement(2, OutcomeKind::sent), settlement(3, OutcomeKind::sent)});
  EXPECT_EQ(state_of(2), int(MessageState::sent));
  ASSERT_EQ(claim(ledger_, 3, kLater).size(), 1u);
  write([&](db::Connection& c) { return ledger_.release(c, std::vector{back(1, kNow)}, kNow); });
  expect_counters_are_true();
  EXPECT_EQ(claim(ledger_, 3, kNow).size(), 1u);
}

TEST_P(WaitingTest, PuttingOffLeavesAloneWhatIsNotOursOrWasAttempted) {
  enqueue(2);
  ASSERT_EQ(claim(other_, 1).size(), 1u);
  ASSERT_EQ(claim(ledger_, 1).size(), 1u);
  settle({settlement(2, OutcomeKind::deferred)});
  postpone({back(1, kLater), back(2, kLater + hours(9))});
  EXPECT_EQ(state_of(1), int(MessageState::leased));
  EXPECT_EQ(number("SELECT due_at FROM message WHERE id = 2"), to_micros(kLater));
  ASSERT_EQ(claim(ledger_, 5, kLater).size(), 1u);
  postpone({back(2, kLater + hours(9))});  // the number of an earlier attempt
  EXPECT_EQ(state_of(2), int(MessageState::leased));
  postpone({back(2, kLater + hours(9), 2)});
  EXPECT_EQ(state_of(2), int(MessageState::deferred));
  EXPECT_EQ(status_of(2), int(Status::deferred));
  expect_counters_are_true();
}

TEST_P(WaitingTest, ADeadNodesPostponementIsTakenBackByNobodyElse) {
  enqueue(2);
  ASSERT_EQ(claim(ledger_, 2).size(), 2u);
  postpone({back(1, kLater)});
  value([&](db::Connection& c) {
    return other_.take_back(c, NodeId{5}, Ledger::Holding::nothing_left, kNow);
  });
  EXPECT_EQ(state_of(1), int(MessageState::deferred));
  EXPECT_EQ(state_of(2), int(MessageState::waiting));
  expect_counters_are_true();
}

TEST_P(WaitingTest, WhatIsPutOffIsCancelledWithTheRest) {
  enqueue(2);
  ASSERT_EQ(claim(ledger_, 1).size(), 1u);
  postpone({back(1, kLater)});
  value([&](db::Connection& c) {
    return ledger_.cancel_unsent(c, kOrganisation, kCampaign, 10, kNow);
  });
  EXPECT_EQ(figures().cancelled, 2);
  expect_counters_are_true();
}

TEST_P(WaitingTest, WhoseTimeIsOverFailsWithOneEventAndTheFiguresFollow) {
  enqueue(2);
  ASSERT_EQ(claim(ledger_, 2).size(), 2u);
  write([&](db::Connection& c) {
    return ledger_.expire(c, std::vector{back(1, kNow), back(99, kNow)}, kNow);
  });
  EXPECT_EQ(state_of(1), int(MessageState::failed));
  EXPECT_EQ(status_of(1), int(Status::failed));
  EXPECT_EQ(events_of(1), 1);
  EXPECT_EQ(number("SELECT attempts FROM message WHERE id = 1"), 0);
  EXPECT_EQ(number("SELECT COUNT(*) FROM message WHERE reason = 'expired'"), 1);
  EXPECT_EQ(figures().failed, 1);
  expect_counters_are_true();
}

TEST_P(WaitingTest, WhatMayHaveArrivedStaysUncertainWhenItsTimeIsOver) {
  add(11);
  ASSERT_EQ(claim_direct(10).size(), 1u);
  settle({outcome(11, OutcomeKind::uncertain)});
  ASSERT_EQ(claim_direct(10, kLater).size(), 1u);
  write([&](db::Connection& c) { return ledger_.expire(c, std::vector{back(11, kNow, 2)}, kNow); });
  EXPECT_EQ(state_and_status(11), std::pair(int(MessageState::uncertain), int(Status::uncertain)));
}

TEST_P(WaitingTest, WhatWaitsForAServerThatIsAwayExpiresWithoutAClaim) {
  enqueue(3);
  ASSERT_EQ(claim(ledger_, 1).size(), 1u);
  settle({settlement(1, OutcomeKind::deferred)});
  add(11);
  EXPECT_EQ(expire_older_than(hours(100), kLater), 0);
  EXPECT_EQ(expire_older_than(minutes(30), kLater), 3);
  EXPECT_EQ(expire_older_than(minutes(30), kLater), 0);
  EXPECT_EQ(figures().failed, 3);
  EXPECT_EQ(state_of(11), int(MessageState::waiting));
  EXPECT_EQ(expire_older_than(minutes(30), kLater, kLane), 1);
  EXPECT_EQ(state_of(11), int(MessageState::failed));
  expect_counters_are_true();
}

TEST_P(WaitingTest, ADelayIsToldOnceHoweverOftenItIsDeferred) {
  enqueue(1);
  Instant now = kNow;
  for (int attempt = 1; attempt <= 4; ++attempt) {
    ASSERT_EQ(claim(ledger_, 1, now).size(), 1u);
    Settlement made = settlement(1, OutcomeKind::deferred, attempt);
    made.due_at = now += hours(1);
    made.is_delayed = attempt > 1;
    settle({made});
  }
  EXPECT_EQ(number("SELECT COUNT(*) FROM event WHERE message_id = 1 AND type = 19"), 1);
  EXPECT_EQ(events_of(1), 5);
  EXPECT_EQ(status_of(1), int(Status::deferred));
}

}  // namespace
}  // namespace tidings::delivery
