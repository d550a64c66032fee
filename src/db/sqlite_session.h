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
  // Pages in the WAL (of 4 KiB) after which the writer copies them into the database file.
  static constexpr int checkpoint_pages = 1000;
  // Prepared statements kept; further ones are prepared each time.
  static constexpr std::size_t statements_max = 1'024;

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
  bool in_transaction_ = false;
  std::unordered_map<std::string, Prepared, NameHash, std::equal_to<>> statements_;
};

}  // namespace tidings::db
