#include "net/worker_pool.h"

#include <atomic>
#include <future>

#include <gtest/gtest.h>

namespace tidings::net {
namespace {

TEST(WorkerPool, everything_accepted_runs_before_stop_returns) {
  std::atomic<int> ran = 0;
  WorkerPool pool(2, 1000);
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(pool.submit([&] { ++ran; }));
  pool.stop();
  EXPECT_EQ(ran, 500);
  EXPECT_FALSE(pool.submit([&] { ++ran; }));
  EXPECT_EQ(ran, 500);
}

TEST(WorkerPool, a_full_queue_refuses) {
  std::promise<void> release;
  std::promise<void> started;
  std::atomic<int> ran = 0;
  WorkerPool pool(1, 2);
  ASSERT_TRUE(pool.submit([&] {
    started.set_value();
    release.get_future().wait();
  }));
  started.get_future().wait();
  EXPECT_TRUE(pool.submit([&] { ++ran; }));
  EXPECT_TRUE(pool.submit([&] { ++ran; }));
  EXPECT_FALSE(pool.submit([&] { ++ran; }));
  release.set_value();
  pool.stop();
  EXPECT_EQ(ran, 2);
}

}  // namespace
}  // namespace tidings::net
