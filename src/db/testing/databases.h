// Fresh databases for tests: every storage test runs on each kind.
//
//   class QueueTest : public testing::TestWithParam<db::testing::Kind> {
//    protected:
//     db::testing::TestDatabase database_{GetParam()};   // migrated with the program's schema
//   };
//   INSTANTIATE_TEST_SUITE_P(On, QueueTest, testing::ValuesIn(db::testing::databases()),
//                            db::testing::kind_name);
//
// Thread: TestDatabase belongs to the test; the Database within is safe from any.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "db/database.h"
#include "db/migrate.h"

namespace tidings::db::testing {

enum class Kind { sqlite_memory, sqlite_file, postgres };

// All kinds this run can test: both SQLite ones, and PostgreSQL when TIDINGS_TEST_POSTGRES names a
// server, or TIDINGS_REQUIRE_POSTGRES=1 demands one (opening then fails the test without it).
std::vector<Kind> databases();
std::string to_string(Kind kind);
// For INSTANTIATE_TEST_SUITE_P's last argument.
template <typename Info>
std::string kind_name(const Info& info) {
  return to_string(info.param);
}

// A database of its own, gone with the object. Aborts with the reason when it cannot be made.
class TestDatabase {
 public:
  explicit TestDatabase(Kind kind, std::span<const Migration> list = migrations());
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  Database& operator*() { return *database_; }
  Database* operator->() { return database_.get(); }
  const std::string& url() const { return url_; }
  // Closes it and opens it again, as a restart would. Not in memory: nothing would be left.
  void reopen();

 private:
  void make_folder();
  void make_postgres(bool is_programs_schema);

  std::string url_;
  std::string folder_;    // of the file
  std::string postgres_;  // the name of the database on the server
  std::unique_ptr<Database> database_;
};

}  // namespace tidings::db::testing
