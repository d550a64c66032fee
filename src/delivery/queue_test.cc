#include "delivery/queue.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "db/testing/databases.h"
#include "db/testing/expect_plan.h"
#include "delivery/suspensions.h"
#include "delivery/testing/ledger_fixture.h"

namespace tidings::delivery {
namespace {

using Steer = Ledger::Steer;

class QueueTest : public DirectTest {
 protected:
  QueueView view(QueueFilter filter = {kOrganisation, {}, ""}) {
    return value([&](db::Connection& c) {
      return read_queue(c, filter, std::vector{kCampaign, CampaignId{80}});
    });
  }
  std::int64_t steer(Steer how, QueueFilter filter = {kOrganisation, {}, ""}) {
    QueueSteering steering(filter, how, {kCampaign, CampaignId{80}});
    std::int64_t total = 0;
    while (!steering.is_done()) {
      total += value([&](db::Connection& c) { return steering.step(c, ledger_, "An", kNow); });
      steering.go_on();
    }
    return total;
  }
};
INSTANTIATE_TEST_SUITE_P(On, QueueTest, testing::ValuesIn(db::testing::databases()),
                         db::testing::kind_name<testing::TestParamInfo<db::testing::Kind>>);

TEST_P(QueueTest, CountsWhatWaitsByWhatItWaitsFor) {
  enqueue(5);
  add(11);
  ASSERT_EQ(claim(ledger_, 3).size(), 3u);
  settle({settlement(1, OutcomeKind::deferred), settlement(2, OutcomeKind::sent)});
  const QueueView seen = view();
  EXPECT_FALSE(seen.is_cut);
  ASSERT_EQ(seen.lines.size(), 3u);  // 3 is being sent, 2 was
  EXPECT_EQ(seen.lines[0].messages, 2);
  EXPECT_EQ(seen.lines[0].domain, "x.org");
  EXPECT_EQ(seen.lines[0].state, MessageState::waiting);
  EXPECT_EQ(seen.lines[0].campaign_id, kCampaign);
  EXPECT_EQ(seen.lines[0].oldest_queued_at, kNow);
  const auto deferred = std::ranges::find(seen.lines, MessageState::deferred, &QueueLine::state);
  ASSERT_NE(deferred, seen.lines.end());
  EXPECT_EQ(deferred->reason, "because");
  EXPECT_EQ(deferred->next_due_at, kLater);
  EXPECT_TRUE(view({kOrganisation, CampaignId{80}, ""}).lines.empty());
  EXPECT_TRUE(view({kOrganisation, {}, "org"}).lines.empty());
  EXPECT_TRUE(view({OrganisationId{8}, {}, "y.org"}).lines.empty());
}

TEST_P(QueueTest, MoreThanAStepIsSteeredWholeAndOnce) {
  enqueue(2 * kQueueStep + 7);
  add(5011);
  ASSERT_EQ(claim(ledger_, 10).size(), 10u);
  settle({settlement(1, OutcomeKind::deferred)});
  EXPECT_EQ(steer(Steer::hold), 2 * kQueueStep + 7 - 10 + 1 + 1);
  EXPECT_EQ(figures().held, 2 * kQueueStep + 7 - 10 + 1);
  EXPECT_EQ(figures().sending, 9);
  expect_counters_are_true();
  EXPECT_TRUE(claim(ledger_, 10, kLater).empty());
  EXPECT_EQ(steer(Steer::hold), 0);
  EXPECT_EQ(steer(Steer::release), 2 * kQueueStep + 7 - 10 + 1 + 1);
  EXPECT_EQ(figures().held, 0);
  EXPECT_EQ(figures().deferred, 1);
  expect_counters_are_true();
  EXPECT_EQ(claim(ledger_, 2000, kNow).size(), std::size_t(2 * kQueueStep + 7 - 9));
}

TEST_P(QueueTest, OnlyWhatAnOperatorHeldIsReleased) {
  add(11, MessageState::held);
  EXPECT_EQ(steer(Steer::release), 0);
  EXPECT_EQ(state_and_status(11).first, int(MessageState::held));
}

TEST_P(QueueTest, DeferredMessagesAreDueNowAndOthersStay) {
  enqueue(2);
  ASSERT_EQ(claim(ledger_, 1).size(), 1u);
  settle({settlement(1, OutcomeKind::deferred)});
  EXPECT_EQ(steer(Steer::retry, {kOrganisation, kCampaign, "y.org"}), 0);
  EXPECT_EQ(steer(Steer::retry, {kOrganisation, kCampaign, "x.org"}), 1);
  EXPECT_EQ(steer(Steer::retry), 0);
  const auto due = claim(ledger_, 1);
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].id, MessageId{1});
}

