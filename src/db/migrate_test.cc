#include "db/migrate.h"

#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "db/dialect_sql.h"
#include "db/testing/databases.h"

namespace tidings::db {
namespace {

constexpr Migration steps[] = {{1, "first", "CREATE TABLE thing (id BIGINT PRIMARY KEY);"},
                               {2, "second", "CREATE TABLE other (id BIGINT PRIMARY KEY);"},
                               {3, "third", "ALTER TABLE other ADD COLUMN name TEXT;"}};
constexpr Migration changed[] = {
    {1, "first", "CREATE TABLE thing (id BIGINT  PRIMARY KEY);"}, steps[1], steps[2]};
constexpr Migration broken[] = {
    steps[0], {2, "bad", "CREATE TABLE half (id BIGINT); CREATE TABLE thing (id BIGINT);"}};
constexpr Statement find_half{"test.half", "SELECT id FROM half"};

std::string sqlite(std::string_view sql) { return to_dialect(sql, Dialect::sqlite); }
std::string postgres(std::string_view sql) { return to_dialect(sql, Dialect::postgres); }

TEST(DialectSqlTest, TranslatesTypesOutsideOfTextAndComments) {
  EXPECT_EQ(sqlite("CREATE TABLE t (a BIGINT, b bytea, c DOUBLE PRECISION);"),
            "CREATE TABLE t (a INTEGER, b BLOB, c REAL) STRICT;");
  EXPECT_EQ(sqlite("-- BIGINT isn't\nSELECT 'BIGINT', \"BYTEA\" /* BYTEA ' */, BIGINTS;"),
            "-- BIGINT isn't\nSELECT 'BIGINT', \"BYTEA\" /* BYTEA ' */, BIGINTS;");
  EXPECT_EQ(
      sqlite("CREATE TABLE t (a BIGINT CHECK (a IN (1, 2)), b TEXT DEFAULT ')') WITHOUT ROWID"),
      "CREATE TABLE t (a INTEGER CHECK (a IN (1, 2)), b TEXT DEFAULT ')') STRICT, WITHOUT "
      "ROWID");
  EXPECT_EQ(sqlite("CREATE INDEX i ON t (a); CREATE VIEW v AS SELECT (1);"),
            "CREATE INDEX i ON t (a); CREATE VIEW v AS SELECT (1);");
}

TEST(DialectSqlTest, KeepsTheLinesOfOneDatabaseOnly) {
  constexpr std::string_view sql =
      "CREATE TABLE t (\n  a BIGINT\n  --sqlite:) STRICT, WITHOUT ROWID;\n--postgres:);";
  EXPECT_EQ(sqlite(sql), "CREATE TABLE t (\n  a INTEGER\n) STRICT, WITHOUT ROWID;\n");
  EXPECT_EQ(postgres(sql), "CREATE TABLE t (\n  a BIGINT\n);");
}

TEST(DialectSqlTest, GivesPostgresTextColumnsTheByteOrderAndNothingElse) {
  EXPECT_EQ(postgres("CREATE TABLE t (a TEXT NOT NULL, \"b\" TEXT CHECK (CAST(a AS TEXT) <> ''));"),
            "CREATE TABLE t (a TEXT COLLATE \"C\" NOT NULL, \"b\" TEXT COLLATE \"C\" CHECK (CAST(a "
            "AS TEXT) <> ''));");
  EXPECT_EQ(postgres("ALTER TABLE t ADD COLUMN c TEXT;"),
            "ALTER TABLE t ADD COLUMN c TEXT COLLATE \"C\";");
  EXPECT_EQ(postgres("CREATE VIEW v AS SELECT CAST(1 AS TEXT);"),
            "CREATE VIEW v AS SELECT CAST(1 AS TEXT);");
}

TEST(DialectSqlTest, EndsOnUnfinishedText) {
  for (const std::string_view sql :
       {"", "'", "\"a", "/*", "--", "CREATE TABLE", "((", "))", "\n"}) {
    EXPECT_EQ(sqlite(sql), sql);
    EXPECT_EQ(postgres(sql), sql);
  }
}

class MigrateTest : public ::testing::TestWithParam<testing::Kind> {
 protected:
  testing::TestDatabase database_{GetParam(), std::span(steps).first(1)};
};

INSTANTIATE_TEST_SUITE_P(On, MigrateTest, ::testing::ValuesIn(testing::databases()),
                         testing::kind_name<::testing::TestParamInfo<testing::Kind>>);

TEST_P(MigrateTest, BringsAnOlderSchemaToTheNewest) {
  EXPECT_EQ(schema_version(*database_).value_or(-1), 1);
  const auto migrated = migrate(*database_, steps);
  ASSERT_TRUE(migrated) << migrated.error().message;
  EXPECT_EQ(schema_version(*database_).value_or(-1), 3);
  EXPECT_TRUE(migrate(*database_, steps));
}

TEST_P(MigrateTest, RefusesANewerSchemaAndNamesBothVersions) {
  ASSERT_TRUE(migrate(*database_, steps));
  const auto refused = migrate(*database_, std::span(steps).first(2));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "db.schema_newer");
  EXPECT_EQ(refused.error().kind, ErrorKind::unsupported);
  EXPECT_NE(refused.error().message.find("version 3"), std::string::npos);
  EXPECT_NE(refused.error().message.find("version 2"), std::string::npos);
}

TEST_P(MigrateTest, RefusesAStepWhoseTextWasChanged) {
  const auto refused = migrate(*database_, changed);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "db.schema_changed");
}

