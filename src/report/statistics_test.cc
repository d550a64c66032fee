#include "report/statistics.h"

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
    const Statistics made = statistics_of(counted);
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

TEST(Statistics, EveryStatusStandsInOneLineButThoseThatEvidenceBringsLater) {
  const Counted one_each{1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 0};
  std::vector<int> lines(kStatusCount);
  for (const EndLine& line : statistics_of(one_each).ended) {
    for (const Status status : line.statuses) ++lines[static_cast<std::size_t>(status)];
  }
  for (int i = 0; i < kStatusCount; ++i) {
    const auto status = static_cast<Status>(i);
    // Not measured yet; and an unsubscribed message stays in its earlier line.
    const bool is_elsewhere =
        status == Status::opened || status == Status::clicked || status == Status::unsubscribed;
    EXPECT_EQ(lines[static_cast<std::size_t>(i)], is_elsewhere ? 0 : 1) << to_string(status);
  }
}

TEST(Statistics, RatesAreOfThoseSentAndUnknownWhenNothingWas) {
  const Statistics nothing = statistics_of({.queued = 5});
  EXPECT_FALSE(nothing.along_the_way[0].per_mille);
  EXPECT_EQ(nothing.ended.back().line, "waiting");
  EXPECT_EQ(nothing.ended.back().per_mille, 1000);
  const Statistics some =
      statistics_of({.sent = 200, .bounced = 9, .blocked = 4, .unsubscribed = 1});
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