TEST_P(QueueTest, GivingUpFailsWithTheNameOfWhoDidIt) {
  enqueue(2);
  EXPECT_EQ(steer(Steer::expire, {kOrganisation, kCampaign, ""}), 2);
  EXPECT_EQ(figures().failed, 2);
  expect_counters_are_true();
  EXPECT_EQ(number("SELECT COUNT(*) FROM event WHERE data LIKE '%expired%' AND data LIKE '%An%'"),
            2);
}

TEST_P(QueueTest, WhatIsLeasedIsHeldByItsOwnNodeOnly) {
  enqueue(2);
  ASSERT_EQ(claim(ledger_, 2).size(), 2u);
  const std::vector<Ledger::Found> found = {
      {MessageId{1}, kCampaign, MessageState::leased},
      {MessageId{2}, kCampaign, MessageState::waiting}};  // not as it is
  const auto hold = [&](const Ledger& ledger) {
    return value([&](db::Connection& c) {
      return ledger.steer(c, kOrganisation, Steer::hold, found, "An", kNow);
    });
  };
  EXPECT_EQ(hold(Ledger(ids_, NodeId(), 9)), 0);
  EXPECT_EQ(hold(ledger_), 1);
  EXPECT_EQ(number("SELECT COUNT(*) FROM message WHERE state = 10 AND lease_id IS NULL"), 1);
  expect_counters_are_true();
  EXPECT_EQ(steer(Steer::release), 1);
  EXPECT_EQ(state_and_status(1), (std::pair{int(MessageState::waiting), int(Status::queued)}));
}

TEST_P(QueueTest, WhatIsHeldIsCancelledWithItsCampaign) {
  enqueue(3);
  EXPECT_EQ(steer(Steer::hold, {kOrganisation, kCampaign, ""}), 3);
  EXPECT_EQ(value([&](db::Connection& c) {
              return ledger_.cancel_unsent(c, kOrganisation, kCampaign, 10, kNow);
            }),
            3);
  EXPECT_TRUE(figures().settled());
  expect_counters_are_true();
  EXPECT_EQ(steer(Steer::release), 0);
}

TEST_P(QueueTest, OneThatPerhapsArrivedIsHeldAndReleasedToo) {
  add(11);
  ASSERT_EQ(claim_direct(1).size(), 1u);
  settle({outcome(11, OutcomeKind::uncertain)});
  ASSERT_EQ(state_and_status(11).first, int(MessageState::deferred));
  const int status = state_and_status(11).second;
  EXPECT_EQ(steer(Steer::hold), 1);
  EXPECT_EQ(state_and_status(11), (std::pair{int(MessageState::held), status}));
  EXPECT_EQ(view().lines.at(0).state, MessageState::held);
  EXPECT_EQ(steer(Steer::release), 1);
  EXPECT_EQ(state_and_status(11), (std::pair{int(MessageState::deferred), status}));
}

TEST_P(QueueTest, SitesStaySuspendedUntilTheyAreResumed) {
  const auto names = [&] { return value([](db::Connection& c) { return all_suspended(c); }); };
  const auto suspend = [&](std::string reason, Instant since) {
    write([&](db::Connection& c) {
      return suspend_site(c, kOrganisation, {"large.example", reason, "An", since});
    });
  };
  suspend("they asked", kNow);
  suspend("they asked again", kLater);
  EXPECT_EQ(names(), (SuspendedNames{{kOrganisation, {"large.example"}}}));
  const auto list = value([](db::Connection& c) { return suspended_sites(c, kOrganisation); });
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].reason, "they asked again");
  EXPECT_EQ(list[0].since, kNow);
  const auto resume = [&](OrganisationId of) {
    return value([&](db::Connection& c) { return resume_site(c, of, "large.example"); });
  };
  EXPECT_FALSE(resume(OrganisationId{8}));
  EXPECT_TRUE(resume(kOrganisation));
  EXPECT_FALSE(resume(kOrganisation));
  EXPECT_TRUE(names().empty());
}

TEST_P(QueueTest, NoStatementReadsAWholeTable) {
  for (const db::Statement& statement : queue_statements()) {
    db::testing::expect_plan(*database_, statement, {"message"});
  }
}

}  // namespace
}  // namespace tidings::delivery
