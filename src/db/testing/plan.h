// Query plans in tests: a named query that scans a big table is a defect that only shows at size.
// Thread: the test's.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "db/database.h"

namespace tidings::db::testing {

// The plan as the database tells it, one step per line. SQLite: EXPLAIN QUERY PLAN. PostgreSQL:
// EXPLAIN of the generic plan with sequential scans made as unattractive as can be.
Result<std::string> plan_of(Database& database, const Statement& statement);

// The first step that reads one of `big_tables` from end to end without an index, or nothing.
Result<std::optional<std::string>> full_scan_in(Database& database, const Statement& statement,
                                                std::initializer_list<std::string_view> big_tables);

}  // namespace tidings::db::testing
