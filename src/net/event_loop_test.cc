#include "net/event_loop.h"

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace tidings::net {
namespace {

using namespace std::chrono_literals;

TEST(EventLoop, RunsPostedWorkInOrder) {
  EventLoop loop;
  std::string order;
  loop.post([&] {
    order += "a";
    loop.post([&] { order += "c"; });
  });
  loop.post([&] { order += "b"; });
  EXPECT_TRUE(loop.run_until([&] { return order.size() == 3; }, 5s));
  EXPECT_EQ(order, "abc");
}

TEST(EventLoop, RunUntilSaysFalseWhenTheTimeIsOver) {
  EventLoop loop;
  EXPECT_FALSE(loop.run_until([] { return false; }, 1ms));
}

TEST(EventLoop, AnotherThreadStopsIt) {
  EventLoop loop;
  std::thread other([&] { loop.post([&] { loop.stop(); }); });
  loop.run();
  other.join();
}

TEST(Timer, FiresOnceAndOnlyItsLastRound) {
  EventLoop loop;
  Timer timer(loop);
  int first = 0;
  int second = 0;
  timer.start(1ms, [&] { ++first; });
  timer.start(2ms, [&] { ++second; });
  EXPECT_TRUE(loop.run_until([&] { return second > 0; }, 5s));
  EXPECT_FALSE(loop.run_until([] { return false; }, 5ms));
  EXPECT_EQ(first, 0);
  EXPECT_EQ(second, 1);
  EXPECT_FALSE(timer.running());
}

TEST(Timer, IsSilentAfterCancelEvenIfItWasDue) {
  EventLoop loop;
  Timer timer(loop);
  Timer canceller(loop);
  int fired = 0;
  canceller.start(0us, [&] { timer.cancel(); });
  timer.start(0us, [&] { ++fired; });
  EXPECT_FALSE(loop.run_until([] { return false; }, 5ms));
  EXPECT_EQ(fired, 0);
}

TEST(Timer, MayBeDestroyedByItsOwnHandler) {
  EventLoop loop;
  auto timer = std::make_unique<Timer>(loop);
  bool fired = false;
  timer->start(0us, [&] {
    timer.reset();
    fired = true;
  });
  EXPECT_TRUE(loop.run_until([&] { return fired; }, 5s));
}

TEST(EventLoopTest, a_stop_before_the_run_holds_and_the_loop_can_run_again) {
  EventLoop loop;
  loop.stop();
  loop.run();  // would not return
  bool ran = false;
  loop.post([&] { ran = true; });
  EXPECT_TRUE(loop.run_until([&] { return ran; }, std::chrono::seconds(5)));
}

}  // namespace
}  // namespace tidings::net
