#include "db/testing/plan.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include <fmt/format.h>

namespace tidings::db::testing {
namespace {

int highest_parameter(std::string_view sql) {
  int highest = 0;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    if (sql[i] != '$') continue;
    int number = 0;
    while (i + 1 < sql.size() && std::isdigit(static_cast<unsigned char>(sql[i + 1])) != 0) {
      number = number * 10 + (sql[++i] - '0');
    }
    highest = std::max(highest, number);
  }
  return highest;
}

Result<std::string> sqlite_plan(Connection& connection, const Statement& statement) {
  const std::string sql = fmt::format("EXPLAIN QUERY PLAN {}", statement.sql);
  const std::vector<Param> nulls(static_cast<std::size_t>(highest_parameter(statement.sql)));
  std::string plan;
  TRY(connection.query({.name = "", .sql = sql}, Params(nulls),
                       [&](const Row& row) { plan += row.string(3) + "\n"; }));
  return plan;
}

// The generic plan, which does not know the parameters' values: PREPARE, then EXPLAIN EXECUTE.
Result<std::string> postgres_plan(Connection& connection, const Statement& statement) {
  TRY(
      connection.run_script("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off;"
                            "SET LOCAL plan_cache_mode = force_generic_plan"));
  TRY(connection.run_script(fmt::format("PREPARE plan_test AS {}", statement.sql)));
  std::string nulls;
  for (int i = 0; i < highest_parameter(statement.sql); ++i) nulls += i > 0 ? ", NULL" : "NULL";
  const std::string sql = nulls.empty()
                              ? "EXPLAIN (COSTS OFF) EXECUTE plan_test"
                              : fmt::format("EXPLAIN (COSTS OFF) EXECUTE plan_test ({})", nulls);
  std::string plan;
  TRY(connection.query({.name = "", .sql = sql}, {},
                       [&](const Row& row) { plan += row.string(0) + "\n"; }));
  TRY(connection.run_script("DEALLOCATE plan_test"));
  return plan;
}

bool names(std::string_view step, std::string_view table) {
  const std::size_t at = step.find(table);
  if (at == std::string_view::npos) return false;
  const auto is_word = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
  };
  const std::size_t end = at + table.size();
  return (at == 0 || !is_word(step[at - 1])) && (end == step.size() || !is_word(step[end]));
}

// SQLite: "SCAN message" (with "USING … INDEX" it walks the whole index, just as long).
bool scans(std::string_view step, std::string_view table, Dialect dialect) {
  const std::string_view mark = dialect == Dialect::sqlite ? "SCAN " : "Seq Scan on ";
  const std::size_t at = step.find(mark);
  if (at == std::string_view::npos) return false;
  std::string_view subject = step.substr(at + mark.size());
  subject = subject.substr(0, subject.find(' '));
  return names(subject, table);
}

}  // namespace

Result<std::string> plan_of(Database& database, const Statement& statement) {
  return database.read_value([&](Connection& connection) {
    return connection.dialect() == Dialect::sqlite ? sqlite_plan(connection, statement)
                                                   : postgres_plan(connection, statement);
  });
}

Result<std::optional<std::string>> full_scan_in(
    Database& database, const Statement& statement,
    std::initializer_list<std::string_view> big_tables) {
  const std::string plan = TRY(plan_of(database, statement));
  for (std::string_view rest = plan; !rest.empty();) {
    const std::string_view step = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(step.size() + 1);
    for (const std::string_view table : big_tables) {
      if (scans(step, table, database.dialect())) return std::string(step);
    }
  }
  return std::nullopt;
}

}  // namespace tidings::db::testing
