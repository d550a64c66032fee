#include "report/statistics.h"

#include <algorithm>
#include <numeric>
#include <random>

#include <gtest/gtest.h>

namespace tidings::report {
namespace {

int sum_of(const Statistics& statistics) {
  return std::accumulate(statistics.ended.begin(), statistics.ended.end(), 0,
                         [](int sum, const EndLine& line) { return sum + line.per_mille; });
}

TEST(Statistics, EachMessageStandsInExactlyOneLineAndThePercentagesAddUpTo100) {
  std::mt19937 random(3);
  for (int round = 0; round < 2000; ++round) {
    const auto some = [&] {
      return static_cast<std::int64_t>(random() % (round % 2 ? 7 : 1000000));
    };
    Counted counted{some(), some(), some(), some(), some(), some(), 0,
                    some(), some(), some(), some(), some(), some()};
    counted.opened = some();
    const Statistics made = statistics_of(counted, {.opens = round % 3 == 0});
    std::int64_t amount = 0;
    for (const EndLine& line : made.ended) {
      amount += line.amount;
      EXPECT_GE(line.per_mille, 0);
    }
    EXPECT_EQ(amount, made.total);
    EXPECT_EQ(made.total, counted.total());
    EXPECT_EQ(sum_of(made), made.total == 0 ? 0 : 1000);
  }
}

TEST(Statistics, EveryStatusStandsInOneLine) {
  const Counted one_each{1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 0};
  std::vector<int> lines(kStatusCount);
  for (const EndLine& line : statistics_of(one_each, {.opens = true}).ended) {
    for (const Status status : line.statuses) ++lines[static_cast<std::size_t>(status)];
  }
  for (int i = 0; i < kStatusCount; ++i) {
    const auto status = static_cast<Status>(i);
    // An unsubscribed message stays in its earlier line.
    EXPECT_EQ(lines[static_cast<std::size_t>(i)], status == Status::unsubscribed ? 0 : 1)
        << to_string(status);
  }
}

const Figure* find(const Statistics& made, std::string_view figure) {
  const auto at = std::ranges::find(made.along_the_way, figure, &Figure::figure);
  return at == made.along_the_way.end() ? nullptr : &*at;
}

TEST(Statistics, OpenedIsToldInBothSetsAndMachinesApart) {
  const Counted counted{.sent = 100,
                        .opened = 40,
                        .opened_spam = 2,
                        .clicked = 10,
                        .opens = 70,
                        .clicks = 12,
                        .machine_opens = 50,
                        .machine_clicks = 9};
  const Statistics made = statistics_of(counted, {.opens = true, .clicks = true});
  EXPECT_EQ(made.ended[0].line, "opened");
  EXPECT_EQ(made.ended[0].amount, 38);
  EXPECT_EQ(made.ended[1].amount, 62);
  ASSERT_TRUE(find(made, "opened"));
  EXPECT_EQ(find(made, "opened")->people, 40);
  EXPECT_EQ(find(made, "opened")->per_mille, 400);
  EXPECT_EQ(find(made, "opened")->times, 70);
  EXPECT_EQ(find(made, "opened")->machine, 50);
  EXPECT_EQ(find(made, "clicked")->times, 12);
  EXPECT_EQ(find(made, "clicked")->machine, 9);
  EXPECT_FALSE(find(made, "sent")->times);
}

TEST(Statistics, WhatNobodyLookedForIsNotMeasuredRatherThanNotOpened) {
  const Statistics off = statistics_of({.sent = 100}, {});
  EXPECT_FALSE(find(off, "opened"));
  EXPECT_EQ(off.not_measured[0], "opened");
  EXPECT_EQ(off.not_measured[1], "clicked");
  EXPECT_EQ(off.ended[0].line, "sent");
  EXPECT_TRUE(find(statistics_of({.sent = 9}, {.clicks = true}), "opened")) << "a click opens";
  EXPECT_FALSE(find(statistics_of({.sent = 9}, {.opens = true}), "clicked"));
  EXPECT_FALSE(find(statistics_of({.sent = 9}, {.opens = true, .is_total = true}), "opened"));
}

TEST(Statistics, RatesAreOfThoseSentAndUnknownWhenNothingWas) {
  const Statistics nothing = statistics_of({.queued = 5}, {});
  EXPECT_FALSE(nothing.along_the_way[0].per_mille);
  EXPECT_EQ(nothing.ended.back().line, "waiting");
  EXPECT_EQ(nothing.ended.back().per_mille, 1000);
  const Statistics some =
      statistics_of({.sent = 200, .bounced = 9, .blocked = 4, .unsubscribed = 1}, {});
  for (const Figure& figure : some.along_the_way) {
    if (figure.figure == "unsubscribed") EXPECT_EQ(figure.per_mille, 5);
    if (figure.figure == "blocked_or_spam") EXPECT_EQ(figure.people, 4);
  }
  for (const std::string_view word : some.not_measured) {
    for (const Figure& figure : some.along_the_way) EXPECT_NE(figure.figure, word);
  }
}

}  // namespace
}  // namespace tidings::report
