#include "db/writer.h"

#include <algorithm>
#include <cstdint>
#include <ranges>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "db/work_scope.h"

namespace tidings::db {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Before a work's next try after a serialisation failure: at random up to 1, 2, 4, 8 ms, because
// two that wait equally long meet again.
std::chrono::microseconds backoff(int restarts) {
  const std::uint64_t most_us = 1'000u << std::min(restarts - 1, 3);
  return std::chrono::microseconds(random_u64() % most_us);
}

}  // namespace

Writer::Writer(Session& session, const void* database, std::mutex* exclusive)
    : session_(session), database_(database), exclusive_(exclusive), thread_([this] { run(); }) {}

Writer::~Writer() { close(); }

void Writer::enqueue(Priority priority, Database::Work work, Database::Done done,
                     References references) {
  std::optional<Result<void>> refused;
  if (priority != Priority::import) others_at_.store(SteadyClock::now(), std::memory_order_relaxed);
  {
    const std::lock_guard lock(mutex_);
    auto& queue = queues_[static_cast<std::size_t>(priority)];
    if (closing_) {
      refused = fail(ErrorKind::unavailable, "db.closed",
                     "The database is being closed, so nothing more can be stored.");
    } else if (queue.size() >= queued_max) {
      refused = fail(ErrorKind::unavailable, "db.busy",
                     "Too much is waiting to be stored at the moment. Try again in a few seconds.");
    } else {
      queue.push_back({.priority = priority,
                       .work = std::move(work),
                       .done = std::move(done),
                       .alone = references == References::proven,
                       .references = references});
    }
  }
  if (!refused) {
    wakes_.notify_one();
  } else if (done) {
    done(std::move(*refused));
  }
}

bool Writer::quiet() const {
  return SteadyClock::now() - others_at_.load(std::memory_order_relaxed) >= quiet_after;
}

void Writer::count_bulk_writers(int change) {
  {
    const std::lock_guard lock(mutex_);
    bulk_writers_ += change;
  }
  wakes_.notify_one();
}

void Writer::close() {
  CHECK(!WorkScope::inside(database_));
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wakes_.notify_one();
  std::call_once(joined_, [this] { thread_.join(); });
}

void Writer::run() {
  const WorkScope scope(database_);
  while (auto job = wait_for_job()) {
    {
      std::unique_lock<std::mutex> exclusive;
      if (exclusive_ != nullptr) exclusive = std::unique_lock(*exclusive_);
      choose_load(job->priority);
      choose_references(job->references);
      run_group(std::move(*job));
    }
    for (auto& each : std::exchange(finished_, {})) {
      if (each.done) each.done(std::move(each.result));
    }
    session_.maintain();
  }
}

// Whose turn it is; null when nothing waits. Imports have all the time there is.
std::deque<Writer::Job>* Writer::next_queue() {
  std::deque<Job>* first = nullptr;
  for (std::size_t i = 0; i < queues_.size(); ++i) {
    auto& queue = queues_[i];
    if (queue.empty()) continue;
    if (first == nullptr) {
      first = &queue;
    } else if (i != static_cast<std::size_t>(Priority::import) && ++first_in_turn_ >= turns) {
      first_in_turn_ = 0;
      return &queue;
    } else {
      break;
    }
  }
  return first;
}

std::optional<Writer::Job> Writer::wait_for_job() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (auto* queue = next_queue()) {
      Job job = std::move(queue->front());
      queue->pop_front();
      return job;
    }
    if (closing_) return std::nullopt;
    if (load_ == Load::bulk && bulk_writers_ == 0) {
      lock.unlock();
      leave_bulk();
      lock.lock();
      continue;  // a work may have come meanwhile
    }
    wakes_.wait(lock);
  }
}

// Others' works between two of an import change nothing: going to and fro would cost more.
void Writer::choose_load(Priority next) {
  const bool may_be_bulk = bulk_writers_ > 0 && (next != Priority::import || quiet());
  const Load wanted = may_be_bulk ? (next == Priority::import ? Load::bulk : load_) : Load::usual;
  if (wanted == load_) return;
  load_ = wanted;
  session_.expect(load_);
}

// Stays as it is from one work of an import to the next: the change makes SQLite prepare its
// statements again. A group holds works of one kind, because those that prove run alone.
void Writer::choose_references(References next) {
  if (next == references_) return;
  references_ = next;
  session_.check_references(next == References::checked);
}

