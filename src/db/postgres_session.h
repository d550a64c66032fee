// PostgresSession: one PostgreSQL session as a Session.
//
// REPEATABLE READ on the writer as on readers: a work sees one state of the database, as it does
// on SQLite, and where it would overwrite what somebody changed meanwhile PostgreSQL refuses and
// the work runs again. (What remains possible is write skew: guard it with a unique constraint.)
// Not through pgbouncer's transaction pooling: sessions keep prepared statements.
// Thread: one at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "db/name_hash.h"
#include "db/session.h"

struct pg_conn;
struct pg_result;

namespace tidings::db {

class PostgresSession final : public Session {
 public:
  enum class Mode { writer, reader };
  // How long the writer tries to get a lost session back before its works fail; afterwards one
  // try per second.
  static constexpr std::chrono::seconds reconnect_max{30};
  static constexpr std::size_t statements_max = 1'024;
  // Statements sent before their results are read, in execute_many and query_many.
  static constexpr std::size_t pipeline_max = 256;
  // Rows that insert_many() inserts in one pipeline, which is one round trip; for more, COPY takes
  // less of the server's time.
  static constexpr std::size_t insert_few = 8;

  // Connects. Errors: db.unavailable (down, refused, wrong password), db.url.
  static Result<std::unique_ptr<PostgresSession>> open(const std::string& url, Mode mode);
  ~PostgresSession() override;
  PostgresSession(const PostgresSession&) = delete;
  PostgresSession& operator=(const PostgresSession&) = delete;

  Dialect dialect() const override { return Dialect::postgres; }
  Result<std::int64_t> execute(const Statement& statement, Params params) override;
  Result<void> query(const Statement& statement, Params params, const RowCallback& row) override;
  Result<std::vector<std::int64_t>> execute_many(const Statement& statement, std::size_t stride,
                                                 Params flat) override;
  Result<void> query_many(const Statement& statement, std::size_t stride, Params flat,
                          const RunRowCallback& row) override;
  Result<void> insert_many(std::string_view table, std::span<const std::string_view> columns,
                           Params flat) override;
  Result<void> run_script(std::string_view sql) override;

  Result<void> ensure_connected() override;
  Result<void> begin() override;
  Result<void> commit() override;
  void rollback() override;
  Result<void> savepoint() override;
  Result<void> release_savepoint() override;
  Result<void> rollback_to_savepoint() override;

 private:
  struct Freed {
    void operator()(pg_conn* connection) const;
    void operator()(pg_result* result) const;
  };
  using Reply = std::unique_ptr<pg_result, Freed>;

  struct Prepared {
    std::string sql;
    std::string handle;                // its name on the server
    std::vector<std::uint32_t> types;  // of the parameters; 0 as long as only NULL was given
  };
  // Parameters in the form libpq takes them. Reused, so that a call allocates nothing.
  struct Bound {
    std::vector<std::uint64_t> numbers;
    std::vector<const char*> values;
    std::vector<int> lengths;
    std::vector<int> formats;
  };
  enum class CommitFate { stored, gone, unknown };

  PostgresSession(std::string url, Mode mode) : url_(std::move(url)), mode_(mode) {}
  Result<void> connect();
  Result<void> begin_now();
  Result<void> finish_rollback();
  Result<void> begin_and_query(const Prepared& prepared, Params params, const RowCallback& row);
  Result<void> read_rows(std::string_view what, const RowCallback& row);
  Result<void> ready_for(const Statement& statement);
  Result<const Prepared*> prepare(const Statement& statement, Params params);
  Result<void> send_prepare(Prepared& prepared, std::string_view name);
  Result<void> check_texts(Params params);
  void bind(Params params);
  bool send(const Prepared& prepared, Params params);
  static std::int64_t changed_rows(const pg_result* reply);
  // What is sent before its results are read: runs of one statement, the first of them numbered.
  struct Chunk {
    const Prepared& prepared;
    std::string_view what;
    std::size_t stride = 0;
    std::size_t first = 0;
  };
  using ReplyCallback = std::function<void(std::size_t run, const pg_result* reply)>;
  Result<void> run_many(const Statement& statement, std::size_t stride, Params flat,
                        const ReplyCallback& take);
  Result<void> run_chunk(const Chunk& chunk, Params flat, const ReplyCallback& take);
  Result<void> insert_rows(std::string_view table, std::span<const std::string_view> columns,
                           Params flat);
  Result<void> copy(std::string_view table, std::span<const std::string_view> columns, Params flat);
  Result<std::vector<std::uint32_t>> column_types(std::string_view table,
                                                  std::span<const std::string_view> columns);
  Result<void> copy_rows(std::span<const std::uint32_t> types, Params flat);
  // A statement of the session itself, in simple protocol.
  Result<Reply> control(const char* sql);
  Result<void> control_plain(const char* sql);
  CommitFate ask_fate(const std::string& transaction_id);
  void drain();
  bool is_lost() const;
  std::unexpected<Error> failure(const pg_result* reply, std::string_view what);

  const std::string url_;
  const Mode mode_;
  std::unique_ptr<pg_conn, Freed> handle_;
  bool begin_waits_ = false;  // a reader's transaction begins with its first statement
  bool gave_up_ = false;      // the last reconnection took all its time
  std::chrono::steady_clock::time_point next_try_{};
  std::uint64_t prepared_count_ = 0;
  std::unordered_map<std::string, Prepared, NameHash, std::equal_to<>> statements_;
  std::unordered_map<std::string, std::vector<std::uint32_t>, NameHash, std::equal_to<>>
      copy_types_;
  Prepared unkept_;
  Bound bound_;
};

}  // namespace tidings::db
