#include "feedback/hit_window.h"

#include <gtest/gtest.h>

namespace tidings::feedback {
namespace {

using delivery::Hit;

constexpr Instant kNow = from_micros(1'000'000'000);

Hit link(std::int64_t message, int number, std::int64_t millis) {
  return {.organisation_id = {1},
          .message_id = {message},
          .number = number,
          .occurred_at = kNow + std::chrono::milliseconds(millis)};
}

void add(HitWindow& window, const Hit& hit, std::uint64_t to = 1, std::string segment = "a") {
  window.add({std::move(segment), to, hit});
}

std::vector<int> links_at_once(HitWindow& window) {
  std::vector<int> counts;
  for (const auto& each : window.peek(1000, kNow + std::chrono::hours(1), kNow)) {
    counts.push_back(each.hit ? each.hit->links_at_once : -1);
  }
  return counts;
}

TEST(HitWindow, CountsDifferentLinksOfAMessageWithinASecondBeforeAndAfter) {
  HitWindow window;
  add(window, link(7, 1, -9000));
  add(window, link(7, 2, -8500));
  add(window, link(7, 2, -8200));
  add(window, link(8, 3, -8200));
  add(window, link(7, 3, -7500));
  add(window, link(7, 0, -8000));
  EXPECT_EQ(links_at_once(window), (std::vector{2, 3, 3, 1, 2, 3}));
}

TEST(HitWindow, RemembersWhatWasTakenForASecond) {
  HitWindow window;
  add(window, link(7, 1, -9000));
  window.drop(1);
  add(window, link(7, 2, -8500));
  EXPECT_EQ(links_at_once(window), (std::vector{2}));
  window.drop(1);
  add(window, link(7, 3, -5000));
  EXPECT_EQ(links_at_once(window), (std::vector{1}));
}

TEST(HitWindow, WaitsUntilAHitHasSettledAndNotForTheFuture) {
  HitWindow window;
  add(window, link(7, 1, -3000));
  add(window, link(7, 1, -1000));
  const Instant settled = kNow - std::chrono::seconds(2);
  EXPECT_EQ(window.peek(10, settled, kNow).size(), 1U);
  window.drop(1);
  EXPECT_TRUE(window.peek(10, settled, kNow).empty());
  EXPECT_EQ(window.peek(10, settled, kNow - std::chrono::hours(1)).size(), 1U)
      << "the clock was set back";
}

TEST(HitWindow, DoesNotWaitWhenItIsFull) {
  HitWindow window;
  for (std::size_t i = 0; i < HitWindow::kMost; ++i) add(window, link(std::int64_t(i), 1, -1));
  EXPECT_TRUE(window.full());
  EXPECT_EQ(window.peek(10, kNow - std::chrono::seconds(2), kNow).size(), 10U);
}

TEST(HitWindow, ABatchIsOfOneFile) {
  HitWindow window;
  add(window, link(7, 1, -9000), 10, "a");
  window.add({"a", 12, std::nullopt});
  add(window, link(7, 1, -9000), 5, "b");
  const auto batch = window.peek(10, kNow, kNow);
  ASSERT_EQ(batch.size(), 2U);
  EXPECT_EQ(batch.back().to, 12U);
}

TEST(HitWindow, ManyHitsOfOneMessageCostNoMore) {
  HitWindow window;
  for (int i = 0; i < 20'000; ++i) add(window, link(7, 1 + i % 900, -5000));
  const auto counts = links_at_once(window);
  EXPECT_EQ(counts.at(0), static_cast<int>(HitWindow::kSeenMax));
  window.drop(20'000);
  add(window, link(7, 1, -1000));
  EXPECT_EQ(links_at_once(window), (std::vector{1}));
}

}  // namespace
}  // namespace tidings::feedback
