// SqliteSession: one SQLite connection as a Session.
//
// Always WAL with synchronous=FULL, foreign keys on, no memory map. 3.40.1 is within the range of
// the WAL-reset bug (fixed in 3.51.3: a commit and a checkpoint of two connections at the same
// moment can corrupt the file), so automatic checkpoints are off everywhere, only the writing
// session checkpoints, and a lock file beside the database keeps the writing sessions of several
// processes apart.
// Thread: one at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "db/name_hash.h"
#include "db/session.h"

struct sqlite3;
struct sqlite3_stmt;

namespace tidings::db {

class SqliteSession final : public Session {
 public:
  enum class Mode {
    writer,  // creates the file when it is missing
    reader,  // cannot write, never checkpoints
    memory,  // a private database in memory, for writing and reading in turn
  };
  // Of new databases. With twice SQLite's usual size a tree of addresses is touched in half as many
  // places, and has a level less.
  static constexpr int page_bytes = 8'192;
  // Pages in the WAL after which the writer copies them into the database file. Under bulk load
  // more, because the copy of a page that changes in every transaction is then made once for many
  // of them; the WAL is cut back to its usual size afterwards.
  static constexpr int checkpoint_pages = 1'000;
  static constexpr int bulk_checkpoint_pages = 16'000;
  // The writer's page cache.
  static constexpr int cache_kib = 8 << 10;
  static constexpr int bulk_cache_kib = 18 << 10;
  // Prepared statements kept; further ones are prepared each time.
  static constexpr std::size_t statements_max = 1'024;

  // Rows that one statement of insert_many() inserts.
  static constexpr std::size_t insert_rows = 50;

  // Errors: db.unavailable (folder, permission), db.corrupt, db.busy, db.full.
  static Result<std::unique_ptr<SqliteSession>> open(const std::string& path, Mode mode,
                                                     std::chrono::milliseconds busy_timeout);
  ~SqliteSession() override;
  SqliteSession(const SqliteSession&) = delete;
  SqliteSession& operator=(const SqliteSession&) = delete;

  Dialect dialect() const override { return Dialect::sqlite; }
  Result<std::int64_t> execute(const Statement& statement, Params params) override;
  Result<void> query(const Statement& statement, Params params, const RowCallback& row) override;
  Result<std::vector<std::int64_t>> execute_many(const Statement& statement, std::size_t stride,
                                                 Params flat) override;
  Result<void> query_many(const Statement& statement, std::size_t stride, Params flat,
                          const RunRowCallback& row) override;
  Result<void> insert_many(std::string_view table, std::span<const std::string_view> columns,
                           Params flat) override;
  Result<void> run_script(std::string_view sql) override;

  Result<void> ensure_connected() override { return {}; }
  Result<void> begin() override;
  Result<void> commit() override;
  void rollback() override;
  Result<void> savepoint() override;
  Result<void> release_savepoint() override;
  Result<void> rollback_to_savepoint() override;
  void maintain() override;
  void expect(Load load) override;
  void check_references(bool on) override;
  Result<void> begin_reading() override;
  void end_reading() override;

 private:
  struct Prepared {
    std::string sql;
    sqlite3_stmt* handle = nullptr;
    std::vector<int> parameters;  // SQLite's parameter i is `$parameters[i]`, from 0
    int highest = 0;              // the number of parameters to be given
  };
  class Use;
  class SqliteRow;

  SqliteSession(std::string path, Mode mode, std::chrono::milliseconds busy_timeout)
      : path_(std::move(path)), mode_(mode), busy_timeout_(busy_timeout) {}
  Result<void> set_up();
  Result<void> insert_rows_of(std::string_view table, std::span<const std::string_view> columns,
                              std::size_t rows, Params flat);
  Result<void> make_wal();
  Result<void> lock_writers();
  void unlock_writers();

  Result<Prepared> prepare(const Statement& statement, unsigned flags);
  Result<Use> use(const Statement& statement, std::size_t parameters);
  Result<void> bind(const Prepared& prepared, Params params);
  Result<std::int64_t> run(const Statement& statement, const Prepared& prepared, Params params);
  // A statement of the session itself: no parameters, no rows.
  Result<void> control(std::string_view sql);
  std::unexpected<Error> failure(int code, std::string_view what);

  const std::string path_;
  const Mode mode_;
  const std::chrono::milliseconds busy_timeout_;  // for another process
  sqlite3* handle_ = nullptr;
  int lock_fd_ = -1;
  int wal_pages_ = 0;           // as the last commit left it
  int checkpointed_pages_ = 0;  // of those, already tried
  int checkpoint_after_ = checkpoint_pages;
  bool in_transaction_ = false;
  std::unordered_map<std::string, Prepared, NameHash, std::equal_to<>> statements_;
};

}  // namespace tidings::db
