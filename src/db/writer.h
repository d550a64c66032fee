// Writer: the one thread that changes a database, and its queue.
//
// Purpose: works of all priorities go through one session, highest priority first, in order of
// arrival within one; of `turns` works one is of a lower priority that waits (imports apart), so
// that calls without end do not keep what was sent from being recorded, nor a pause from beginning.
// Works that wait anyway share a transaction (group commit), each behind a savepoint of its own, so
// that one that fails takes nobody with it; a group ends after 10 ms or 128 works. When a whole
// group fails its works are run again one by one. Bound: 10,000 waiting works per priority; one
// more fails with db.busy. Thread: enqueue() and close() from any; works and `done` callbacks run
// on the writer's thread.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/result.h"
#include "db/database.h"
#include "db/session.h"

namespace tidings::db {

class Writer {
 public:
  static constexpr std::size_t queued_max = 10'000;
  static constexpr std::size_t group_max = 128;
  static constexpr int turns = 32;
  static constexpr std::chrono::milliseconds group_time{10};
  // See Database::quiet().
  static constexpr std::chrono::milliseconds quiet_after{250};
  // How often a work runs in all when others keep changing the same data, or sessions are lost
  // (few: it may be this work that brings the server down).
  static constexpr int restarts_max = 200;
  static constexpr int losses_max = 5;

  // Borrows the session, whose only user it is from now on, until close(). `database` is whose
  // WorkScope the thread is in. With `exclusive`, it holds that mutex during every transaction (an
  // in-memory database has readers on the session).
  Writer(Session& session, const void* database, std::mutex* exclusive);
  ~Writer();

  // `References::proven`: see Database::write_proven_async().
  enum class References { checked, proven };
  void enqueue(Priority priority, Database::Work work, Database::Done done,
               References references = References::checked);
  bool quiet() const;
  void count_bulk_writers(int change);
  // Finishes what is queued, then stops the thread. Later works fail with db.closed.
  void close();

 private:
  struct Job {
    Priority priority;
    Database::Work work;
    Database::Done done;
    int restarts = 0;
    int losses = 0;
    bool alone = false;  // not in a group with others; those that prove their references always are
    References references = References::checked;
  };
  struct Finished {
    Database::Done done;
    Result<void> result;
  };
  enum class Next { go_on, commit, stop };

  void run();
  std::deque<Job>* next_queue();
  void choose_load(Priority next);
  void choose_references(References next);
  void leave_bulk();
  std::optional<Job> wait_for_job();
  std::optional<Job> job_for_group();
  static bool may_run_again(Job& job, Trouble trouble);
  void put_back(Job job);
  void put_back_alone(std::vector<Job>& jobs);
  void run_group(Job first);
  Next run_job(Job job);
  Next after_failure(Job job, Error error, bool behind_savepoint);
  void commit_group();
  void finish(Job& job, Result<void> result);

  Session& session_;
  const void* const database_;
  std::mutex* const exclusive_;

  std::mutex mutex_;
  std::condition_variable wakes_;
  std::array<std::deque<Job>, 4> queues_;
  int first_in_turn_ = 0;  // works of the highest priority while a lower one waited
  bool closing_ = false;
  // When the last work that is no import was given.
  std::atomic<std::chrono::steady_clock::time_point> others_at_{};
  std::atomic<int> bulk_writers_ = 0;

  // The writer thread's own.
  std::vector<Job> group_;
  std::vector<Finished> finished_;
  Load load_ = Load::usual;
  References references_ = References::checked;

  std::once_flag joined_;
  std::thread thread_;
};

}  // namespace tidings::db