// The last who wrote much is gone and nobody waits.
void Writer::leave_bulk() {
  std::unique_lock<std::mutex> exclusive;
  if (exclusive_ != nullptr) exclusive = std::unique_lock(*exclusive_);
  load_ = Load::usual;
  session_.expect(load_);
  session_.maintain();
}

// The next in order, unless that one has to run alone.
std::optional<Writer::Job> Writer::job_for_group() {
  const std::lock_guard lock(mutex_);
  auto* queue = next_queue();
  if (queue == nullptr || queue->front().alone) return std::nullopt;
  Job job = std::move(queue->front());
  queue->pop_front();
  return job;
}

bool Writer::may_run_again(Job& job, Trouble trouble) {
  if (trouble == Trouble::restart) return ++job.restarts < restarts_max;
  return trouble == Trouble::lost && ++job.losses < losses_max;
}

void Writer::put_back(Job job) {
  const std::lock_guard lock(mutex_);
  auto& queue = queues_[static_cast<std::size_t>(job.priority)];
  queue.push_front(std::move(job));
}

void Writer::put_back_alone(std::vector<Job>& jobs) {
  for (Job& job : jobs | std::views::reverse) {
    job.alone = true;
    put_back(std::move(job));
  }
  jobs.clear();
}

void Writer::finish(Job& job, Result<void> result) {
  finished_.push_back({std::move(job.done), std::move(result)});
}

void Writer::run_group(Job first) {
  if (first.restarts > 0) std::this_thread::sleep_for(backoff(first.restarts));
  auto begun = session_.ensure_connected();
  if (begun) begun = session_.begin();
  if (!begun) {
    session_.rollback();
    const Trouble trouble = session_.trouble();
    const bool again = may_run_again(first, trouble) && session_.ensure_connected();
    if (again) return put_back(std::move(first));
    return finish(first, std::move(begun));
  }
  const auto started = SteadyClock::now();
  const bool alone = first.alone;
  std::optional<Job> job = std::move(first);
  while (job) {
    const Next next = run_job(std::move(*job));
    if (next == Next::stop) return;
    if (next == Next::commit || alone || group_.size() >= group_max ||
        SteadyClock::now() - started >= group_time) {
      break;
    }
    job = job_for_group();
  }
  commit_group();
}

Writer::Next Writer::run_job(Job job) {
  // Optimisation: the first work needs no savepoint, the transaction itself is one.
  const bool behind_savepoint = !group_.empty();
  session_.start_work();
  Result<void> result;
  if (behind_savepoint) result = session_.savepoint();
  if (result) result = session_.settle(job.work(session_));
  if (result && behind_savepoint) result = session_.release_savepoint();
  if (!result) return after_failure(std::move(job), std::move(result.error()), behind_savepoint);
  group_.push_back(std::move(job));
  return Next::go_on;
}

Writer::Next Writer::after_failure(Job job, Error error, bool behind_savepoint) {
  Trouble trouble = session_.trouble();
  const bool again = may_run_again(job, trouble);
  if (trouble < Trouble::transaction && behind_savepoint && !session_.rollback_to_savepoint()) {
    trouble = std::max(session_.trouble(), Trouble::transaction);
  }
  if (again) {
    put_back(std::move(job));
  } else {
    finish(job, std::unexpected(std::move(error)));
  }
  if (trouble >= Trouble::transaction || !behind_savepoint) {
    session_.rollback();
    put_back_alone(group_);
    return Next::stop;
  }
  // A restart wants a new snapshot, and nobody of its priority may overtake it.
  return trouble == Trouble::restart ? Next::commit : Next::go_on;
}

void Writer::commit_group() {
  session_.start_work();
  Result<void> committed = session_.commit();
  if (committed) {
    for (Job& job : std::exchange(group_, {})) finish(job, {});
    return;
  }
  const Trouble trouble = session_.trouble();
  session_.rollback();
  const bool unknown = committed.error().code == "db.commit_unknown";
  if (!unknown && group_.size() > 1) return put_back_alone(group_);
  for (Job& job : std::exchange(group_, {})) {
    const bool again = !unknown && may_run_again(job, trouble);
    if (again) {
      put_back(std::move(job));
    } else {
      finish(job, committed);
    }
  }
}

}  // namespace tidings::db
