#include "db/driver.h"

#include <chrono>
#include <semaphore>
#include <utility>

#include "base/check.h"
#include "db/work_scope.h"

namespace tidings::db {
namespace {

std::unexpected<Error> closed_error() {
  return fail(ErrorKind::unavailable, "db.closed", "The database has been closed.");
}

}  // namespace

Result<void> read_on(Session& session, const Database::Work& work) {
  auto ready = session.ensure_connected();
  if (ready) ready = session.begin();
  if (!ready && session.trouble() == Trouble::lost) {
    // A session that idled through a restart of the server; nothing has been read from it yet.
    ready = session.ensure_connected();
    if (ready) ready = session.begin();
  }
  if (!ready) {
    session.rollback();
    return ready;
  }
  auto result = session.settle(work(session));
  session.rollback();
  return result;
}

Result<void> ReaderPool::read(const Database::Work& work) {
  auto session = TRY(take());
  auto result = read_on(*session, work);
  give_back(std::move(session));
  return result;
}

Result<std::unique_ptr<Session>> ReaderPool::take() {
  {
    std::unique_lock lock(mutex_);
    const bool ready = changed_.wait_for(
        lock, wait_max, [this] { return closed_ || !free_.empty() || in_use_ < size_; });
    if (closed_) return closed_error();
    if (!ready) {
      return fail(ErrorKind::unavailable, "db.busy",
                  "All connections for reading are in use. Try again in a few seconds.");
    }
    ++in_use_;
    if (!free_.empty()) {
      auto session = std::move(free_.back());
      free_.pop_back();
      return session;
    }
  }
  auto opened = open_();
  if (!opened) give_back(nullptr);
  return opened;
}

void ReaderPool::give_back(std::unique_ptr<Session> session) {
  {
    const std::lock_guard lock(mutex_);
    --in_use_;
    if (session) free_.push_back(std::move(session));
  }
  changed_.notify_all();
}

void ReaderPool::close() {
  std::unique_lock lock(mutex_);
  closed_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return in_use_ == 0; });
  free_.clear();
}

Driver::Driver(std::unique_ptr<Session> session, Readers readers, std::size_t reader_count,
               ReaderPool::Open open_reader)
    : dialect_(session->dialect()),
      readers_(readers),
      session_(std::move(session)),
      pool_(reader_count, std::move(open_reader)),
      writer_(*session_, this, readers == Readers::shared ? &session_mutex_ : nullptr) {}

Driver::~Driver() { Driver::close(); }

Result<void> Driver::write(Priority priority, Work work) {
  CHECK(!WorkScope::inside(this));  // a write or read from within one would wait for itself
  Result<void> outcome;
  std::binary_semaphore finished(0);
  writer_.enqueue(priority, std::move(work), [&](Result<void> result) {
    outcome = std::move(result);
    finished.release();
  });
  finished.acquire();
  return outcome;
}

void Driver::write_async(Priority priority, Work work, Done done) {
  writer_.enqueue(priority, std::move(work), std::move(done));
}

void Driver::write_proven_async(Priority priority, Work work, Done done) {
  writer_.enqueue(priority, std::move(work), std::move(done), Writer::References::proven);
}

Result<void> Driver::read(Work work) {
  CHECK(!WorkScope::inside(this));
  const WorkScope scope(this);
  if (readers_ == Readers::shared) return read_shared(work);
  return pool_.read(work);
}

Result<void> Driver::read_shared(const Work& work) {
  const std::lock_guard lock(session_mutex_);
  if (closed_) return closed_error();
  TRY(session_->begin_reading());
  auto result = session_->settle(work(*session_));
  session_->end_reading();
  return result;
}

// Readers go first: the writer's session is the one that tidies up at the end.
void Driver::close() {
  CHECK(!WorkScope::inside(this));
  const std::lock_guard lock(closing_);
  if (closed_) return;
  writer_.close();
  pool_.close();
  const std::lock_guard session_lock(session_mutex_);
  closed_ = true;
  session_.reset();
}

}  // namespace tidings::db
