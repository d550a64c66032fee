#include "db/sqlite_session.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/check.h"
#include "db/sqlite_errors.h"
#include "db/sqlite_functions.h"

namespace tidings::db {

// The row a statement stands on.
class SqliteSession::SqliteRow final : public Row {
 public:
  explicit SqliteRow(sqlite3_stmt* handle) : handle_(handle) {}

  int columns() const override { return sqlite3_column_count(handle_); }
  bool is_null(int column) const override { return type(column) == SQLITE_NULL; }
  std::int64_t integer(int column) const override {
    const int found = type(column);
    CHECK(found == SQLITE_INTEGER || found == SQLITE_NULL);
    return sqlite3_column_int64(handle_, column);
  }
  double real(int column) const override {
    const int found = type(column);
    CHECK(found == SQLITE_FLOAT || found == SQLITE_INTEGER || found == SQLITE_NULL);
    return sqlite3_column_double(handle_, column);
  }
  std::string_view text(int column) const override {
    const int found = type(column);
    CHECK(found == SQLITE_TEXT || found == SQLITE_NULL);
    return view(sqlite3_column_text(handle_, column), column);
  }
  std::string_view bytes(int column) const override {
    const int found = type(column);
    CHECK(found == SQLITE_BLOB || found == SQLITE_NULL);
    return view(sqlite3_column_blob(handle_, column), column);
  }

 private:
  int type(int column) const {
    CHECK(column >= 0 && column < columns());
    return sqlite3_column_type(handle_, column);
  }
  std::string_view view(const void* data, int column) const {
    if (data == nullptr) return {};
    return {static_cast<const char*>(data),
            static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
  }

  sqlite3_stmt* handle_;
};

// A prepared statement for one call: reset afterwards, or thrown away when it is not a kept one.
class SqliteSession::Use {
 public:
  Use(SqliteSession& session, Prepared* kept) : session_(&session), prepared_(kept) {
    session.streaming_ = true;
  }
  Use(SqliteSession& session, Prepared own)
      : session_(&session),
        own_(std::make_unique<Prepared>(std::move(own))),
        prepared_(own_.get()) {
    session.streaming_ = true;
  }
  Use(Use&& other) noexcept
      : session_(std::exchange(other.session_, nullptr)),
        own_(std::move(other.own_)),
        prepared_(other.prepared_) {}
  Use& operator=(Use&&) = delete;
  ~Use() {
    if (session_ == nullptr) return;
    session_->streaming_ = false;
    if (own_) {
      sqlite3_finalize(prepared_->handle);
    } else {
      sqlite3_reset(prepared_->handle);
    }
  }
  const Prepared& operator*() const { return *prepared_; }

