#include "delivery/engine.h"

#include <gtest/gtest.h>

#include "delivery/ledger.h"

namespace tidings::delivery {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant kStart = from_micros(1'800'000'000'000'000);
constexpr CampaignId kA{1};
constexpr CampaignId kB{2};

std::unique_ptr<PreparedMessage> message(CampaignId campaign, std::int64_t id) {
  auto made = std::make_unique<PreparedMessage>();
  made->id = MessageId{id};
  made->campaign_id = campaign;
  return made;
}

TEST(EngineTest, CampaignsTakeTurnsWhateverTheirSize) {
  Engine engine;
  engine.allow(kA, 0);
  engine.allow(kB, 0);
  for (int i = 0; i < 100; ++i) engine.add(message(kA, 100 + i));
  for (int i = 0; i < 3; ++i) engine.add(message(kB, 500 + i));
  int from_b = 0;
  for (int i = 0; i < 6; ++i) from_b += engine.take(kStart)->campaign_id == kB;
  EXPECT_EQ(from_b, 3);
  EXPECT_EQ(engine.ready(), 97u);
}

TEST(EngineTest, AMessageOfItsOwnNeverWaitsBehindACampaign) {
  const CampaignId direct = direct_lane(TransportId{9});
  Engine engine;
  engine.allow(kA, 0);
  engine.allow(kB, 0);
  engine.allow(direct, 0);
  for (int i = 0; i < 1000; ++i) engine.add(message(i % 2 == 0 ? kA : kB, 100 + i));
  for (int i = 0; i < 10; ++i) {
    ASSERT_NE(engine.take(kStart)->campaign_id, direct);
    engine.add(message(direct, 5000 + i));
    EXPECT_EQ(engine.take(kStart)->id, MessageId{5000 + i});
  }
  // And campaigns go on taking turns afterwards.
  const CampaignId first = engine.take(kStart)->campaign_id;
  EXPECT_NE(engine.take(kStart)->campaign_id, first);
}

TEST(EngineTest, KeepsToTheRateOverTime) {
  Engine engine;
  engine.allow(kA, 50);
  for (int i = 0; i < 1000; ++i) engine.add(message(kA, i + 1));
  int taken = 0;
  for (Instant now = kStart; now < kStart + seconds(10); now += milliseconds(1)) {
    while (engine.take(now)) ++taken;
  }
  EXPECT_GE(taken, 495);
  EXPECT_LE(taken, 506);
}

TEST(EngineTest, PackagesLeaveAtOnceAndThenTheirTimeIsWaitedFor) {
  Engine engine;
  engine.allow(kA, Pace(0, 100, seconds(60)));
  for (int i = 0; i < 350; ++i) engine.add(message(kA, i + 1));
  std::vector<int> by_minute(4);
  for (int second = 0; second < 240; ++second) {
    while (engine.take(kStart + seconds(second))) ++by_minute[std::size_t(second) / 60];
  }
  EXPECT_EQ(by_minute, (std::vector<int>{100, 100, 100, 50}));
}

TEST(EngineTest, TellsWhenTheNextPackageMayLeave) {
  Engine engine;
  engine.allow(kA, Pace(0, 1, seconds(30)));
  engine.add(message(kA, 1));
  engine.add(message(kA, 2));
  ASSERT_TRUE(engine.take(kStart));
  ASSERT_FALSE(engine.take(kStart + seconds(29)));
  EXPECT_EQ(engine.next_change(kStart + seconds(29)), kStart + seconds(30));
  EXPECT_TRUE(engine.take(kStart + seconds(30)));
}

TEST(EngineTest, ARateWithinAPackageIsKeptToo) {
  Engine engine;
  engine.allow(kA, Pace(10, 50, seconds(100)));
  for (int i = 0; i < 500; ++i) engine.add(message(kA, i + 1));
  int taken = 0;
  for (Instant now = kStart; now < kStart + seconds(4); now += milliseconds(10)) {
    while (engine.take(now)) ++taken;
  }
  EXPECT_GE(taken, 39);
  EXPECT_LE(taken, 41);
  for (Instant now = kStart + seconds(4); now < kStart + seconds(99); now += milliseconds(10)) {
    while (engine.take(now)) ++taken;
  }
  EXPECT_EQ(taken, 50);
}

TEST(EngineTest, TellsWhenTheRateAllowsTheNext) {
  Engine engine;
  engine.allow(kA, 1);
  engine.add(message(kA, 1));
  engine.add(message(kA, 2));
  ASSERT_TRUE(engine.take(kStart));
  ASSERT_FALSE(engine.take(kStart));
  const auto next = engine.next_change(kStart);
  ASSERT_TRUE(next.has_value());
  EXPECT_FALSE(engine.take(*next - milliseconds(2)));
  EXPECT_TRUE(engine.take(*next));
}

TEST(EngineTest, WhatIsGivenBackIsNextAgain) {
  Engine engine;
  engine.allow(kA, 0);
  engine.add(message(kA, 1));
  engine.add(message(kA, 2));
  engine.give_back(engine.take(kStart));
  EXPECT_EQ(engine.take(kStart)->id, MessageId{1});
}

TEST(EngineTest, AForbiddenCampaignReturnsWhatWasReady) {
  Engine engine;
  engine.allow(kA, 0);
  engine.allow(kB, 0);
  engine.add(message(kA, 1));
  engine.add(message(kB, 2));
  EXPECT_EQ(engine.forbid(kA).size(), 1u);
  EXPECT_EQ(engine.take(kStart)->campaign_id, kB);
  EXPECT_FALSE(engine.take(kStart));
}

TEST(EngineTest, ADrainedEngineHandsNothingOut) {
  Engine engine;
  engine.allow(kA, 0);
  engine.add(message(kA, 1));
  EXPECT_EQ(engine.drain().size(), 1u);
  engine.allow(kA, 0);
  EXPECT_FALSE(engine.allowed(kA));
  EXPECT_FALSE(engine.take(kStart));
}

TEST(EngineTest, PausesASiteLongerEachTimeAndForgetsOnSuccess) {
  Engine engine;
  EXPECT_TRUE(engine.may_connect(kStart));
  engine.site_trouble(kStart);
  EXPECT_FALSE(engine.may_connect(kStart + milliseconds(900)));
  EXPECT_TRUE(engine.may_connect(kStart + seconds(1)));
  for (int i = 0; i < 50; ++i) engine.site_trouble(kStart);
  EXPECT_FALSE(engine.may_connect(kStart + seconds(299)));
  EXPECT_TRUE(engine.may_connect(kStart + seconds(300)));
  engine.site_works();
  EXPECT_TRUE(engine.may_connect(kStart));
}

}  // namespace
}  // namespace tidings::delivery
