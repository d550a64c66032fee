#include "delivery/queue_depth.h"

#include <gtest/gtest.h>

#include "db/testing/expect_plan.h"
#include "delivery/testing/ledger_fixture.h"

namespace tidings::delivery {
namespace {

class QueueDepthTest : public DirectTest {
 protected:
  QueueDepth depth(Instant now = kNow) {
    return value([&](db::Connection& c) { return read_queue_depth(c, now); });
  }
};
INSTANTIATE_TEST_SUITE_P(On, QueueDepthTest, testing::ValuesIn(db::testing::databases()),
                         db::testing::kind_name<testing::TestParamInfo<db::testing::Kind>>);

TEST_P(QueueDepthTest, CountsWhatIsNotAtItsEnd) {
  EXPECT_FALSE(depth().oldest_due);
  EXPECT_EQ(depth().running, 2);
  enqueue(9);
  add(11);
  add(12);
  add(13, MessageState::held);
  ASSERT_EQ(claim(ledger_, 4).size(), 4u);
  ASSERT_EQ(claim_direct(1).size(), 1u);
  settle({settlement(1, OutcomeKind::deferred), settlement(2, OutcomeKind::sent),
          settlement(3, OutcomeKind::bounced)});
  const QueueDepth now = depth();
  EXPECT_EQ(now.campaigns.waiting, 5);
  EXPECT_EQ(now.campaigns.deferred, 1);
  EXPECT_EQ(now.campaigns.sending, 1);
  EXPECT_EQ(now.direct.waiting, 1);
  EXPECT_EQ(now.direct.sending, 1);
  EXPECT_EQ(now.held, 1);
  EXPECT_EQ(now.oldest_due, kNow);
}

TEST_P(QueueDepthTest, DueIsWhatCouldBeAttempted) {
  enqueue(1);
  ASSERT_EQ(claim(ledger_, 1).size(), 1u);
  settle({settlement(1, OutcomeKind::deferred)});
  EXPECT_FALSE(depth(kLater - std::chrono::seconds(1)).oldest_due) << "its time has not come";
  EXPECT_EQ(depth(kLater + std::chrono::hours(2)).oldest_due, kLater);
  write([](db::Connection& c) -> Result<void> {
    TRY(c.execute({"test.pause", "UPDATE campaign SET state = 3"}, {}));
    return {};
  });
  EXPECT_FALSE(depth(kLater + std::chrono::hours(2)).oldest_due) << "it is paused";
  EXPECT_EQ(depth().paused, 2);
  EXPECT_EQ(depth().campaigns.deferred, 1);
}

TEST_P(QueueDepthTest, ReadsOnlyWhatWaits) {
  for (const db::Statement& statement : queue_depth_statements()) {
    db::testing::expect_plan(*database_, statement, {"message"});
  }
}

}  // namespace
}  // namespace tidings::delivery