TEST_P(MigrateTest, LeavesNothingOfAStepThatFails) {
  const auto failed = migrate(*database_, broken);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message.find("Schema step 2 (bad)"), 0u) << failed.error().message;
  EXPECT_EQ(schema_version(*database_).value_or(-1), 1);
  EXPECT_FALSE(
      database_->read([](Connection& c) { return c.query(find_half, {}, [](const Row&) {}); }));
  EXPECT_TRUE(migrate(*database_, steps));
}

TEST_P(MigrateTest, StartsAtTheSameTimeWaitForEachOther) {
  if (GetParam() == testing::Kind::sqlite_memory) return;  // nobody else can open it
  std::vector<std::thread> starts;
  for (int i = 0; i < 6; ++i) {
    starts.emplace_back([&] {
      auto own = Database::open(database_.url());
      ASSERT_TRUE(own) << own.error().message;
      const auto migrated = migrate(**own, steps);
      EXPECT_TRUE(migrated) << migrated.error().message;
    });
  }
  for (auto& start : starts) start.join();
  EXPECT_EQ(schema_version(*database_).value_or(-1), 3);
}

// The step that drops the references of messages, which on SQLite edits the schema's text.
class ReferencesTest : public ::testing::TestWithParam<testing::Kind> {
 protected:
  Result<void> add(std::string_view sql) {
    return database_->write(Priority::ledger, [&](Connection& c) { return c.run_script(sql); });
  }
  testing::TestDatabase database_{GetParam(), migrations().first(25)};
};

INSTANTIATE_TEST_SUITE_P(On, ReferencesTest, ::testing::ValuesIn(testing::databases()),
                         testing::kind_name<::testing::TestParamInfo<testing::Kind>>);

TEST_P(ReferencesTest, AreNotCheckedRowByRowAnyMoreAndWhatIsThereStays) {
  constexpr std::string_view kMessage =
      "INSERT INTO message (organisation_id, id, content_version_id, kind, channel, address,"
      " normalised, values_hash, message_values, state, status, reason, attempts, due_at,"
      " is_ambiguous, queued_at, changed_at)"
      " VALUES (1, 7, 1, 0, 0, '', '', 0, '{}', 3, 3, '', 1, 0, 0, 0, 0)";
  constexpr std::string_view kEvent =
      "INSERT INTO event (organisation_id, message_id, id, type, occurred_at, recorded_at, source,"
      " data) VALUES (1, {}, 1, 1, 0, 0, '', '{{}}')";
  ASSERT_TRUE(add(kMessage));
  ASSERT_TRUE(add(fmt::format(kEvent, 7)));
  EXPECT_FALSE(add(fmt::format(kEvent, 8)));
  const auto migrated = migrate(*database_);
  ASSERT_TRUE(migrated) << migrated.error().message;
  EXPECT_TRUE(add(fmt::format(kEvent, 8)));
  constexpr Statement kEvents{"test.events",
                              "SELECT COUNT(*) FROM event JOIN message m"
                              " ON m.id = event.message_id"};
  EXPECT_TRUE(database_->read([&](Connection& c) {
    return c.query(kEvents, {}, [](const Row& row) { EXPECT_EQ(row.integer(0), 1); });
  }));
  if (GetParam() == testing::Kind::postgres) return;
  constexpr Statement kCheck{"test.check", "PRAGMA integrity_check"};
  EXPECT_TRUE(database_->read([&](Connection& c) {
    return c.query(kCheck, {}, [](const Row& row) { EXPECT_EQ(row.text(0), "ok"); });
  }));
}

}  // namespace
}  // namespace tidings::db
