#include "db/database.h"

#include <gtest/gtest.h>

#include "db/migrate.h"

namespace tidings::db {
namespace {

constexpr Migration steps[] = {
    {1, "first", "CREATE TABLE thing (id BIGINT PRIMARY KEY, name TEXT NOT NULL UNIQUE);"}};

TEST(SqliteTest, WritesReadsAndRefusesTheSameNameTwice) {
  auto database = Database::open("sqlite::memory:");
  ASSERT_TRUE(database) << database.error().message;
  auto& db = **database;
  auto migrated = migrate(db, steps);
  ASSERT_TRUE(migrated) << migrated.error().message;
  constexpr Statement insert{"thing.insert", "INSERT INTO thing (id, name) VALUES ($1, $2)"};
  ASSERT_TRUE(db.write(Priority::web, [&](Connection& c) -> Result<void> {
    TRY(c.execute(insert, {1, "a"}));
    return {};
  }));
  auto again = db.write(Priority::web, [&](Connection& c) -> Result<void> {
    TRY(c.execute(insert, {2, "a"}));
    return {};
  });
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::conflict);
  constexpr Statement count{"thing.count", "SELECT count(*) FROM thing"};
  auto n = db.read_value([&](Connection& c) -> Result<std::int64_t> {
    return TRY(c.query_first(count, {}, [](const Row& row) { return row.integer(0); }))
        .value_or(-1);
  });
  ASSERT_TRUE(n) << n.error().message;
  EXPECT_EQ(*n, 1);
  EXPECT_EQ(schema_version(db).value_or(-1), 1);
}

TEST(SqliteTest, TakesTheProgramsOwnSchemaTwice) {
  auto database = Database::open("sqlite::memory:");
  ASSERT_TRUE(database) << database.error().message;
  for (int i = 0; i < 2; ++i) {
    auto migrated = migrate(**database);
    ASSERT_TRUE(migrated) << migrated.error().message;
  }
}

}  // namespace
}  // namespace tidings::db
