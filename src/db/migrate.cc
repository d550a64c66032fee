#include "db/migrate.h"

#include <optional>
#include <string>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/clock.h"
#include "db/dialect_sql.h"

namespace tidings::db {
namespace {

// One start at a time. SQLite's write transaction is that lock already. PostgreSQL: an advisory
// lock guards the creation of the table, LOCK TABLE each step; both without a time limit, because
// the other start may be at a long step. LOCK TABLE takes no snapshot, so what follows sees what
// the one before has committed.
constexpr std::string_view postgres_create = R"(
SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0;
SELECT pg_advisory_xact_lock(7233188260313);
CREATE TABLE IF NOT EXISTS schema_migration (version BIGINT PRIMARY KEY, name TEXT NOT NULL,
  checksum TEXT NOT NULL, applied_at BIGINT NOT NULL);)";
constexpr std::string_view sqlite_create = R"(
CREATE TABLE IF NOT EXISTS schema_migration (version INTEGER PRIMARY KEY, name TEXT NOT NULL,
  checksum TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT;)";
constexpr std::string_view postgres_lock = R"(
SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0;
LOCK TABLE schema_migration IN EXCLUSIVE MODE;)";

constexpr StatementPair table_exists{
    .sqlite = {"migrate.find_table",
               "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migration'"},
    .postgres = {"migrate.find_table",
                 "SELECT 1 WHERE to_regclass('schema_migration') IS NOT NULL"}};
constexpr Statement list_applied{"migrate.list_applied",
                                 "SELECT version, checksum FROM schema_migration ORDER BY version"};
constexpr Statement record{
    "migrate.record",
    "INSERT INTO schema_migration (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)"};

// Of the text as written, so that it is the same on both databases.
std::string checksum(const Migration& migration) { return to_hex(sha256(migration.sql)); }

Result<bool> has_table(Connection& connection) {
  return TRY(connection.query_first(table_exists.in(connection.dialect()), {},
                                    [](const Row&) { return true; }))
      .has_value();
}

// Compares what is recorded with the list; returns the newest version recorded.
Result<int> compare(Connection& connection, std::span<const Migration> list) {
  int newest = 0;
  std::optional<std::int64_t> changed;
  TRY(connection.query(list_applied, {}, [&](const Row& row) {
    newest = static_cast<int>(row.integer(0));
    if (newest < 1 || static_cast<std::size_t>(newest) > list.size()) return;
    if (row.text(1) != checksum(list[static_cast<std::size_t>(newest) - 1])) changed = newest;
  }));
  const int known = static_cast<int>(list.size());
  if (newest > known) {
    return fail(ErrorKind::unsupported, "db.schema_newer",
                fmt::format("The database has schema version {}, but this Tidings knows only "
                            "version {}. It was used by a newer Tidings: start that one, or "
                            "restore a backup made before the upgrade.",
                            newest, known));
  }
  if (changed) {
    return fail(ErrorKind::corrupt, "db.schema_changed",
                fmt::format("Step {} of the database's schema is not the one this Tidings knows. "
                            "The database was made by another build: use that one, or restore a "
                            "backup.",
                            *changed));
  }
  return newest;
}

// Applies the next missing migration in a transaction of its own; true when there was none.
Result<bool> apply_next(Connection& connection, std::span<const Migration> list) {
  if (connection.dialect() == Dialect::postgres) TRY(connection.run_script(postgres_lock));
  const auto applied = static_cast<std::size_t>(TRY(compare(connection, list)));
  if (applied >= list.size()) return true;
  const Migration& next = list[applied];
  auto ran = connection.run_script(to_dialect(next.sql, connection.dialect()));
  if (!ran) {
    return std::unexpected(
        std::move(ran.error()).within(fmt::format("Schema step {} ({})", next.version, next.name)));
  }
  TRY(connection.execute(record, {next.version, next.name, checksum(next), SystemClock().now()}));
  return false;
}

}  // namespace

Result<void> migrate(Database& database, std::span<const Migration> list) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    CHECK(list[i].version == static_cast<int>(i) + 1);
  }
  // The common start, where nothing is to be done, writes nothing and waits for nobody.
  const int newest = TRY(database.read_value([&](Connection& connection) -> Result<int> {
    if (!TRY(has_table(connection))) return 0;
    return compare(connection, list);
  }));
  if (newest == static_cast<int>(list.size())) return {};
  TRY(database.write(Priority::transactional, [](Connection& connection) {
    const bool sqlite = connection.dialect() == Dialect::sqlite;
    return connection.run_script(sqlite ? sqlite_create : postgres_create);
  }));
  for (bool done = false; !done;) {
    done = TRY(database.write_value(Priority::transactional, [&](Connection& connection) {
      return apply_next(connection, list);
    }));
  }
  return {};
}

Result<int> schema_version(Database& database) {
  return database.read_value([](Connection& connection) -> Result<int> {
    if (!TRY(has_table(connection))) return 0;
    int newest = 0;
    TRY(connection.query(list_applied, {},
                         [&](const Row& row) { newest = static_cast<int>(row.integer(0)); }));
    return newest;
  });
}

}  // namespace tidings::db
