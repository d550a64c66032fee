#include "db/postgres_session.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <limits>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <libpq-fe.h>

#include "base/check.h"
#include "db/postgres_errors.h"
#include "db/postgres_values.h"

namespace tidings::db {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int version_min = 150'000;  // the oldest that is tested

// Limits for what runs away: a lock held by a hung process, a query without an index, a process
// that was stopped in the middle of a transaction and would keep its locks.
// The writer looks things up by key. A plan made while a table was small would read all of it, and
// is kept until the server's statistics are made anew: a minute in which it may have grown to
// 100,000 rows. Compiling a plan costs more than any of them saves.
constexpr const char* set_up_writer =
    "SET client_min_messages = warning; SET statement_timeout = '60s'; SET lock_timeout = '10s';"
    "SET idle_in_transaction_session_timeout = '60s'; SET enable_seqscan = off; SET jit = off;"
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') = 'off'";
// A reader answers people: compiling a plan and starting workers (20 ms and more) cost what most
// answers take. Workers are left to what reads for seconds.
constexpr const char* set_up_reader =
    "SET client_min_messages = warning; SET statement_timeout = '600s'; SET lock_timeout = '10s';"
    "SET idle_in_transaction_session_timeout = '600s'; SET jit = off;"
    "SET parallel_setup_cost = 100000";

constexpr const char* begin_read_sql = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
constexpr const char* begin_read_name = "begin";  // prepared under it

void connection_defaults(std::vector<const char*>& keys, std::vector<const char*>& values) {
  // Before the URL, so that the URL wins.
  for (const auto& [key, value] : {std::pair{"connect_timeout", "10"},
                                   {"keepalives_idle", "30"},
                                   {"keepalives_interval", "10"},
                                   {"keepalives_count", "3"},
                                   {"tcp_user_timeout", "60000"},
                                   {"application_name", "tidings"}}) {
    keys.push_back(key);
    values.push_back(value);
  }
}

}  // namespace

void PostgresSession::Freed::operator()(pg_conn* connection) const { PQfinish(connection); }
void PostgresSession::Freed::operator()(pg_result* result) const { PQclear(result); }

PostgresSession::~PostgresSession() = default;

Result<std::unique_ptr<PostgresSession>> PostgresSession::open(const std::string& url, Mode mode) {
  std::unique_ptr<PostgresSession> session(new PostgresSession(url, mode));
  TRY(session->connect());
  return session;
}

Result<void> PostgresSession::connect() {
  statements_.clear();
  copy_types_.clear();
  handle_.reset();
  std::vector<const char*> keys;
  std::vector<const char*> values;
  connection_defaults(keys, values);
  keys.insert(keys.end(), {"dbname", "client_encoding", nullptr});
  values.insert(values.end(), {url_.c_str(), "UTF8", nullptr});
  handle_.reset(PQconnectdbParams(keys.data(), values.data(), 1));
  if (handle_ == nullptr || is_lost()) return failure(nullptr, "connect");
  PQsetNoticeProcessor(handle_.get(), [](void*, const char*) {}, nullptr);
  clear_trouble();
  const char* const encoding = PQparameterStatus(handle_.get(), "server_encoding");
  if (PQserverVersion(handle_.get()) < version_min || encoding == nullptr ||
      std::string_view(encoding) != "UTF8") {
    return doom(Trouble::lost, {ErrorKind::unsupported, "db.unavailable",
                                "Tidings needs PostgreSQL 15 or newer with a database in the "
                                "encoding UTF8. Create one with: createdb -E UTF8 -T template0 "
                                "NAME"});
  }
  TRY(control_plain(mode_ == Mode::writer ? set_up_writer : set_up_reader));
  begin_waits_ = false;
  if (mode_ == Mode::reader) {
    const Reply reply(PQprepare(handle_.get(), begin_read_name, begin_read_sql, 0, nullptr));
    if (!succeeded(reply.get())) return failure(reply.get(), begin_read_sql);
  }
  gave_up_ = false;
  return {};
}

