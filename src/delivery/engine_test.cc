#include "delivery/engine.h"

#include <algorithm>
#include <map>
#include <queue>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "delivery/ledger.h"

namespace tidings::delivery {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant kStart = from_micros(1'800'000'000'000'000);
constexpr CampaignId kA{1};
constexpr CampaignId kB{2};

std::unique_ptr<PreparedMessage> message(CampaignId campaign, std::int64_t id,
                                         std::string domain = "x.org") {
  auto made = std::make_unique<PreparedMessage>();
  made->id = MessageId{id};
  made->campaign_id = campaign;
  made->domain = std::move(domain);
  return made;
}

// Domains are sites of their own name; what is `shut` has no room.
struct TestGate final : DomainGate {
  bool wants(std::string_view domain) const override {
    ++asked;
    return !shut.contains(std::string(domain));
  }
  std::string_view site_of(std::string_view domain) const override { return domain; }
  std::set<std::string> shut;
  mutable int asked = 0;
};

Outcome outcome_of(const PreparedMessage& message, OutcomeKind kind, Scope scope = Scope::none,
                   std::uint16_t code = 0) {
  Outcome outcome;
  outcome.message_id = message.id;
  outcome.kind = kind;
  outcome.scope = scope;
  outcome.reply_code = code;
  return outcome;
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
  EXPECT_EQ(engine.next_change(), kStart + seconds(30));
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
  const auto next = engine.next_change();
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

TEST(EngineTest, OrganisationsTakeTurnsHoweverManyCampaignsTheyHave) {
  Engine engine;
  for (int i = 1; i <= 9; ++i) engine.allow(CampaignId{i}, 0, OrganisationId{1});
  engine.allow(CampaignId{20}, 0, OrganisationId{2});
  for (int i = 0; i < 900; ++i) engine.add(message(CampaignId{1 + i % 9}, 100 + i));
  for (int i = 0; i < 100; ++i) engine.add(message(CampaignId{20}, 2000 + i));
  std::map<std::int64_t, int> taken;
  for (int i = 0; i < 90; ++i) ++taken[engine.take(kStart)->campaign_id.value];
  EXPECT_EQ(taken[20], 45);
  for (int i = 1; i <= 9; ++i) EXPECT_EQ(taken[i], 5) << i;
}

TEST(EngineTest, ARateOfTheOrganisationHoldsForItsCampaignsTogether) {
  Engine engine;
  engine.set_organisation_rate(100);
  engine.allow(kA, 0, OrganisationId{1});
  engine.allow(kB, 0, OrganisationId{1});
  const CampaignId direct = direct_lane(TransportId{9});
  engine.allow(direct, 0, OrganisationId{1});
  for (int i = 0; i < 2000; ++i) engine.add(message(i % 2 == 0 ? kA : kB, i + 1));
  int taken = 0;
  for (Instant now = kStart; now < kStart + seconds(5); now += milliseconds(1)) {
    while (engine.take(now)) ++taken;
  }
  EXPECT_GE(taken, 495);
  EXPECT_LE(taken, 515);
  // Messages of their own are not counted, and do not wait.
  engine.add(message(direct, 9000));
  EXPECT_EQ(engine.take(kStart + seconds(5))->id, MessageId{9000});
}

TEST(EngineTest, DomainsOfACampaignTakeTurns) {
  Engine engine;
  engine.allow(kA, 0);
  for (int i = 0; i < 100; ++i) engine.add(message(kA, i + 1, "big.example"));
  engine.add(message(kA, 200, "small.example"));
  engine.take(kStart);
  EXPECT_EQ(engine.take(kStart)->domain, "small.example");
  // In the order of their ids within one.
  EXPECT_EQ(engine.take(kStart)->id, MessageId{2});
  EXPECT_EQ(engine.take(kStart)->id, MessageId{3});
}

TEST(EngineTest, ASiteWithoutRoomIsSteppedOverAndAskedAboutOnce) {
  Engine engine;
  engine.allow(kA, 0);
  engine.allow(kB, 0);
  TestGate gate;
  gate.shut = {"slow.example"};
  for (int i = 0; i < 10; ++i) {
    engine.add(message(kA, 10 + i, "slow.example"));
    engine.add(message(kB, 30 + i, "slow.example"));
  }
  engine.add(message(kB, 50, "quick.example"));
  const auto taken = engine.take(kStart, &gate);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->id, MessageId{50});
  EXPECT_EQ(taken->site, "quick.example");
  EXPECT_EQ(gate.asked, 2);
  EXPECT_FALSE(engine.take(kStart, &gate));
  gate.shut.clear();
  EXPECT_EQ(engine.take(kStart, &gate)->domain, "slow.example");
}

TEST(EngineTest, ASiteThatAsksForPatienceTwiceGetsNothingForAWhile) {
  Engine engine;
  engine.allow(kA, 0);
  TestGate gate;
  for (int i = 0; i < 10; ++i) engine.add(message(kA, 10 + i, "strict.example"));
  for (int i = 0; i < 10; ++i) engine.add(message(kA, 30 + i, "kind.example"));
  for (int i = 0; i < 2; ++i) {
    std::unique_ptr<PreparedMessage> taken;
    do taken = engine.take(kStart, &gate);
    while (taken->domain != "strict.example");
    engine.returned(*taken);
    engine.learn(*taken, outcome_of(*taken, OutcomeKind::deferred, Scope::site, 421), {}, kStart);
  }
  while (const auto taken = engine.take(kStart, &gate)) EXPECT_EQ(taken->domain, "kind.example");
  ASSERT_TRUE(engine.next_change());
  EXPECT_EQ(engine.take(*engine.next_change(), &gate)->domain, "strict.example");
}

TEST(EngineTest, WhatConcernsOneRecipientSaysNothingAgainstTheSite) {
  Engine engine;
  engine.allow(kA, 0);
  for (int i = 0; i < 100; ++i) engine.add(message(kA, 10 + i));
  for (int i = 0; i < 50; ++i) {
    const auto taken = engine.take(kStart);
    ASSERT_TRUE(taken) << i;
    engine.learn(*taken, outcome_of(*taken, OutcomeKind::deferred, Scope::recipient, 450), {},
                 kStart);
  }
  EXPECT_EQ(engine.sites().find(kOneSite)->failures(), 0);
}

TEST(EngineTest, ASlowSiteKeepsLittleInMemoryAndTheRestComesLater) {
  Engine engine;
  engine.allow(kA, 0);
  TestGate gate;
  gate.shut = {"slow.example"};
  for (int i = 0; i < 500; ++i) engine.add(message(kA, i + 1, "slow.example"));
  for (int i = 0; i < 100; ++i) engine.add(message(kA, 1000 + i, "quick.example"));
  Instant now = kStart;
  engine.take(now, &gate);
  auto gone = engine.shed(now);  // not known to be slow yet, only to have no room
  EXPECT_EQ(gone.size(), 500 - kHoldUnknown);
  now += seconds(5);
  EXPECT_TRUE(engine.comes_later("slow.example", MessageId{7}, 0, now));
  EXPECT_FALSE(engine.comes_later("quick.example", MessageId{7}, 0, now));
  EXPECT_FALSE(engine.comes_later("unknown.example", MessageId{7}, 0, now));
  for (Engine::Shed& each : engine.shed(now)) gone.push_back(std::move(each));
  EXPECT_EQ(gone.size(), 500 - kHoldMin);
  std::set<MessageId> ids;
  for (const auto& [message, due_at] : gone) {
    EXPECT_EQ(message->domain, "slow.example");
    EXPECT_GT(due_at, kStart);
    ids.insert(message->id);
  }
  EXPECT_EQ(ids.size(), gone.size());
  EXPECT_FALSE(ids.contains(MessageId{1}));  // the first ones stay
  EXPECT_EQ(engine.ready(), 99 + kHoldMin);
  // All that is left can still be taken.
  gate.shut.clear();
  std::size_t taken = 0;
  while (engine.take(now, &gate)) ++taken;
  EXPECT_EQ(taken, 99 + kHoldMin);
  EXPECT_EQ(engine.ready(), 0u);
}

TEST(EngineTest, WithOneSiteNothingIsShed) {
  Engine engine;
  engine.allow(kA, 0);
  for (int i = 0; i < 500; ++i) engine.add(message(kA, i + 1));
  engine.take(kStart);
  engine.sites().find(kOneSite)->unreachable(kStart);
  EXPECT_TRUE(engine.shed(kStart + seconds(60)).empty());
}

TEST(EngineTest, TakesOutThoseWhoseTimeIsOver) {
  Engine engine;
  engine.allow(kA, 0);
  for (int i = 0; i < 100; ++i) {
    engine.add(message(kA, i + 1, i % 2 == 0 ? "a.example" : "b.example"));
  }
  const auto gone =
      engine.take_out([](const PreparedMessage& each) { return each.id.value % 2 == 1; });
  EXPECT_EQ(gone.size(), 50u);
  EXPECT_EQ(engine.ready(), 50u);
  int taken = 0;
  while (const auto each = engine.take(kStart)) {
    EXPECT_EQ(each->domain, "b.example");
    ++taken;
  }
  EXPECT_EQ(taken, 50);
}

TEST(EngineTest, BooksBalanceWhateverHappens) {
  Engine engine;
  TestGate gate;
  for (int i = 1; i <= 5; ++i) engine.allow(CampaignId{i}, 0, OrganisationId{i % 2 + 1});
  std::int64_t id = 0;
  std::size_t inside = 0;
  std::uint64_t random = 12345;
  std::vector<std::unique_ptr<PreparedMessage>> out;
  Instant now = kStart;
  for (int step = 0; step < 50'000; ++step) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    const auto dice = static_cast<int>(random >> 40);
    now += milliseconds(dice % 7);
    switch (dice % 8) {
      case 0:
      case 1:
      case 2:
        engine.add(
            message(CampaignId{1 + dice % 5}, ++id, fmt::format("d{}.example", dice % 3000)));
        ++inside;
        break;
      case 3:
      case 4:
        if (auto taken = engine.take(now, &gate)) {
          --inside;
          out.push_back(std::move(taken));
        }
        break;
      case 5:
        if (!out.empty()) {
          engine.returned(*out.back());
          engine.give_back(std::move(out.back()));
          out.pop_back();
          ++inside;
        }
        break;
      case 6:
        gate.shut.insert(fmt::format("d{}.example", dice % 3000));
        if (gate.shut.size() > 1000) gate.shut.clear();
        inside -= engine.shed(now).size();
        break;
      default:
        if (dice % 97 == 0) {
          const CampaignId campaign{1 + dice % 5};
          inside -= engine.forbid(campaign).size();
          engine.allow(campaign, 0, OrganisationId{campaign.value % 2 + 1});
        }
    }
    ASSERT_EQ(engine.ready(), inside);
  }
  gate.shut.clear();
  engine.sites().each([&](const Site& site) { EXPECT_EQ(site.failures(), 0); });
  while (engine.take(now, &gate)) --inside;
  EXPECT_EQ(inside, 0u);
  engine.sites().each([&](const Site& site) { EXPECT_EQ(site.held, 0u); });
}

// R10's shape: the engine alone, its connections and sites simulated under a virtual clock.
TEST(EngineTest, OfAHundredCampaignsTheLastEndsNotLongAfterTheMiddleOne) {
  constexpr int kCampaigns = 100;
  constexpr int kEach = 1000;
  constexpr int kOrganisations = 10;
  Engine engine;
  for (int i = 1; i <= kCampaigns; ++i) {
    engine.allow(CampaignId{i}, 0, OrganisationId{1 + i % kOrganisations});
  }
  // As the dispatcher does: a share of memory for each, filled up when half is gone.
  std::vector<int> added(kCampaigns + 1);
  std::vector<int> done(kCampaigns + 1);
  std::map<int, Instant> completed;
  const auto fill = [&](int campaign) {
    while (added[campaign] < kEach && engine.ready(CampaignId{campaign}) < 20) {
      const int n = added[campaign]++;
      // A half to one large provider, a quarter to another, the rest to fifty small sites.
      std::string domain = n % 2 == 0   ? "large.example"
                           : n % 4 == 1 ? "second.example"
                                        : fmt::format("s{}.example", (n * 7 + campaign) % 50);
      engine.add(message(CampaignId{campaign}, campaign * 10'000 + n, std::move(domain)));
    }
  };
  // Each site has ten connections, a message takes each twenty milliseconds.
  struct Gate final : DomainGate {
    bool wants(std::string_view domain) const override { return busy[std::string(domain)] < 10; }
    std::string_view site_of(std::string_view domain) const override { return domain; }
    mutable std::map<std::string, int> busy;
  } gate;
  struct Ending {
    Instant at;
    std::string site;
    int campaign;
    bool operator>(const Ending& other) const { return at > other.at; }
  };
  std::priority_queue<Ending, std::vector<Ending>, std::greater<>> endings;
  Instant now = kStart;
  for (int i = 1; i <= kCampaigns; ++i) fill(i);
  for (;;) {
    while (const auto taken = engine.take(now, &gate)) {
      ++gate.busy[taken->site];
      endings.push({now + milliseconds(20), taken->site, int(taken->campaign_id.value)});
      fill(int(taken->campaign_id.value));
    }
    if (endings.empty()) break;
    const Ending next = endings.top();
    endings.pop();
    now = next.at;
    --gate.busy[next.site];
    if (++done[std::size_t(next.campaign)] == kEach) completed[next.campaign] = now;
  }
  ASSERT_EQ(completed.size(), std::size_t(kCampaigns));
  std::vector<double> times;
  for (const auto& [campaign, at] : completed) {
    times.push_back(std::chrono::duration<double>(at - kStart).count());
  }
  std::ranges::sort(times);
  EXPECT_LE(times[98] / times[49], 2.0) << times[49] << " s, " << times[98] << " s";
}

}  // namespace
}  // namespace tidings::delivery
