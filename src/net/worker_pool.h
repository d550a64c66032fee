// WorkerPool: a few threads for work that blocks (the database, password hashing), so that no
// event loop ever does. The queue is bounded: at the bound submit() refuses.
// Ownership: stop it, or destroy it, before what its tasks use; that waits for those under way.
// Thread: any.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace tidings::net {

class WorkerPool {
 public:
  explicit WorkerPool(std::size_t threads = 4, std::size_t waiting_max = 256);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False when as many tasks wait as may, or after stop(): the task will not run. A task must not
  // throw.
  [[nodiscard]] bool submit(std::function<void()> task);
  // Runs what was already given, then ends the threads. Not from a task.
  void stop();

 private:
  void work();

  const std::size_t waiting_max_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> waiting_;
  bool is_stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace tidings::net
