// Driver: what SQLite's and PostgreSQL's Database have in common: the writer, the pool of readers,
// and the checks that nobody waits for himself. Thread: any.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "db/database.h"
#include "db/session.h"
#include "db/writer.h"

namespace tidings::db {

// Sessions for reading, opened when first needed and kept. Thread: any.
class ReaderPool {
 public:
  using Open = std::function<Result<std::unique_ptr<Session>>()>;
  // How long a read waits for a free session before db.busy.
  static constexpr std::chrono::seconds wait_max{30};

  ReaderPool(std::size_t size, Open open) : size_(size), open_(std::move(open)) {}

  // Runs `work` on a free session within a read transaction.
  Result<void> read(const Database::Work& work);
  // Closes the sessions; later reads fail with db.closed. Waits for those in progress.
  void close();

 private:
  Result<std::unique_ptr<Session>> take();
  void give_back(std::unique_ptr<Session> session);

  const std::size_t size_;
  const Open open_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t in_use_ = 0;
  bool closed_ = false;
  std::vector<std::unique_ptr<Session>> free_;
};

// The read transaction itself, also for the in-memory database.
Result<void> read_on(Session& session, const Database::Work& work);

class Driver : public Database {
 public:
  // With `shared`, reads run on the writer's session in turn with the writes (in memory);
  // `open_reader` is then never called.
  enum class Readers { separate, shared };
  Driver(std::unique_ptr<Session> session, Readers readers, std::size_t reader_count,
         ReaderPool::Open open_reader);
  ~Driver() override;

  Dialect dialect() const override { return dialect_; }
  Result<void> write(Priority priority, Work work) override;
  void write_async(Priority priority, Work work, Done done) override;
  void write_proven_async(Priority priority, Work work, Done done) override;
  Result<void> read(Work work) override;
  bool quiet() const override { return writer_.quiet(); }
  void count_bulk_writers(int change) override { writer_.count_bulk_writers(change); }
  void close() override;

 private:
  Result<void> read_shared(const Work& work);

  const Dialect dialect_;
  const Readers readers_;
  std::unique_ptr<Session> session_;
  std::mutex session_mutex_;  // only with Readers::shared
  std::atomic<bool> closed_ = false;
  std::mutex closing_;
  ReaderPool pool_;
  Writer writer_;
};

}  // namespace tidings::db
