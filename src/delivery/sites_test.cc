#include "delivery/sites.h"

#include <gtest/gtest.h>

#include "delivery/transport.h"

namespace tidings::delivery {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Instant kStart = from_micros(1'800'000'000'000'000);

// Tries again at the end of each pause, and fails; returns when it did for the last time.
Instant fail_to_reach(Site& site, int times, Instant now) {
  for (int i = 0; i < times; ++i) {
    now = site.paused_until(now).value_or(now);
    site.unreachable(now);
  }
  return now;
}

TEST(SiteTest, BeginsWithFewConnectionsAndGrowsWithWhatIsAccepted) {
  Site site("mx", {.connections = 10});
  EXPECT_EQ(site.connection_limit(), 2u);
  for (int i = 0; i < 8; ++i) site.accepted(kStart);
  EXPECT_EQ(site.connection_limit(), 6u);
  for (int i = 0; i < 1000; ++i) site.accepted(kStart);
  EXPECT_EQ(site.connection_limit(), 10u);
}

TEST(SiteTest, ALimitOfOneConnectionIsKept) {
  Site site("mx", {.connections = 1});
  for (int i = 0; i < 1000; ++i) site.accepted(kStart);
  EXPECT_EQ(site.connection_limit(), 1u);
}

TEST(SiteTest, OnePleaForPatienceHalvesTheConnectionsAndTheOthersGoOn) {
  Site site("mx", {.connections = 8});
  for (int i = 0; i < 100; ++i) site.accepted(kStart);
  site.slow_down(kStart);
  EXPECT_EQ(site.connection_limit(), 4u);
  EXPECT_TRUE(site.may_send(kStart));
  // Grows more slowly from now on.
  for (int i = 0; i < 39; ++i) site.accepted(kStart + seconds(1));
  EXPECT_EQ(site.connection_limit(), 4u);
  site.accepted(kStart + seconds(1));
  EXPECT_EQ(site.connection_limit(), 5u);
}

TEST(SiteTest, ManyConnectionsThatHearTheSameAreOneTrouble) {
  Site site("mx", {.connections = 16});
  for (int i = 0; i < 100; ++i) site.accepted(kStart);
  for (int i = 0; i < 16; ++i) site.slow_down(kStart + milliseconds(i));
  EXPECT_FALSE(site.may_send(kStart + milliseconds(100)));
  EXPECT_EQ(site.connection_limit(), 1u);  // while it is tried
  EXPECT_TRUE(site.may_send(kStart + seconds(3)));
  site.accepted(kStart + seconds(3));
  EXPECT_EQ(site.connection_limit(), 8u);
}

TEST(SiteTest, PauseDoublesUpToFiveMinutesAndEndsWithSuccess) {
  Site site("mx", {});
  EXPECT_TRUE(site.may_connect(kStart));
  site.unreachable(kStart);
  EXPECT_FALSE(site.may_connect(kStart + milliseconds(900)));
  EXPECT_TRUE(site.may_connect(kStart + seconds(1)));
  EXPECT_EQ(site.connection_limit(), 1u);
  const Instant last = fail_to_reach(site, 50, kStart);
  EXPECT_FALSE(site.may_connect(last + seconds(299)));
  EXPECT_TRUE(site.may_connect(last + seconds(300)));
  EXPECT_EQ(site.silent_since(), kStart);
  site.accepted(last + seconds(301));
  EXPECT_EQ(site.silent_since(), std::nullopt);
  site.unreachable(last + seconds(302));
  EXPECT_TRUE(site.may_connect(last + seconds(303)));
}

TEST(SiteTest, WhatSeveralConnectionsMeetAtTheSameTimeIsOneTrouble) {
  Site site("mx", {});
  for (int i = 0; i < 20; ++i) site.broke(kStart + milliseconds(i));
  EXPECT_EQ(site.failures(), 1);
  EXPECT_TRUE(site.may_connect(kStart + milliseconds(1100)));
  for (int i = 0; i < 20; ++i) site.unreachable(kStart + seconds(2) + milliseconds(i));
  EXPECT_EQ(site.failures(), 2);
  EXPECT_TRUE(site.may_connect(kStart + milliseconds(4100)));
}

TEST(SiteTest, AnAccidentIsNoTroubleButThreeInARowAre) {
  Site site("mx", {});
  site.broke(kStart);
  site.broke(kStart);
  EXPECT_TRUE(site.may_connect(kStart));
  site.accepted(kStart);
  site.broke(kStart);
  site.broke(kStart);
  EXPECT_TRUE(site.may_connect(kStart));
  site.broke(kStart);
  EXPECT_FALSE(site.may_connect(kStart));
}

TEST(SiteTest, WithOneConnectionLeftTheRateIsHalvedAndGrowsBack) {
  Site site("mx", {.connections = 1});
  Instant now = kStart;
  for (int i = 0; i < 40; ++i) site.accepted(now + milliseconds(25 * i));  // forty a second
  now += seconds(1);
  site.slow_down(now);
  EXPECT_NEAR(site.rate(), 20, 1);
  for (int step = 1; step <= 8; ++step) {
    now += seconds(10);
    site.accepted(now);
  }
  EXPECT_EQ(site.rate(), 0);
}

TEST(SiteTest, ARateThatAPersonSetIsNeverExceeded) {
  Site site("mx", {.connections = 1, .per_second = 5});
  for (int i = 0; i < 40; ++i) site.accepted(kStart + milliseconds(25 * i));
  site.slow_down(kStart + seconds(1));
  EXPECT_EQ(site.rate(), 5);
  site.set_limits({.connections = 1, .per_second = 0});
  EXPECT_NEAR(site.rate(), 20, 1);
}

TEST(SiteTest, StopsForAsLongAsItWasTold) {
  Site site("mx", {});
  site.stop_for(minutes(60), kStart);
  EXPECT_FALSE(site.may_send(kStart + minutes(59)));
  EXPECT_FALSE(site.may_connect(kStart + minutes(59)));
  EXPECT_EQ(site.next_send(kStart), kStart + minutes(60));
  EXPECT_TRUE(site.may_send(kStart + minutes(60)));
}

TEST(SiteTest, ASuspendedSiteGetsNothingAndHasNoEnd) {
  Site site("mx", {.is_suspended = true});
  EXPECT_FALSE(site.may_send(kStart));
  EXPECT_FALSE(site.may_connect(kStart));
  EXPECT_EQ(site.next_send(kStart), std::nullopt);
  site.set_limits({});
  EXPECT_TRUE(site.may_send(kStart));
}

TEST(SitesTest, AreSuspendedByTheirNameOrOneOfTheirHosts) {
  Sites sites;
  const auto known = sites.of("mx1.large.example,mx2.large.example", kStart);
  const auto only = sites.of(kOneSite, kStart);
  sites.set_suspended({"mx2.large.example", "school.example", ""});
  EXPECT_TRUE(known->is_suspended());
  EXPECT_FALSE(only->is_suspended());
  EXPECT_TRUE(sites.is_suspended("school.example"));
  EXPECT_FALSE(sites.of("mx.large.example", kStart)->is_suspended());
  EXPECT_TRUE(sites.of("mx0.other.example,mx2.large.example", kStart)->is_suspended());
  sites.set_suspended({"mx1.large.example,mx2.large.example"});
  EXPECT_TRUE(known->is_suspended());
  EXPECT_FALSE(sites.of("mx0.other.example,mx2.large.example", kStart)->is_suspended());
  sites.set_suspended({});
  EXPECT_FALSE(known->is_suspended());
}

TEST(SiteTest, BesideOthersOneThatHasNoRoomYetHoldsAFew) {
  Site site("mx", {});
  EXPECT_EQ(site.hold_max(kStart, true), SIZE_MAX);
  site.refused(kStart);
  EXPECT_EQ(site.hold_max(kStart + milliseconds(10), true), kHoldUnknown);
  EXPECT_EQ(site.hold_max(kStart + milliseconds(10), false), SIZE_MAX);
  // Soon it is known: so long is a row that nobody has measured.
  for (std::uint64_t i = 0; i < 1000; ++i) {
    EXPECT_LT(site.next_place(kStart + milliseconds(10), i * 7919), kStart + milliseconds(1300));
  }
  EXPECT_EQ(site.hold_max(kStart + seconds(1), true), kHoldMin);
}

TEST(SiteTest, HoldsWhatItTakesInTwoSecondsAndAllWhileThatIsNotKnown) {
  Site site("mx", {});
  EXPECT_EQ(site.hold_max(kStart), SIZE_MAX);
  Instant now = kStart;
  for (int i = 0; i < 200; ++i) {  // ten a second
    site.refused(now);
    now += milliseconds(100);
    site.departed(now);
  }
  EXPECT_NEAR(*site.capacity(now), 10, 1);
  EXPECT_NEAR(double(site.hold_max(now)), 20, 2);
}

TEST(SiteTest, OneThatHangsIsHeldLittleForAndFarApart) {
  Site site("mx", {});
  site.refused(kStart);
  EXPECT_EQ(site.hold_max(kStart + milliseconds(500)), SIZE_MAX);
  EXPECT_EQ(site.hold_max(kStart + seconds(10)), kHoldMin);
  const Instant now = kStart + seconds(10);
  const Instant first = site.next_place(now, 0);
  const Instant second = site.next_place(now, 0);
  EXPECT_GE(first, now + kHoldTime);
  EXPECT_GE(second - first, seconds(1));
  // No further than an hour, whatever the row.
  for (int i = 0; i < 5000; ++i) {
    EXPECT_LE(site.next_place(now, static_cast<std::uint64_t>(i) * 1'000'003), now + minutes(60));
  }
}

TEST(SiteTest, OneThatAcceptsIsNotHeldToThePaceOfItsBeginning) {
  Site site("mx", {});
  Instant now = kStart;
  for (int i = 0; i < 100; ++i) {  // ten a second
    site.refused(now);
    now += milliseconds(100);
    site.departed(now);
  }
  std::uint64_t spread = 0;
  const auto last_of = [&](int count) {
    Instant last = now;
    for (int i = 0; i < count; ++i) {
      last = std::max(last, site.next_place(now, spread += 0x9e3779b97f4a7c15u));
    }
    return last;
  };
  // A thousand would be a row of 100 s; they ask again long before.
  EXPECT_LE(last_of(1000), now + 2 * kPostponedMin);
  EXPECT_GE(last_of(1000), now + kPostponedMin);
  // The longer that goes on, the more seldom.
  for (int i = 0; i < 100; ++i) {
    now += seconds(6);
    last_of(10);
  }
  EXPECT_GE(last_of(10'000), now + minutes(10));
  EXPECT_LE(last_of(10'000), now + minutes(20) + seconds(1));
  // One in trouble is left alone.
  now = fail_to_reach(site, 3, now);
  EXPECT_GE(last_of(30'000), now + minutes(45));
}

TEST(SiteTest, NobodyIsToldToComeBeforeThePauseIsOver) {
  Site site("mx", {});
  const Instant last = fail_to_reach(site, 8, kStart);
  EXPECT_GE(site.next_place(last, 0), *site.paused_until(last));
}

TEST(SitesTest, ForgetsTheOneUnusedForLongestAndNeverOneInUse) {
  Sites sites;
  sites.of("held", kStart)->held = 1;
  for (std::size_t i = 1; i < kSitesMax; ++i) {
    sites.of("s" + std::to_string(i), kStart + seconds(i));
  }
  sites.of("new", kStart + minutes(1000));
  EXPECT_NE(sites.find("held"), nullptr);
  EXPECT_EQ(sites.find("s1"), nullptr);
  EXPECT_NE(sites.find("s2"), nullptr);
  EXPECT_NE(sites.find("new"), nullptr);
}

TEST(SitesTest, RulesHoldForServersAndForTheDomainsTheyServe) {
  Sites sites;
  sites.limits = {.connections = 10, .per_second = 100};
  sites.rules = {{.name = "big.example", .connections = 20, .rate = 0},
                 {.name = "school.example", .connections = {}, .rate = 30},
                 {.name = "club.example", .connections = 5, .rate = 50}};
  const auto grown = [](Site& site) {
    for (int i = 0; i < 1000; ++i) site.accepted(kStart);
    return site.connection_limit();
  };
  Site& big = *sites.of("mx1.big.example,mx2.big.example", kStart);
  EXPECT_EQ(grown(big), 20u);
  EXPECT_EQ(big.rate(), 0);
  sites.serves(big, "school.example");
  EXPECT_EQ(big.rate(), 30);
  sites.serves(big, "news.club.example");
  EXPECT_EQ(big.rate(), 30);
  EXPECT_EQ(big.connection_limit(), 5u);
  Site& other = *sites.of("mx.notbig.example", kStart);
  EXPECT_EQ(grown(other), 10u);
  EXPECT_EQ(other.rate(), 100);
  // The one mail server of a transport has the transport's own limits.
  EXPECT_EQ(sites.of(kOneSite, kStart)->rate(), 0);
}

TEST(SitesTest, ARuleDoesNotEndASuspension) {
  Sites sites;
  sites.rules = {{.name = "school.example", .connections = 3, .rate = {}}};
  sites.set_suspended({"mx.example"});
  Site& site = *sites.of("mx.example", kStart);
  sites.serves(site, "school.example");
  EXPECT_TRUE(site.is_suspended());
}

}  // namespace
}  // namespace tidings::delivery
