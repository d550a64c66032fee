// Database: the organisation's storage, opened by URL, with its one writer and its readers.
//
// SQLite: one writer connection on its own thread takes work by priority and does every
// checkpoint (3.40.1 is within the range of the WAL-reset bug); readers never checkpoint; always
// synchronous=FULL, foreign keys on. PostgreSQL: the same shape, one writer session per process
// and a small pool of readers; many processes may share the database.
// A write is a function of a Connection inside one transaction: it commits when the function
// succeeds, rolls back when it fails, and is retried from the start on serialisation trouble or,
// on PostgreSQL, after the session was lost before COMMIT was sent. Keep it under 20 ms.
// When the session is lost after COMMIT was sent the result is db.commit_unknown (unavailable):
// callers that cannot tell by themselves run again what is idempotent.
// Works that wait together share one commit, each behind a savepoint of its own. On PostgreSQL the
// transaction is REPEATABLE READ; where the server can still tell what became of a COMMIT it is
// asked, so db.commit_unknown is rare. `sqlite::memory:` has one session: reads and writes in turn.
// Thread: any.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "base/result.h"
#include "db/connection.h"

namespace tidings::db {

enum class Priority { transactional, ledger, web, import };  // first goes first

struct DatabaseOptions {
  int readers = 4;  // 1..64
  // SQLite: how long a write waits for another process that is writing before db.busy.
  std::chrono::milliseconds busy_timeout{5'000};
  // Opens sealed columns, for every Connection::vault().
  std::shared_ptr<const Vault> vault = nullptr;
};

class Database {
 public:
  // `sqlite:PATH` (created if missing), `sqlite::memory:` or `postgres://…` / `postgresql://…`.
  // Does not migrate. Errors: db.unavailable, db.url (invalid), db.failed.
  static Result<std::unique_ptr<Database>> open(const std::string& url,
                                                DatabaseOptions options = {});
  virtual ~Database() = default;
  virtual Dialect dialect() const = 0;

  using Work = std::function<Result<void>(Connection&)>;
  using Done = std::function<void(Result<void>)>;

  // Runs `work` in a write transaction and waits for the commit. Must not be called from within
  // another write or a `done` (CHECK). With 10,000 works of this priority waiting: db.busy.
  virtual Result<void> write(Priority priority, Work work) = 0;
  // The same without waiting, for the queue neither; `done` runs on the writer thread after the
  // commit, or at once on this thread when the work is not accepted (db.busy, db.closed).
  virtual void write_async(Priority priority, Work work, Done done) = 0;
  // The same for a work that proves by itself, within its transaction, that everything its rows
  // refer to is there, and deletes nothing that is referred to: SQLite then checks no foreign keys
  // for it, and it has its transaction alone. PostgreSQL checks them all the same.
  virtual void write_proven_async(Priority priority, Work work, Done done) {
    write_async(priority, std::move(work), std::move(done));
  }
  // Runs `work` on a reader: a consistent snapshot that can not write. Must not be
  // called from within a read or write (CHECK).
  virtual Result<void> read(Work work) = 0;
  // Whether nobody in this process gave a write of a higher priority than `import` within the last
  // 250 ms: then an import may take longer transactions than 20 ms.
  virtual bool quiet() const = 0;
  // Counts those who write much; see BulkWrites. Thread: any.
  virtual void count_bulk_writers(int /*change*/) {}
  // Waits for the writes already given, then stops the writer. Later writes fail with
  // db.closed (unavailable). Called by the destructor too.
  virtual void close() = 0;

  // write() and read() that return what the work returns.
  template <typename F>
  auto write_value(Priority priority, F work) -> std::invoke_result_t<F, Connection&> {
    std::invoke_result_t<F, Connection&> value = fail(ErrorKind::internal, "db.failed", "Not run.");
    const auto wrote = write(priority, [&](Connection& connection) -> Result<void> {
      value = work(connection);
      if (!value) return std::unexpected(value.error());
      return {};
    });
    if (!wrote) return std::unexpected(wrote.error());
    return value;
  }
  template <typename F>
  auto read_value(F work) -> std::invoke_result_t<F, Connection&> {
    std::invoke_result_t<F, Connection&> value = fail(ErrorKind::internal, "db.failed", "Not run.");
    const auto got = read([&](Connection& connection) -> Result<void> {
      value = work(connection);
      if (!value) return std::unexpected(value.error());
      return {};
    });
    if (!got) return std::unexpected(got.error());
    return value;
  }
};

// Says, while it lives, that works of priority `import` will write very many rows. As long as the
// database is quiet(), SQLite then works with more memory (SqliteSession::bulk_cache_kib) and
// copies its write-ahead log into the file less often; what others write waits up to half a second
// behind such a copy, once. PostgreSQL makes no difference. Borrows the database.
class BulkWrites {
 public:
  explicit BulkWrites(Database& database) : database_(database) { database_.count_bulk_writers(1); }
  ~BulkWrites() { database_.count_bulk_writers(-1); }
  BulkWrites(const BulkWrites&) = delete;
  BulkWrites& operator=(const BulkWrites&) = delete;

 private:
  Database& database_;
};

}  // namespace tidings::db
