// Gathered: what many threads want to store at once is stored together.
//
// A write costs round trips and a place in the queue; a hundred calls a moment do much the same. So
// those who come while the writer is busy with others become one work, which handles all of them
// with statements over many rows. Nobody waits for company: a work takes whoever is there when its
// turn comes, at most `most`. When a work of several fails, each is stored alone, so that one
// takes nobody with it.
// Bounds: the waiting threads are those of the caller's pool; the writer's queue is bounded.
// Ownership: borrows the database; outlives its callers. Thread: any; the work runs on the
// writer's, perhaps more than once, with the same items.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <semaphore>
#include <span>
#include <utility>
#include <vector>

#include "base/result.h"
#include "db/database.h"

namespace tidings::db {

template <typename Item>
class Gathered {
 public:
  static constexpr std::size_t most = 32;
  // Stores all of them, or fails: then nothing is stored of any.
  using Work = std::function<Result<void>(Connection&, std::span<Item* const>)>;

  Gathered(Database& database, Priority priority, Work work)
      : database_(database), priority_(priority), work_(std::move(work)) {}

  // Waits for the commit. As Database::write(): not from within another write.
  Result<void> store(Item& item) {
    Waiting waiting{&item};
    if (const auto begun = join(waiting)) give(begun);
    waiting.done.acquire();
    if (!waiting.is_alone) return std::move(waiting.result);
    Item* const alone = &item;
    return database_.write(
        priority_, [&](Connection& connection) { return work_(connection, std::span(&alone, 1)); });
  }
  // How many the next work has so far, for tests.
  std::size_t waiting() {
    const std::lock_guard lock(mutex_);
    return open_ == nullptr ? 0 : open_->items.size();
  }

 private:
  struct Waiting {
    Item* item;
    Result<void> result{};
    bool is_alone = false;
    std::binary_semaphore done{0};
  };
  struct Batch {
    std::vector<Waiting*> waiting;
    std::vector<Item*> items;
  };

  // The batch, when this is its first.
  std::shared_ptr<Batch> join(Waiting& waiting) {
    const std::lock_guard lock(mutex_);
    const bool is_first = open_ == nullptr || open_->items.size() >= most;
    if (is_first) open_ = std::make_shared<Batch>();
    open_->waiting.push_back(&waiting);
    open_->items.push_back(waiting.item);
    return is_first ? open_ : nullptr;
  }
  // From now on nobody joins.
  void seal(const std::shared_ptr<Batch>& batch) {
    const std::lock_guard lock(mutex_);
    if (open_ == batch) open_.reset();
  }
  void give(const std::shared_ptr<Batch>& batch) {
    database_.write_async(
        priority_,
        [this, batch](Connection& connection) {
          seal(batch);
          return work_(connection, std::span<Item* const>(batch->items));
        },
        [this, batch](const Result<void>& result) {
          seal(batch);
          // What is unavailable is so for each; and what may be stored is not repeated.
          const bool alone =
              !result && result.error().kind != ErrorKind::unavailable && batch->items.size() > 1;
          for (Waiting* const waiting : batch->waiting) {
            waiting->result = result;
            waiting->is_alone = alone;
            waiting->done.release();
          }
        });
  }

  Database& database_;
  const Priority priority_;
  const Work work_;
  std::mutex mutex_;
  std::shared_ptr<Batch> open_;  // whom the next to come joins
};

}  // namespace tidings::db
