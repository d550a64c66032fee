// Connection: one session with a database, SQLite or PostgreSQL, behind one small surface.
//
// SQL is written once, in the dialect both understand, with `$1` parameters; it stands in named
// Statements so that plans can be tested and metrics labelled. Types on both: BIGINT, DOUBLE
// PRECISION, TEXT, BYTEA (see migrate.h); instants are microseconds UTC; booleans 0/1.
// A statement that fails dooms its work: later ones fail alike and the work is rolled back, even if
// it returns success (ON CONFLICT is the way to expect a conflict). No statement may run from
// within a row callback. Text is valid UTF-8 without NUL (db.text); other bytes are BYTEA. Where
// nothing tells the type of a parameter that may be NULL, write CAST($1 AS BIGINT).
// Ownership: parameters borrow (string_view) until the call returns; a Row borrows until its
// callback returns. Thread: one thread at a time.
// Errors: db.busy and db.unavailable (unavailable), db.constraint (conflict), db.full and
// db.too_large (limit), db.text (invalid), db.corrupt (corrupt), db.failed (internal).
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"

namespace tidings::db {

enum class Dialect { sqlite, postgres };

// A query with a stable name `area.verb_noun`, prepared once per connection under it; one name is
// one text, always. SQL put together at run time has an empty name and is prepared each time.
struct Statement {
  std::string_view name;
  std::string_view sql;
};

// Where the two databases truly differ: a pair under one name.
struct StatementPair {
  Statement sqlite;
  Statement postgres;
  const Statement& in(Dialect dialect) const {
    return dialect == Dialect::sqlite ? sqlite : postgres;
  }
};

// Marks bytes apart from text, for parameters.
struct BytesView {
  std::string_view bytes;
};

// One parameter value. Borrows text and bytes.
class Param {
 public:
  Param() = default;
  Param(std::nullptr_t) {}
  template <std::integral T>
  Param(T value) : value_(static_cast<std::int64_t>(value)) {}
  Param(double value) : value_(value) {}
  Param(std::string_view text) : value_(text) {}
  Param(const std::string& text) : value_(std::string_view(text)) {}
  Param(const char* text) : value_(std::string_view(text)) {}
  Param(BytesView bytes) : value_(bytes) {}
  Param(Instant at) : value_(to_micros(at)) {}
  template <typename Tag>
  Param(Id<Tag> id) : value_(id.value) {}
  template <typename T>
  Param(const std::optional<T>& maybe) {
    if (maybe) *this = Param(*maybe);
  }

  using Value = std::variant<std::monostate, std::int64_t, double, std::string_view, BytesView>;
  const Value& value() const { return value_; }

 private:
  Value value_;
};

using Params = std::span<const Param>;

// One result row, columns from 0. Reading a column as another type than it has is a CHECK, except
// that NULL reads as 0 or "" and an integer may be read as real.
class Row {
 public:
  virtual ~Row() = default;
  virtual int columns() const = 0;
  virtual bool is_null(int column) const = 0;
  virtual std::int64_t integer(int column) const = 0;
  virtual double real(int column) const = 0;
  virtual std::string_view text(int column) const = 0;
  virtual std::string_view bytes(int column) const = 0;

  bool boolean(int column) const { return integer(column) != 0; }
  Instant instant(int column) const { return from_micros(integer(column)); }
  std::string string(int column) const { return std::string(text(column)); }
  template <typename IdType>
  IdType id(int column) const {
    return IdType{integer(column)};
  }
  std::optional<std::int64_t> maybe_integer(int column) const {
    return is_null(column) ? std::nullopt : std::optional(integer(column));
  }
};

using RowCallback = std::function<void(const Row&)>;
// The row, and which run of the statement it belongs to (from 0).
using RunRowCallback = std::function<void(std::size_t run, const Row&)>;

class Vault;

class Connection {
 public:
  virtual ~Connection() = default;
  virtual Dialect dialect() const = 0;
  // Opens sealed columns (vault.h); null where the database was opened without one.
  const Vault* vault() const { return vault_.get(); }

  // Runs a statement; returns the number of rows it changed, 0 for a SELECT.
  virtual Result<std::int64_t> execute(const Statement& statement, Params params) = 0;
  // Streams the rows to `row`: memory does not grow with their number.
  virtual Result<void> query(const Statement& statement, Params params, const RowCallback& row) = 0;
  // The same statement once per `stride` parameters of the flat list; returns the rows changed by
  // each run, in order. SQLite: one prepared statement in a loop. PostgreSQL: one pipeline.
  virtual Result<std::vector<std::int64_t>> execute_many(const Statement& statement,
                                                         std::size_t stride, Params flat) = 0;
  // Looks up many: the same query once per `stride` parameters, the rows of each run in its order,
  // run after run. SQLite: one prepared statement in a loop. PostgreSQL: one pipeline, which keeps
  // the rows of a run in memory.
  virtual Result<void> query_many(const Statement& statement, std::size_t stride, Params flat,
                                  const RunRowCallback& row) = 0;
  // Inserts rows given as a flat list of `columns.size()` values each, all or nothing.
  // SQLite: a prepared INSERT in a loop. PostgreSQL: a few in one pipeline, many by COPY in binary.
  // `table` and `columns` are names from our own code, never from outside.
  virtual Result<void> insert_many(std::string_view table,
                                   std::span<const std::string_view> columns, Params flat) = 0;
  // Several statements without parameters or results, for migrations.
  virtual Result<void> run_script(std::string_view sql) = 0;

  Result<std::int64_t> execute(const Statement& statement,
                               std::initializer_list<Param> params = {}) {
    return execute(statement, Params(params.begin(), params.size()));
  }
  Result<void> query(const Statement& statement, std::initializer_list<Param> params,
                     const RowCallback& row) {
    return query(statement, Params(params.begin(), params.size()), row);
  }
  // The first row mapped, or nothing when there is none.
  template <typename Map>
  auto query_first(const Statement& statement, std::initializer_list<Param> params, Map map)
      -> Result<std::optional<decltype(map(std::declval<const Row&>()))>> {
    std::optional<decltype(map(std::declval<const Row&>()))> first;
    TRY(query(statement, params, [&](const Row& row) {
      if (!first) first = map(row);
    }));
    return first;
  }

 protected:
  void use_vault(std::shared_ptr<const Vault> vault) { vault_ = std::move(vault); }

 private:
  std::shared_ptr<const Vault> vault_;
};

}  // namespace tidings::db