Result<void> PostgresSession::ensure_connected() {
  if (trouble() != Trouble::lost && handle_ != nullptr && !is_lost()) return {};
  // After a long outage the queue is answered at once between tries, not one time-out after the
  // other.
  if (gave_up_ && SteadyClock::now() < next_try_) return std::unexpected(first_error());
  const auto started = SteadyClock::now();
  for (int round = 0;; ++round) {
    const auto tried_at = SteadyClock::now();
    clear_trouble();
    auto connected = connect();
    if (connected) return connected;
    const auto now = SteadyClock::now();
    const bool patient = mode_ == Mode::writer && !gave_up_ && now - started < reconnect_max;
    if (!patient || connected.error().kind == ErrorKind::unsupported) {
      gave_up_ = true;
      next_try_ = now + std::max<SteadyClock::duration>(std::chrono::seconds(1), now - tried_at);
      return doom(Trouble::lost, std::move(connected.error()));
    }
    std::this_thread::sleep_for(
        std::chrono::milliseconds(std::min(20 << std::min(round, 6), 1'000)));
  }
}

bool PostgresSession::is_lost() const { return PQstatus(handle_.get()) == CONNECTION_BAD; }

std::unexpected<Error> PostgresSession::failure(const pg_result* reply, std::string_view what) {
  const char* const state = reply ? PQresultErrorField(reply, PG_DIAG_SQLSTATE) : nullptr;
  const char* const primary = reply ? PQresultErrorField(reply, PG_DIAG_MESSAGE_PRIMARY) : nullptr;
  const std::string_view said = primary ? primary : PQerrorMessage(handle_.get());
  std::string_view sqlstate = state ? state : "";
  if (!is_lost() && sqlstate.empty()) sqlstate = "XX000";  // refused by libpq itself
  auto [trouble, error] = describe_postgres_failure(sqlstate, said, what);
  if (is_lost()) trouble = Trouble::lost;
  return doom(trouble, std::move(error));
}

Result<PostgresSession::Reply> PostgresSession::control(const char* sql) {
  Reply reply(PQexec(handle_.get(), sql));
  if (!succeeded(reply.get())) return failure(reply.get(), sql);
  return reply;
}

Result<void> PostgresSession::control_plain(const char* sql) {
  TRY(control(sql));
  return {};
}

void PostgresSession::drain() {
  while (Reply reply{PQgetResult(handle_.get())}) {
    if (is_lost()) return;
  }
}

// ---- transactions

// Optimisation: most reads are one statement. A reader's BEGIN travels with it and nobody waits for
// its ROLLBACK: one round trip instead of three.
Result<void> PostgresSession::begin() {
  start_work();
  if (mode_ == Mode::writer) return control_plain("BEGIN ISOLATION LEVEL REPEATABLE READ");
  TRY(finish_rollback());
  begin_waits_ = true;
  return {};
}

Result<void> PostgresSession::begin_now() {
  if (!std::exchange(begin_waits_, false)) return {};
  return control_plain(begin_read_sql);
}

// Takes the answer to the ROLLBACK of the read before, and notices a session that has ended since.
Result<void> PostgresSession::finish_rollback() {
  drain();
  const bool is_there = PQconsumeInput(handle_.get()) == 1 && !is_lost();
  if (is_there && PQtransactionStatus(handle_.get()) == PQTRANS_IDLE) return {};
  return doom(Trouble::lost,
              {ErrorKind::unavailable, "db.unavailable", "The connection to the database broke."});
}

// The transaction's id is fetched before COMMIT is sent, so that after a session lost in between
// the server can be asked what became of it.
Result<void> PostgresSession::commit() {
  CHECK(!streaming_);
  std::string id;
  {
    const Reply reply = TRY(control("SELECT pg_current_xact_id_if_assigned()::text"));
    id = PQgetvalue(reply.get(), 0, 0);
  }
  const Reply reply(PQexec(handle_.get(), "COMMIT"));
  if (PQresultStatus(reply.get()) == PGRES_COMMAND_OK) {
    if (std::string_view(PQcmdStatus(reply.get())) == "COMMIT") return {};
    return doom(Trouble::transaction, {ErrorKind::internal, "db.failed",
                                       "The database rolled the whole transaction back."});
  }
  auto failed = failure(reply.get(), "commit");
  if (trouble() != Trouble::lost || id.empty()) return failed;
  switch (ask_fate(id)) {
    case CommitFate::stored:
      clear_trouble();
      return {};
    case CommitFate::gone:
      return doom(Trouble::lost, std::move(failed.error()));
    case CommitFate::unknown:
      break;
  }
  return doom(Trouble::lost, {ErrorKind::unavailable, "db.commit_unknown",
                              "The connection to the database broke while a change was being "
                              "stored, and it cannot be told whether it was. Look before you "
                              "repeat it."});
}

PostgresSession::CommitFate PostgresSession::ask_fate(const std::string& transaction_id) {
  if (!ensure_connected()) return CommitFate::unknown;
  const std::string sql = fmt::format("SELECT pg_xact_status('{}')", transaction_id);
  const auto until = SteadyClock::now() + std::chrono::seconds(5);
  for (;;) {
    const auto reply = control(sql.c_str());
    if (!reply) return CommitFate::unknown;
    const std::string_view status = PQgetvalue(reply->get(), 0, 0);
    if (status == "committed") return CommitFate::stored;
    if (status == "aborted") return CommitFate::gone;
    // The old session's process may not have noticed yet.
    if (status != "in progress" || SteadyClock::now() >= until) return CommitFate::unknown;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void PostgresSession::rollback() {
  begin_waits_ = false;
  if (trouble() == Trouble::lost || handle_ == nullptr) return;
  drain();
  if (PQtransactionStatus(handle_.get()) == PQTRANS_IDLE) return;
  if (mode_ == Mode::reader && PQsendQuery(handle_.get(), "ROLLBACK") == 1) return;
  const Reply reply(PQexec(handle_.get(), "ROLLBACK"));
  if (PQresultStatus(reply.get()) != PGRES_COMMAND_OK) {
    doom(Trouble::lost,
         {ErrorKind::unavailable, "db.unavailable", "The connection to the database broke."});
  }
}

Result<void> PostgresSession::savepoint() { return control_plain("SAVEPOINT work"); }
Result<void> PostgresSession::release_savepoint() { return control_plain("RELEASE work"); }
Result<void> PostgresSession::rollback_to_savepoint() {
  if (trouble() == Trouble::lost) return std::unexpected(first_error());
  return control_plain("ROLLBACK TO work; RELEASE work");
}

// ---- statements

Result<void> PostgresSession::send_prepare(Prepared& prepared, std::string_view name) {
  if (!prepared.handle.empty()) {
    TRY(control_plain(fmt::format("DEALLOCATE {}", prepared.handle).c_str()));
  }
  prepared.handle = name.empty() ? "" : fmt::format("s{}", ++prepared_count_);
  const Reply reply(PQprepare(handle_.get(), prepared.handle.c_str(), prepared.sql.c_str(),
                              static_cast<int>(prepared.types.size()), prepared.types.data()));
  if (PQresultStatus(reply.get()) != PGRES_COMMAND_OK) {
    return failure(reply.get(), name.empty() ? prepared.sql : name);
  }
  return {};
}

Result<const PostgresSession::Prepared*> PostgresSession::prepare(const Statement& statement,
                                                                  Params params) {
  CHECK(params.size() <= std::numeric_limits<std::uint16_t>::max());
  const auto found = statements_.find(statement.name);
  const bool is_new = found == statements_.end();
  const bool kept = !statement.name.empty() && (!is_new || statements_.size() < statements_max);
  Prepared fresh{.sql = std::string(is_new ? statement.sql : std::string_view()),
                 .handle = {},
                 .types = std::vector<std::uint32_t>(is_new ? params.size() : 0)};
  Prepared& prepared = is_new ? fresh : found->second;
  // Two statements under one name: plans, metrics and this cache would mix them up.
  CHECK(prepared.sql == statement.sql && prepared.types.size() == params.size());
  bool retyped = is_new;
  for (std::size_t i = 0; i < params.size(); ++i) {
    const std::uint32_t type = type_of(params[i]);
    if (type == 0 || type == prepared.types[i]) continue;
    prepared.types[i] = type;
    retyped = true;
  }
  if (retyped) {
    if (auto sent = send_prepare(prepared, kept ? statement.name : std::string_view()); !sent) {
      if (!is_new) statements_.erase(found);
      return std::unexpected(std::move(sent.error()));
    }
  }
  if (!is_new) return &prepared;
  if (kept) {
    return &statements_.emplace(std::string(statement.name), std::move(fresh)).first->second;
  }
  unkept_ = std::move(fresh);
  return &unkept_;
}

Result<void> PostgresSession::check_texts(Params params) {
  for (const Param& param : params) {
    const auto* const text = std::get_if<std::string_view>(&param.value());
    if (text == nullptr) continue;
    if (auto valid = check_text(*text); !valid) {
      return doom(Trouble::statement, std::move(valid.error()));
    }
    if (text->size() > std::numeric_limits<int>::max()) {
      return doom(Trouble::statement,
                  {ErrorKind::limit, "db.too_large", "A text is too large to be stored."});
    }
  }
  return {};
}

void PostgresSession::bind(Params params) {
  bound_.numbers.resize(params.size());
  bound_.values.resize(params.size());
  bound_.lengths.resize(params.size());
  bound_.formats.assign(params.size(), 1);
  for (std::size_t i = 0; i < params.size(); ++i) {
    const auto& value = params[i].value();
    const auto put_number = [&](std::uint64_t bits) {
      bound_.numbers[i] = to_network(bits);
      bound_.values[i] = reinterpret_cast<const char*>(&bound_.numbers[i]);
      bound_.lengths[i] = sizeof bits;
    };
    const auto put_string = [&](std::string_view string) {
      bound_.values[i] = string.data() != nullptr ? string.data() : "";
      bound_.lengths[i] = static_cast<int>(string.size());
    };
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      put_number(static_cast<std::uint64_t>(*integer));
    } else if (const auto* real = std::get_if<double>(&value)) {
      put_number(std::bit_cast<std::uint64_t>(*real));
    } else if (const auto* text = std::get_if<std::string_view>(&value)) {
      put_string(*text);
    } else if (const auto* bytes = std::get_if<BytesView>(&value)) {
      put_string(bytes->bytes);
    } else {
      bound_.values[i] = nullptr;
      bound_.lengths[i] = 0;
    }
  }
}

bool PostgresSession::send(const Prepared& prepared, Params params) {
  bind(params);
  return PQsendQueryPrepared(handle_.get(), prepared.handle.c_str(),
                             static_cast<int>(params.size()), bound_.values.data(),
                             bound_.lengths.data(), bound_.formats.data(), 1) == 1;
}

std::int64_t PostgresSession::changed_rows(const pg_result* reply) {
  auto* const command = const_cast<PGresult*>(reply);
  if (std::string_view(PQcmdStatus(command)).starts_with("SELECT")) return 0;
  const char* const count = PQcmdTuples(command);
  return count[0] == '\0' ? 0 : std::strtoll(count, nullptr, 10);
}

Result<void> PostgresSession::ready_for(const Statement& statement) {
  CHECK(!streaming_ && !statement.sql.empty());
  if (doomed()) return std::unexpected(first_error());
  return {};
}

Result<std::int64_t> PostgresSession::execute(const Statement& statement, Params params) {
  TRY(ready_for(statement));
  TRY(check_texts(params));
  TRY(begin_now());
  const Prepared* const prepared = TRY(prepare(statement, params));
  bind(params);
  const Reply reply(PQexecPrepared(handle_.get(), prepared->handle.c_str(),
                                   static_cast<int>(params.size()), bound_.values.data(),
                                   bound_.lengths.data(), bound_.formats.data(), 1));
  if (!succeeded(reply.get())) return failure(reply.get(), statement.name);
  return changed_rows(reply.get());
}

Result<void> PostgresSession::query(const Statement& statement, Params params,
                                    const RowCallback& row) {
  TRY(ready_for(statement));
  TRY(check_texts(params));
  const Prepared* const prepared = TRY(prepare(statement, params));
  const Streaming streaming(streaming_);
  if (std::exchange(begin_waits_, false)) {
    bool has_read = false;
    auto result = begin_and_query(*prepared, params, [&](const Row& each) {
      has_read = true;
      row(each);
    });
    if (!is_lost() || has_read) return result;
    // A session that ended while it was idle, as in a restart of the server: nothing is read yet.
    TRY(ensure_connected());
    return begin_and_query(*TRY(prepare(statement, params)), params, row);
  }
  if (!send(*prepared, params)) return failure(nullptr, statement.name);
  return read_rows(statement.name, row);
}

Result<void> PostgresSession::begin_and_query(const Prepared& prepared, Params params,
                                              const RowCallback& row) {
  PGconn* const handle = handle_.get();
  if (PQenterPipelineMode(handle) != 1 ||
      PQsendQueryPrepared(handle, begin_read_name, 0, nullptr, nullptr, nullptr, 1) != 1 ||
      !send(prepared, params) || PQpipelineSync(handle) != 1) {
    // Only a lost session refuses these.
    auto failed = failure(nullptr, begin_read_sql);
    (void)doom(Trouble::lost, failed.error());
    return failed;
  }
  Result<void> result;
  while (const Reply reply{PQgetResult(handle)}) {
    if (!succeeded(reply.get())) result = failure(reply.get(), begin_read_sql);
    if (is_lost()) return result;
  }
  const Result<void> read = read_rows(prepared.sql, row);
  if (is_lost()) return read;
  const Reply synced(PQgetResult(handle));
  if (PQexitPipelineMode(handle) != 1) return failure(synced.get(), begin_read_sql);
  return result ? read : result;
}

Result<void> PostgresSession::read_rows(std::string_view what, const RowCallback& row) {
  PQsetSingleRowMode(handle_.get());
  Result<void> result;
  while (const Reply reply{PQgetResult(handle_.get())}) {
    if (has_rows(reply.get())) {
      for (int i = 0; i < PQntuples(reply.get()); ++i) row(PostgresRow(reply.get(), i));
    } else if (PQresultStatus(reply.get()) == PGRES_PIPELINE_ABORTED) {
      result = std::unexpected(first_error());
    } else if (!succeeded(reply.get())) {
      result = failure(reply.get(), what);
      if (is_lost()) break;
    }
  }
  return result;
}

Result<void> PostgresSession::run_script(std::string_view sql) {
  CHECK(!streaming_);
  if (doomed()) return std::unexpected(first_error());
  TRY(begin_now());
  return control_plain(std::string(sql).c_str());
}

}  // namespace tidings::db