 private:
  SqliteSession* session_;
  std::unique_ptr<Prepared> own_;
  Prepared* prepared_;
};

Result<SqliteSession::Prepared> SqliteSession::prepare(const Statement& statement, unsigned flags) {
  Prepared prepared{.sql = std::string(statement.sql)};
  const char* rest = nullptr;
  const int code =
      sqlite3_prepare_v3(handle_, prepared.sql.data(), static_cast<int>(prepared.sql.size()), flags,
                         &prepared.handle, &rest);
  if (code != SQLITE_OK) {
    return failure(code, statement.name.empty() ? statement.sql : statement.name);
  }
  // A statement is one statement: whatever follows would silently not run.
  CHECK(prepared.handle != nullptr);
  const std::string_view remainder(rest);
  CHECK(remainder.find_first_not_of(" \t\r\n;") == std::string_view::npos);
  const int count = sqlite3_bind_parameter_count(prepared.handle);
  for (int i = 1; i <= count; ++i) {
    const char* const name = sqlite3_bind_parameter_name(prepared.handle, i);
    CHECK(name != nullptr && name[0] == '$');
    const std::string_view digits(name + 1);
    int number = 0;
    const auto parsed = std::from_chars(digits.begin(), digits.end(), number);
    CHECK(parsed.ptr == digits.end() && number > 0);
    prepared.parameters.push_back(number - 1);
    prepared.highest = std::max(prepared.highest, number);
  }
  return prepared;
}

Result<SqliteSession::Use> SqliteSession::use(const Statement& statement, std::size_t parameters) {
  CHECK(!streaming_);
  if (doomed()) return std::unexpected(first_error());
  if (const auto found = statements_.find(statement.name); found != statements_.end()) {
    // Two statements under one name: plans, metrics and this cache would mix them up.
    CHECK(found->second.sql == statement.sql);
    CHECK(static_cast<std::size_t>(found->second.highest) == parameters);
    return Use(*this, &found->second);
  }
  const bool kept = !statement.name.empty() && statements_.size() < statements_max;
  Prepared prepared = TRY(prepare(statement, kept ? SQLITE_PREPARE_PERSISTENT : 0));
  CHECK(static_cast<std::size_t>(prepared.highest) == parameters);
  if (!kept) return Use(*this, std::move(prepared));
  const auto [at, _] = statements_.emplace(std::string(statement.name), std::move(prepared));
  return Use(*this, &at->second);
}

Result<void> SqliteSession::bind(const Prepared& prepared, Params params) {
  sqlite3_stmt* const handle = prepared.handle;
  for (std::size_t i = 0; i < prepared.parameters.size(); ++i) {
    const int at = static_cast<int>(i) + 1;
    const auto& value = params[static_cast<std::size_t>(prepared.parameters[i])].value();
    int code = SQLITE_OK;
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      code = sqlite3_bind_int64(handle, at, *integer);
    } else if (const auto* text = std::get_if<std::string_view>(&value)) {
      if (auto valid = check_text(*text); !valid) {
        return doom(Trouble::statement, std::move(valid.error()));
      }
      // A null pointer would be bound as NULL.
      code = sqlite3_bind_text64(handle, at, text->data() != nullptr ? text->data() : "",
                                 text->size(), SQLITE_STATIC, SQLITE_UTF8);
    } else if (const auto* bytes = std::get_if<BytesView>(&value)) {
      code = bytes->bytes.empty() ? sqlite3_bind_zeroblob(handle, at, 0)
                                  : sqlite3_bind_blob64(handle, at, bytes->bytes.data(),
                                                        bytes->bytes.size(), SQLITE_STATIC);
    } else if (const auto* real = std::get_if<double>(&value)) {
      code = sqlite3_bind_double(handle, at, *real);
    } else {
      code = sqlite3_bind_null(handle, at);
    }
    if (code != SQLITE_OK) return failure(code, "a parameter");
  }
  return {};
}

Result<std::int64_t> SqliteSession::run(const Statement& statement, const Prepared& prepared,
                                        Params params) {
  TRY(bind(prepared, params));
  const std::int64_t before = sqlite3_total_changes64(handle_);
  int code = SQLITE_ROW;
  while (code == SQLITE_ROW) code = sqlite3_step(prepared.handle);
  if (code != SQLITE_DONE) {
    auto failed = failure(code, statement.name);
    sqlite3_reset(prepared.handle);
    return failed;
  }
  sqlite3_reset(prepared.handle);
  // changes() keeps the last writing statement's figure; a statement that changed nothing is 0.
  return sqlite3_total_changes64(handle_) == before ? 0 : sqlite3_changes64(handle_);
}

Result<std::int64_t> SqliteSession::execute(const Statement& statement, Params params) {
  const Use prepared = TRY(use(statement, params.size()));
  return run(statement, *prepared, params);
}

Result<void> SqliteSession::query(const Statement& statement, Params params,
                                  const RowCallback& row) {
  const Use prepared = TRY(use(statement, params.size()));
  TRY(bind(*prepared, params));
  const SqliteRow current((*prepared).handle);
  int code = SQLITE_OK;
  while ((code = sqlite3_step((*prepared).handle)) == SQLITE_ROW) row(current);
  if (code != SQLITE_DONE) return failure(code, statement.name);
  return {};
}

Result<std::vector<std::int64_t>> SqliteSession::execute_many(const Statement& statement,
                                                              std::size_t stride, Params flat) {
  CHECK(stride > 0 && flat.size() % stride == 0);
  std::vector<std::int64_t> changed;
  changed.reserve(flat.size() / stride);
  const Use prepared = TRY(use(statement, stride));
  for (std::size_t at = 0; at < flat.size(); at += stride) {
    changed.push_back(TRY(run(statement, *prepared, flat.subspan(at, stride))));
  }
  return changed;
}

Result<void> SqliteSession::query_many(const Statement& statement, std::size_t stride, Params flat,
                                       const RunRowCallback& row) {
  CHECK(stride > 0 && flat.size() % stride == 0);
  for (std::size_t run = 0; run * stride < flat.size(); ++run) {
    TRY(query(statement, flat.subspan(run * stride, stride),
              [&](const Row& each) { row(run, each); }));
  }
  return {};
}

Result<void> SqliteSession::insert_many(std::string_view table,
                                        std::span<const std::string_view> columns, Params flat) {
  CHECK(!columns.empty() && flat.size() % columns.size() == 0);
  // Optimisation: several rows in one statement, which keeps its place in each B-tree from row to
  // row; the rest one by one.
  const std::size_t several = columns.size() * insert_rows;
  const std::size_t bulk = flat.size() / several * several;
  if (bulk > 0) TRY(insert_rows_of(table, columns, insert_rows, flat.first(bulk)));
  if (bulk < flat.size()) TRY(insert_rows_of(table, columns, 1, flat.subspan(bulk)));
  return {};
}

Result<void> SqliteSession::insert_rows_of(std::string_view table,
                                           std::span<const std::string_view> columns,
                                           std::size_t rows, Params flat) {
  std::string sql = fmt::format("INSERT INTO {} ({}) VALUES ", table, fmt::join(columns, ", "));
  const std::string name = fmt::format("insert_many {} {}", rows, sql);
  if (const auto known = statements_.find(name); known != statements_.end()) {
    sql = known->second.sql;
  } else {
    for (std::size_t i = 0; i < rows * columns.size(); ++i)
      sql += fmt::format("{}${}", i == 0 ? "(" : i % columns.size() == 0 ? "),(" : ",", i + 1);
    sql += ")";
  }
  TRY(execute_many({.name = name, .sql = sql}, rows * columns.size(), flat));
  return {};
}

Result<void> SqliteSession::run_script(std::string_view sql) {
  CHECK(!streaming_);
  if (doomed()) return std::unexpected(first_error());
  return control(sql);
}

Result<void> SqliteSession::control(std::string_view sql) {
  const int code = sqlite3_exec(handle_, std::string(sql).c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(code, sql.substr(0, 60));
  return {};
}

std::unexpected<Error> SqliteSession::failure(int code, std::string_view what) {
  const int extended = (code & 0xff) == code ? sqlite3_extended_errcode(handle_) : code;
  auto [trouble, error] =
      describe_sqlite_failure(handle_, (extended & 0xff) == code ? extended : code, what, path_);
  // Disk full, I/O errors and lack of memory can make SQLite roll everything back by itself.
  if (in_transaction_ && sqlite3_get_autocommit(handle_) != 0) trouble = Trouble::transaction;
  return doom(trouble, std::move(error));
}

Result<void> SqliteSession::begin() {
  start_work();
  TRY(lock_writers());
  TRY(control(mode_ == Mode::reader ? "BEGIN" : "BEGIN IMMEDIATE"));
  in_transaction_ = true;
  return {};
}

Result<void> SqliteSession::commit() {
  CHECK(!streaming_);
  TRY(control("COMMIT"));
  in_transaction_ = false;
  unlock_writers();
  return {};
}

void SqliteSession::rollback() {
  in_transaction_ = false;
  // SQLite may have rolled back by itself (disk full, I/O error); then nothing is left to do.
  if (sqlite3_get_autocommit(handle_) == 0) {
    sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
  }
  CHECK(sqlite3_get_autocommit(handle_) != 0);
  unlock_writers();
}

Result<void> SqliteSession::savepoint() { return control("SAVEPOINT work"); }

Result<void> SqliteSession::release_savepoint() { return control("RELEASE work"); }

Result<void> SqliteSession::rollback_to_savepoint() {
  if (sqlite3_get_autocommit(handle_) != 0) {
    return doom(Trouble::transaction, {ErrorKind::internal, "db.failed",
                                       "The database rolled the whole transaction back."});
  }
  return control("ROLLBACK TO work; RELEASE work");
}

Result<void> SqliteSession::begin_reading() {
  start_work();
  return control("PRAGMA query_only=1; BEGIN");
}

void SqliteSession::end_reading() {
  rollback();
  sqlite3_exec(handle_, "PRAGMA query_only=0", nullptr, nullptr, nullptr);
}

// flock, not fcntl: SQLite's own locks on the database file are fcntl locks, which a close of
// any descriptor of that file in this process would drop. The lock file is a file of its own.
Result<void> SqliteSession::lock_writers() {
  if (mode_ != Mode::writer) return {};
  const auto until = std::chrono::steady_clock::now() + busy_timeout_;
  while (flock(lock_fd_, LOCK_EX | LOCK_NB) != 0) {
    if (std::chrono::steady_clock::now() >= until) return failure(SQLITE_BUSY, "begin");
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return {};
}

void SqliteSession::unlock_writers() {
  if (mode_ == Mode::writer) flock(lock_fd_, LOCK_UN);
}

void SqliteSession::maintain() {
  if (mode_ != Mode::writer) return;
  if (wal_pages_ < checkpointed_pages_) checkpointed_pages_ = 0;  // the WAL began anew
  if (wal_pages_ - checkpointed_pages_ < checkpoint_after_) return;
  if (flock(lock_fd_, LOCK_EX | LOCK_NB) != 0) return;  // another process writes: next time
  // Passive waits for nobody. What readers still need stays in the WAL until the next time.
  sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  checkpointed_pages_ = wal_pages_;
  unlock_writers();
}

void SqliteSession::expect(Load load) {
  if (mode_ != Mode::writer) return;
  const bool bulk = load == Load::bulk;
  checkpoint_after_ = bulk ? bulk_checkpoint_pages : checkpoint_pages;
  // A cache that could not be resized is a slower one, nothing worse.
  const std::string resize =
      fmt::format("PRAGMA cache_size=-{}", bulk ? bulk_cache_kib : cache_kib);
  sqlite3_exec(handle_, resize.c_str(), nullptr, nullptr, nullptr);
  // What the cache gave back lies between what is in use: free() alone keeps it.
  if (!bulk) ::malloc_trim(0);
}

void SqliteSession::check_references(bool on) {
  CHECK(!in_transaction_);
  int is_on = -1;
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_ENABLE_FKEY, on ? 1 : 0, &is_on);
  CHECK(is_on == (on ? 1 : 0));
}

Result<std::unique_ptr<SqliteSession>> SqliteSession::open(const std::string& path, Mode mode,
                                                           std::chrono::milliseconds busy_timeout) {
  CHECK(sqlite3_threadsafe() != 0);
  // Optimisation: nobody reads SQLite's memory figures, and each of its allocations would take a
  // lock for them. Refused, without harm, where SQLite is in use already.
  [[maybe_unused]] static const int without_figures = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  std::unique_ptr<SqliteSession> session(new SqliteSession(path, mode, busy_timeout));
  if (mode == Mode::writer) {
    // Contacts are personal data: a new database is its owner's alone. SQLite gives -wal and -shm
    // the same permissions.
    const int created = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (created >= 0) ::close(created);
  }
  const int access =
      mode == Mode::reader ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int code = sqlite3_open_v2(mode == Mode::memory ? ":memory:" : path.c_str(),
                                   &session->handle_, access | SQLITE_OPEN_NOMUTEX, nullptr);
  if (session->handle_ == nullptr) {
    return fail(ErrorKind::internal, "db.failed", "There is no memory left for the database.");
  }
  sqlite3_extended_result_codes(session->handle_, 1);
  if (code != SQLITE_OK) return session->failure(code, "open");
  if (mode == Mode::writer) {
    const std::string lock_path = path + "-lock";
    session->lock_fd_ = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (session->lock_fd_ < 0) return fail_errno("db.unavailable", lock_path, errno);
  }
  TRY(session->set_up());
  return session;
}

Result<void> SqliteSession::set_up() {
  sqlite3_busy_timeout(handle_, static_cast<int>(busy_timeout_.count()));
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  TRY(
      control("PRAGMA mmap_size=0; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
              "PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=0"));
  if (mode_ == Mode::writer) {
    // The size of pages can only be chosen while the file is empty; later it does nothing.
    TRY(
        control(fmt::format("PRAGMA page_size={}; PRAGMA cache_size=-{};"
                            "PRAGMA journal_size_limit={}",
                            page_bytes, cache_kib, 2 * checkpoint_pages * page_bytes)));
    TRY(make_wal());
    sqlite3_wal_hook(
        handle_,
        [](void* self, sqlite3*, const char*, int pages) {
          static_cast<SqliteSession*>(self)->wal_pages_ = pages;
          return SQLITE_OK;
        },
        this);
  } else if (mode_ == Mode::reader) {
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    TRY(control("PRAGMA query_only=ON; PRAGMA cache_size=-2048"));
  }
  TRY(add_sqlite_functions(handle_));
  // The first read of the file: says now, not at the first query, that it is no database.
  return control("SELECT count(*) FROM sqlite_schema");
}

// Asks first, so that opening beside a process that writes waits for nobody.
Result<void> SqliteSession::make_wal() {
  constexpr Statement journal_mode{"", "PRAGMA journal_mode"};
  bool is_wal = false;
  TRY(query(journal_mode, {}, [&](const Row& row) { is_wal = row.text(0) == "wal"; }));
  if (is_wal) return {};
  TRY(lock_writers());
  auto made = control("PRAGMA journal_mode=WAL");
  unlock_writers();
  return made;
}

SqliteSession::~SqliteSession() {
  for (auto& [name, prepared] : statements_) sqlite3_finalize(prepared.handle);
  if (mode_ == Mode::writer && lock_fd_ >= 0 && handle_ != nullptr) {
    // Closing the last connection of a database checkpoints and removes the WAL. One that wrote
    // nothing leaves that to whoever did.
    sqlite3_busy_timeout(handle_, 200);
    if (wal_pages_ > 0 && lock_writers()) {
      sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    } else {
      sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    }
  }
  sqlite3_close_v2(handle_);
  if (lock_fd_ >= 0) ::close(lock_fd_);
}

}  // namespace tidings::db
