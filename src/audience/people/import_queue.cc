#include "audience/people/import_queue.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "audience/people/search_index.h"

namespace tidings::people {
namespace {

using audience::ImportContext;

constexpr int threads = 2;

// What may be over in a moment: nothing is wrong with the file.
bool is_passing(const Error& error) {
  return error.code == "import.taken" ||
         (error.code.starts_with("db.") && error.kind != ErrorKind::corrupt);
}

}  // namespace

ImportQueue::ImportQueue(db::Database& database, IdSource& ids, const Clock& clock,
                         ImportQueueOptions options)
    : database_(database), ids_(ids), clock_(clock), options_(std::move(options)) {
  for (int i = 0; i < threads; ++i)
    threads_.emplace_back([this](const std::stop_token& stop) { run(stop); });
}

ImportQueue::~ImportQueue() { stop(); }

void ImportQueue::stop() {
  for (std::jthread& thread : threads_) thread.request_stop();
  wake_.notify_all();
  threads_.clear();
}

Result<void> ImportQueue::resume() {
  const auto open = TRY(database_.read_value([&](db::Connection& connection) {
    return audience::all_open_imports(connection, options_.folder_key);
  }));
  for (const audience::OpenImport& each : open) add(each.organisation, each.id);
  return {};
}

void ImportQueue::add(OrganisationId organisation, ImportId import) {
  const Waiting added{.organisation = organisation, .import = import};
  {
    const std::lock_guard lock(mutex_);
    if (running_.contains(import) || std::ranges::find(waiting_, added) != waiting_.end()) return;
    waiting_.push_back(added);
  }
  wake_.notify_all();
}

void ImportQueue::wait_idle() {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return waiting_.empty() && running_.empty(); });
}

// The oldest of an organisation that has none at work; waits for one. False: stopped.
bool ImportQueue::take(std::unique_lock<std::mutex>& lock, const std::stop_token& stop,
                       Waiting& next) {
  while (!stop.stop_requested()) {
    const auto now = std::chrono::steady_clock::now();
    auto wake_at = std::chrono::steady_clock::time_point::max();
    std::set<OrganisationId> passed;  // one that waits for the database keeps its place
    for (auto job = waiting_.begin(); job != waiting_.end(); ++job) {
      if (at_work_.contains(job->organisation) || !passed.insert(job->organisation).second)
        continue;
      if (job->not_before > now) {
        wake_at = std::min(wake_at, job->not_before);
        continue;
      }
      next = *job;
      waiting_.erase(job);
      at_work_.insert(next.organisation);
      running_.insert(next.import);
      return true;
    }
    if (wake_at == std::chrono::steady_clock::time_point::max())
      wake_.wait(lock);
    else
      wake_.wait_until(lock, wake_at);
  }
  return false;
}

void ImportQueue::run(const std::stop_token& stop) {
  // Wakes the wait above, which has no predicate of its own.
  const std::stop_callback waker(stop, [this] {
    const std::lock_guard lock(mutex_);
    wake_.notify_all();
  });
  std::unique_lock lock(mutex_);
  for (Waiting job; take(lock, stop, job);) {
    lock.unlock();
    const bool is_over = work(job, stop);
    lock.lock();
    at_work_.erase(job.organisation);
    running_.erase(job.import);
    if (!is_over) {
      job.delay = std::clamp(job.delay * 2, options_.retry_after, options_.retry_after_max);
      job.not_before = std::chrono::steady_clock::now() + job.delay;
      waiting_.push_front(job);
    }
    wake_.notify_all();
  }
}

bool ImportQueue::work(const Waiting& job, const std::stop_token& stop) {
  const ImportContext context{database_, ids_, clock_, job.organisation};
  const auto ran = audience::run_import(context, job.import, {.progress = {}, .stop = stop});
  if (ran || ran.error().code == "import.cancelled") return ended(job);
  if (ran.error().code == "import.stopped" || ran.error().code == "import.failed") return true;
  report(job, ran.error());
  if (is_passing(ran.error())) return false;
  const auto wrote = database_.write(db::Priority::web, [&](db::Connection& connection) {
    return audience::fail_import(connection, job.organisation, job.import, ran.error().message,
                                 clock_.now());
  });
  return wrote.has_value();
}

// The file has been read; what it brought is found by search from now on. What a minute is not
// enough for is done before a search.
bool ImportQueue::ended(const Waiting& job) {
  const auto read = database_.read_value([&](db::Connection& connection) {
    return audience::load_import(connection, job.organisation, job.import);
  });
  std::error_code ignored;
  if (read) std::filesystem::remove(read->file.path, ignored);
  if (const auto indexed = index_pending(database_, job.organisation, std::chrono::minutes(1));
      !indexed)
    report(job, indexed.error());
  return true;
}

void ImportQueue::report(const Waiting& job, const Error& error) const {
  if (options_.report)
    options_.report(fmt::format("import {}: {}", to_text(job.import), error.message));
}

}  // namespace tidings::people
