// What only SQLite can get wrong: files, locks, full disks, dead processes.
#include "db/sqlite_driver.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "db/migrate.h"
#include "db/sqlite_session.h"
#include "db/testing/databases.h"

namespace tidings::db {
namespace {

constexpr Migration steps[] = {
    {1, "first", "CREATE TABLE thing (id BIGINT PRIMARY KEY, data BYTEA);"}};
constexpr Statement insert{"thing.insert", "INSERT INTO thing (id, data) VALUES ($1, $2)"};
constexpr Statement count_things{"thing.count", "SELECT count(*) FROM thing"};
constexpr Statement check{"test.check", "PRAGMA integrity_check"};

class SqliteDriverTest : public ::testing::Test {
 protected:
  std::string path() const { return database_.url().substr(7); }
  Result<void> add(std::int64_t id, std::string_view data) {
    return database_->write(Priority::web, [&](Connection& c) -> Result<void> {
      TRY(c.execute(insert, {id, BytesView{data}}));
      return {};
    });
  }
  std::int64_t things() {
    return database_
        ->read_value([](Connection& c) -> Result<std::int64_t> {
          return TRY(c.query_first(count_things, {}, [](const Row& row) { return row.integer(0); }))
              .value_or(-1);
        })
        .value_or(-1);
  }

  testing::TestDatabase database_{testing::Kind::sqlite_file, steps};
};

TEST_F(SqliteDriverTest, RefusesWhatIsNoDatabaseAndFoldersThatAreMissing) {
  const std::string strange = path() + "-strange";
  std::ofstream(strange) << std::string(10'000, 'x');
  const auto opened = Database::open("sqlite:" + strange);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, "db.corrupt");
  EXPECT_EQ(opened.error().kind, ErrorKind::corrupt);
  EXPECT_NE(opened.error().message.find(strange), std::string::npos);
  EXPECT_EQ(Database::open("sqlite:/nonexistent/folder/x.db").error().code, "db.unavailable");
  for (const char* url : {"", "sqlite:", "mysql://x", "/tmp/x.db", "postgres:x"}) {
    EXPECT_EQ(Database::open(url).error().code, "db.url") << url;
  }
}

TEST_F(SqliteDriverTest, KeepsTheFileToItsOwnerAndLeavesNoWalBehind) {
  ASSERT_TRUE(add(1, "a"));
  struct stat info{};
  ASSERT_EQ(stat(path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_TRUE(std::filesystem::exists(path() + "-wal"));
  database_->close();
  EXPECT_FALSE(std::filesystem::exists(path() + "-wal"));
}

TEST_F(SqliteDriverTest, SaysThatTheDiskIsFullAndGoesOnOnceItIsNot) {
  const std::string big(1'000'000, 'x');
  const auto limit_pages = [&](const char* pragma) {
    return database_->write(Priority::web,
                            [&](Connection& c) -> Result<void> { return c.run_script(pragma); });
  };
  ASSERT_TRUE(limit_pages("PRAGMA max_page_count = 20"));
  const auto full = add(1, big);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, "db.full");
  EXPECT_EQ(full.error().kind, ErrorKind::limit);
  ASSERT_TRUE(limit_pages("PRAGMA max_page_count = 1000000"));
  EXPECT_TRUE(add(1, big));
  EXPECT_EQ(things(), 1);
}

TEST_F(SqliteDriverTest, TellsThatAnotherProcessIsWriting) {
  ASSERT_TRUE(add(1, "a"));
  const int lock = open((path() + "-lock").c_str(), O_RDWR);
  ASSERT_GE(lock, 0);
  ASSERT_EQ(flock(lock, LOCK_EX), 0);
  auto other = Database::open(database_.url(), {.busy_timeout = std::chrono::milliseconds(0)});
  ASSERT_TRUE(other) << other.error().message;
  const auto busy = (*other)->write(Priority::web, [](Connection& c) -> Result<void> {
    TRY(c.execute(insert, {2, nullptr}));
    return {};
  });
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().code, "db.busy");
  EXPECT_EQ(busy.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(things(), 1);  // reading goes on
  close(lock);
  EXPECT_TRUE(add(2, "b"));
}

TEST_F(SqliteDriverTest, KeepsTheWalShortUnderLastingWrites) {
  const std::string data(1'000'000, 'x');
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(add(i, data));
  const auto wal = std::filesystem::file_size(path() + "-wal");
  EXPECT_LT(wal, 3u * SqliteSession::checkpoint_pages * SqliteSession::page_bytes);
  EXPECT_EQ(things(), 60);
}

TEST_F(SqliteDriverTest, LetsTheWalGrowOnlyWhileSomebodyWritesMuch) {
  const std::string data(1'000'000, 'x');
  const auto insert_much = [&](int from) {
    for (int i = from; i < from + 30; ++i)
      ASSERT_TRUE(database_->write(Priority::import, [&](Connection& c) -> Result<void> {
        TRY(c.execute(insert, {i, BytesView{data}}));
        return {};
      }));
  };
  const auto wal = [&] { return std::filesystem::file_size(path() + "-wal"); };
  {
    const BulkWrites bulk(*database_);
    const auto nothing = [](Connection&) -> Result<void> { return {}; };
    while (!database_->quiet()) ASSERT_TRUE(database_->write(Priority::import, nothing));
    insert_much(0);
    EXPECT_GT(wal(), 25'000'000u);
  }
  insert_much(30);
  EXPECT_LT(wal(), 3u * SqliteSession::checkpoint_pages * SqliteSession::page_bytes);
  EXPECT_EQ(things(), 60);
}

// The process that dies is a child of its own, which never returns into the test program.
TEST_F(SqliteDriverTest, KeepsEveryAcknowledgedWriteOfAProcessThatIsKilled) {
  database_->close();
  std::int64_t acknowledged = 0;
  for (int round = 0; round < 5; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto own = Database::open(database_.url());
      for (std::int64_t i = acknowledged; own; ++i) {
        const auto wrote = (*own)->write(Priority::web, [i](Connection& c) -> Result<void> {
          TRY(c.execute(insert, {i, nullptr}));
          return {};
        });
        if (!wrote || ::write(pipe_ends[1], &i, sizeof i) != sizeof i) _exit(1);
      }
      _exit(2);
    }
    close(pipe_ends[1]);
    std::int64_t last = 0;
    for (int i = 0; i < 20 + round * 7; ++i) {
      ASSERT_EQ(read(pipe_ends[0], &last, sizeof last), static_cast<ssize_t>(sizeof last));
    }
    kill(child, SIGKILL);
    while (read(pipe_ends[0], &last, sizeof last) == static_cast<ssize_t>(sizeof last)) {
    }
    close(pipe_ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    database_.reopen();
    const std::int64_t stored = things();
    EXPECT_GE(stored, last + 1);
    EXPECT_LE(stored, last + 2);  // the one whose acknowledgement was still on its way
    acknowledged = stored;
    std::string verdict;
    ASSERT_TRUE(database_->read([&](Connection& c) {
      return c.query(check, {}, [&](const Row& row) { verdict += row.text(0); });
    }));
    EXPECT_EQ(verdict, "ok");
    database_->close();
  }
}

}  // namespace
}  // namespace tidings::db
