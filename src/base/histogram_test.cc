#include "base/histogram.h"

#include <array>
#include <thread>

#include <gtest/gtest.h>

namespace tidings {
namespace {

constexpr std::array<double, 3> kBounds = {0.1, 1, 10};

TEST(Histogram, CountsWhatIsAtMostEachBound) {
  Histogram histogram(kBounds);
  for (const double value : {0.0, 0.1, 0.10001, 1.0, 10.0, 11.0, 1e9}) histogram.observe(value);
  const auto snapshot = histogram.read();
  EXPECT_EQ(snapshot.at_most, (std::vector<std::uint64_t>{2, 4, 5, 7}));
  EXPECT_DOUBLE_EQ(snapshot.sum, 0.1 + 0.10001 + 1 + 10 + 11 + 1e9);
}

TEST(Histogram, LosesNothingThatSeveralThreadsObserve) {
  Histogram histogram(kBounds);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&histogram] {
        for (int n = 0; n < 10'000; ++n) histogram.observe(0.5);
      });
    }
  }
  EXPECT_EQ(histogram.read().at_most, (std::vector<std::uint64_t>{0, 40'000, 40'000, 40'000}));
  EXPECT_DOUBLE_EQ(histogram.read().sum, 20'000);
}

}  // namespace
}  // namespace tidings
