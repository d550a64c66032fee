#include "domain/wall_time.h"

#include <gtest/gtest.h>

namespace tidings {
namespace {

std::string utc(std::string_view local, std::string_view zone, Fold fold = Fold::earlier) {
  const auto resolved = resolve_wall_time(local, zone, fold);
  return resolved ? to_rfc3339(resolved->at) : resolved.error().code;
}

TEST(WallTimeTest, EightInTheMorningIsAnotherInstantInEachZone) {
  EXPECT_EQ(utc("2026-12-01T08:00", "Europe/Brussels"), "2026-12-01T07:00:00.000000Z");
  EXPECT_EQ(utc("2026-12-01 08:00:30", "Asia/Kathmandu"), "2026-12-01T02:15:30.000000Z");
  EXPECT_EQ(utc("2026-12-01T08:00", "America/St_Johns"), "2026-12-01T11:30:00.000000Z");
  EXPECT_EQ(utc("2026-07-01T08:00", "Europe/Brussels"), "2026-07-01T06:00:00.000000Z");
}

TEST(WallTimeTest, ATimeTheClocksJumpOverIsRefusedWithTheTwoNearest) {
  const auto refused = resolve_wall_time("2026-03-29T02:30", "Europe/Brussels");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "schedule.gap");
  EXPECT_EQ(refused.error().message,
            "2026-03-29T02:30 does not exist in Europe/Brussels: the clocks go forward over it. "
            "The nearest times are 01:59 and 03:00.");
  EXPECT_EQ(utc("2026-03-29T01:59", "Europe/Brussels"), "2026-03-29T00:59:00.000000Z");
  EXPECT_EQ(utc("2026-03-29T03:00", "Europe/Brussels"), "2026-03-29T01:00:00.000000Z");
}

TEST(WallTimeTest, ATimeThatExistsTwiceIsTheEarlierUnlessTheLaterIsAskedFor) {
  const auto earlier = resolve_wall_time("2026-10-25T02:30", "Europe/Brussels");
  ASSERT_TRUE(earlier);
  EXPECT_TRUE(earlier->is_ambiguous);
  EXPECT_EQ(to_rfc3339(earlier->at), "2026-10-25T00:30:00.000000Z");
  EXPECT_EQ(utc("2026-10-25T02:30", "Europe/Brussels", Fold::later), "2026-10-25T01:30:00.000000Z");
  EXPECT_FALSE(resolve_wall_time("2026-10-25T03:30", "Europe/Brussels")->is_ambiguous);
}

TEST(WallTimeTest, AZoneThatSkippedAWholeDayHasNoSuchDay) {
  EXPECT_EQ(utc("2011-12-30T12:00", "Pacific/Apia"), "schedule.gap");
}

TEST(WallTimeTest, WhatIsNoTimeOrZoneIsRefusedWithoutGuessing) {
  for (const std::string_view text :
       {"", "tomorrow", "2026-02-30T08:00", "2026-12-01T24:00", "2026-12-01T08:60",
        "2026-12-01T08:00Z", "2026-12-01T08:00+01:00", "2026-12-01", "2026-12-01T08:00:0",
        "-026-12-01T08:00", "2026-+1-01T08:00", "0000-01-01T00:00", "9999-12-31T23:59"}) {
    EXPECT_EQ(utc(text, "Europe/Brussels"), "schedule.time") << text;
  }
  for (const std::string_view zone :
       {"", "Brussels", "Europe/Brussel", "../etc/passwd", "+01:00"}) {
    EXPECT_EQ(utc("2026-12-01T08:00", zone), "schedule.zone") << zone;
    EXPECT_FALSE(is_time_zone(zone));
  }
  EXPECT_EQ(utc("2026-12-01T08:00", std::string(10'000, 'x')), "schedule.zone");
}

TEST(WallTimeTest, AnInstantIsShownAsTheZonesClocksShowIt) {
  const auto resolved = resolve_wall_time("2026-07-01T08:00", "Europe/Brussels");
  ASSERT_TRUE(resolved);
  EXPECT_EQ(wall_time_text(resolved->at, "Europe/Brussels"), "2026-07-01T08:00:00");
  EXPECT_EQ(wall_time_text(resolved->at, "UTC"), "2026-07-01T06:00:00");
  EXPECT_EQ(wall_time_text(resolved->at, "nowhere"), "2026-07-01T06:00:00");
}

TEST(WallTime, HoursAndDaysBeginWhereTheZoneHasThem) {
  const auto at = [](std::string_view text) { return resolve_wall_time(text, "UTC").value().at; };
  const auto begins = [&](std::string_view text, std::string_view zone, WallUnit unit) {
    return wall_time_text(start_of_wall(at(text), zone, unit), "UTC");
  };
  EXPECT_EQ(begins("2026-11-22 18:40", "UTC", WallUnit::hour), "2026-11-22T18:00:00");
  EXPECT_EQ(begins("2026-11-22 23:40", "Europe/Brussels", WallUnit::day), "2026-11-22T23:00:00");
  EXPECT_EQ(begins("2026-11-22 18:40", "Asia/Kathmandu", WallUnit::hour), "2026-11-22T18:15:00");
  EXPECT_EQ(begins("2026-11-22 18:40", "nowhere", WallUnit::day), "2026-11-22T00:00:00");
  // The day on which the clocks go back has 25 hours, and both of its two o'clocks are hours.
  EXPECT_EQ(begins("2026-10-25 00:30", "Europe/Brussels", WallUnit::hour), "2026-10-25T00:00:00");
  EXPECT_EQ(begins("2026-10-25 01:30", "Europe/Brussels", WallUnit::hour), "2026-10-25T01:00:00");
  EXPECT_EQ(begins("2026-10-25 22:59", "Europe/Brussels", WallUnit::day), "2026-10-24T22:00:00");
}

}  // namespace
}  // namespace tidings
