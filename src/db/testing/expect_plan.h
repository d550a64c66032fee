// expect_plan: the gtest form of plan.h. Thread: the test's.
#pragma once

#include <gtest/gtest.h>

#include "db/testing/plan.h"

namespace tidings::db::testing {

// Fails the test when the statement reads one of `big_tables` without an index.
inline void expect_plan(Database& database, const Statement& statement,
                        std::initializer_list<std::string_view> big_tables) {
  const auto scan = full_scan_in(database, statement, big_tables);
  ASSERT_TRUE(scan) << statement.name << ": " << scan.error().message;
  EXPECT_FALSE(scan->has_value()) << statement.name << " reads a whole table: " << **scan
                                  << "\nThe plan:\n"
                                  << plan_of(database, statement).value_or("");
}

}  // namespace tidings::db::testing
