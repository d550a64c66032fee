// The contract of connection.h and database.h, on every kind of database.
#include "db/database.h"

#include <atomic>
#include <deque>
#include <functional>
#include <future>
#include <limits>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "db/migrate.h"
#include "db/session.h"
#include "db/testing/databases.h"
#include "db/testing/expect_plan.h"

namespace tidings::db {
namespace {

constexpr Migration steps[] = {{1, "first", R"(
CREATE TABLE thing (id BIGINT PRIMARY KEY, name TEXT UNIQUE, size DOUBLE PRECISION, data BYTEA,
  note TEXT);
CREATE TABLE part (id BIGINT PRIMARY KEY, thing_id BIGINT NOT NULL REFERENCES thing (id));
)"}};

constexpr Statement insert{"thing.insert",
                           "INSERT INTO thing (id, name, size, data) VALUES ($1, $2, $3, $4)"};
constexpr Statement insert_name{"thing.insert_name",
                                "INSERT INTO thing (id, name) VALUES ($1, $2)"};
constexpr Statement update_name{"thing.update", "UPDATE thing SET name = $2 WHERE id = $1"};
constexpr Statement set_note{"thing.set_note", "UPDATE thing SET note = $2 WHERE id = $1"};
constexpr Statement find{"thing.find",
                         "SELECT id, name, size, data, note FROM thing WHERE id = $1"};
constexpr Statement count_things{"thing.count", "SELECT count(*) FROM thing"};
constexpr Statement sum_ids{"thing.sum", "SELECT sum(id) FROM thing"};
constexpr Statement insert_part{"part.insert", "INSERT INTO part (id, thing_id) VALUES ($1, $2)"};
constexpr Statement list_names{"thing.list_names", "SELECT name FROM thing ORDER BY name"};

Result<std::int64_t> number(Connection& connection, const Statement& statement) {
  return TRY(connection.query_first(statement, {}, [](const Row& row) { return row.integer(0); }))
      .value_or(-1);
}

class DatabaseTest : public ::testing::TestWithParam<testing::Kind> {
 protected:
  std::int64_t things() {
    return database_->read_value([](Connection& c) { return number(c, count_things); })
        .value_or(-1);
  }
  Result<void> add(std::int64_t id, const char* name) {
    return database_->write(Priority::web, [&](Connection& c) -> Result<void> {
      TRY(c.execute(insert_name, {id, name}));
      return {};
    });
  }

  testing::TestDatabase database_{GetParam(), steps};
};

INSTANTIATE_TEST_SUITE_P(On, DatabaseTest, ::testing::ValuesIn(testing::databases()),
                         testing::kind_name<::testing::TestParamInfo<testing::Kind>>);

TEST_P(DatabaseTest, KeepsEveryTypeToItsLimits) {
  const std::string bytes("\0\xff\x80 bytes", 9);
  const std::string long_text(3'000'000, 'x');
  ASSERT_TRUE(database_->write(Priority::web, [&](Connection& c) -> Result<void> {
    TRY(c.execute(insert, {std::numeric_limits<std::int64_t>::min(), "", -0.5, BytesView{bytes}}));
    TRY(c.execute(insert, {std::numeric_limits<std::int64_t>::max(), nullptr, nullptr, nullptr}));
    TRY(c.execute(insert, {1, "one", 1e300, BytesView{""}}));
    EXPECT_EQ(TRY(c.execute(set_note, {1, long_text})), 1);
    return {};
  }));
  ASSERT_TRUE(database_->read([&](Connection& c) -> Result<void> {
    TRY(c.query(find, {std::numeric_limits<std::int64_t>::min()}, [&](const Row& row) {
      EXPECT_FALSE(row.is_null(1));
      EXPECT_EQ(row.text(1), "");
      EXPECT_EQ(row.real(2), -0.5);
      EXPECT_EQ(row.bytes(3), bytes);
    }));
    TRY(c.query(find, {std::numeric_limits<std::int64_t>::max()}, [&](const Row& row) {
      EXPECT_EQ(row.integer(0), std::numeric_limits<std::int64_t>::max());
      EXPECT_TRUE(row.is_null(1) && row.is_null(2) && row.is_null(3));
      EXPECT_EQ(row.text(1), "");
    }));
    TRY(c.query(find, {1}, [&](const Row& row) {
      EXPECT_EQ(row.text(4), long_text);
      EXPECT_EQ(row.real(2), 1e300);
      EXPECT_FALSE(row.is_null(3));
      EXPECT_EQ(row.bytes(3), "");
    }));
    EXPECT_EQ(TRY(number(c, sum_ids)), 0);  // min + max + 1
    return {};
  }));
}

TEST_P(DatabaseTest, RefusesTextThatCannotBeStored) {
  for (const std::string_view text :
       {std::string_view("a\0b", 3), std::string_view("\xff"), std::string_view("\xed\xa0\x80"),
        std::string_view("\xc0\xaf"), std::string_view("1234567\xe2\x82")}) {
    const auto wrote = database_->write(Priority::web, [&](Connection& c) -> Result<void> {
      TRY(c.execute(insert_name, {1, text}));
      return {};
    });
    ASSERT_FALSE(wrote);
    EXPECT_EQ(wrote.error().code, "db.text");
    EXPECT_EQ(wrote.error().kind, ErrorKind::invalid);
  }
  EXPECT_TRUE(add(1, "Grüße, 世界 🎉"));
  EXPECT_EQ(things(), 1);
}

TEST(CheckText, FindsWhatIsWrongAtEveryPlaceOfEveryLength) {
  for (std::size_t size = 1; size <= 40; ++size) {
    EXPECT_TRUE(check_text(std::string(size, '\x7f')));
    EXPECT_TRUE(check_text(std::string(size, '\x01')));
    for (std::size_t at = 0; at < size; ++at) {
      for (const char bad : {'\0', '\x80', '\xff', '\xc3'}) {
        std::string text(size, 'a');
        text[at] = bad;
        EXPECT_FALSE(check_text(text)) << size << " " << at << " " << int(bad);
      }
      if (at + 2 > size) continue;
      std::string text(size, 'a');
      text.replace(at, 2, "ë");
      EXPECT_TRUE(check_text(text)) << size << " " << at;
    }
  }
  EXPECT_TRUE(check_text(""));
}

TEST_P(DatabaseTest, RefusesTheSameNameTwiceAsAConflict) {
  ASSERT_TRUE(add(1, "a"));
  const auto again = add(2, "a");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::conflict);
  EXPECT_EQ(again.error().code, "db.constraint");
  const auto orphan = database_->write(Priority::web, [&](Connection& c) -> Result<void> {
    TRY(c.execute(insert_part, {1, 99}));
    return {};
  });
  ASSERT_FALSE(orphan);
  EXPECT_EQ(orphan.error().kind, ErrorKind::conflict);
  EXPECT_EQ(things(), 1);
}

TEST_P(DatabaseTest, RollsBackAWorkThatFailsOrHidesAFailure) {
  const auto failed = database_->write(Priority::web, [&](Connection& c) -> Result<void> {
    TRY(c.execute(insert_name, {1, "a"}));
    return fail(ErrorKind::denied, "test.no", "No.");
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, "test.no");
  const auto hidden = database_->write(Priority::web, [&](Connection& c) -> Result<void> {
    TRY(c.execute(insert_name, {1, "a"}));
    EXPECT_FALSE(c.execute(insert_name, {1, "b"}));
    EXPECT_FALSE(c.execute(insert_name, {2, "b"}));
    return {};
  });
  ASSERT_FALSE(hidden);
  EXPECT_EQ(hidden.error().code, "db.constraint");
  EXPECT_EQ(things(), 0);
}

TEST_P(DatabaseTest, AGroupCommitLosesOnlyTheWorkThatFails) {
  std::promise<void> gate;
  std::atomic<int> stored = 0;
  std::atomic<int> refused = 0;
  database_->write_async(
      Priority::transactional,
      [&](Connection&) -> Result<void> {
        gate.get_future().wait();
        return {};
      },
      nullptr);
  for (int i = 0; i < 300; ++i) {
    database_->write_async(
        Priority::web,
        [i](Connection& c) -> Result<void> {
          TRY(c.execute(insert_name, {i, "n" + std::to_string(i)}));
          if (i % 7 == 3) TRY(c.execute(insert_name, {i, "double"}));
          if (i % 7 == 5) return fail(ErrorKind::denied, "test.no", "No.");
          return {};
        },
        [&](Result<void> result) { ++(result ? stored : refused); });
  }
  gate.set_value();
  ASSERT_TRUE(database_->write(Priority::import, [](Connection&) -> Result<void> { return {}; }));
  EXPECT_EQ(refused, 86);
  EXPECT_EQ(stored, 214);
  EXPECT_EQ(things(), 214);
}

TEST_P(DatabaseTest, AWorkThatProvesItsReferencesIsNotCheckedAndTheNextOneIs) {
  const auto add_part = [&](bool proven, std::int64_t id, std::int64_t thing) {
    std::promise<Result<void>> promise;
    const auto work = [id, thing](Connection& c) -> Result<void> {
      TRY(c.execute(insert_part, {id, thing}));
      return {};
    };
    const auto done = [&](Result<void> result) { promise.set_value(std::move(result)); };
    if (proven)
      database_->write_proven_async(Priority::import, work, done);
    else
      database_->write_async(Priority::import, work, done);
    return promise.get_future().get();
  };
  ASSERT_TRUE(add(1, "a"));
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(add_part(true, 10 + round, 1));
    // The proof was none; PostgreSQL does not take anybody's word.
    const bool believed = database_->dialect() == Dialect::sqlite;
    EXPECT_EQ(add_part(true, 20 + round, 77).has_value(), believed);
    const auto checked = add_part(false, 30 + round, 77);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, "db.constraint");
    EXPECT_TRUE(add_part(false, 40 + round, 1));
  }
}

TEST_P(DatabaseTest, AWorkThatProvesItsReferencesSharesItsTransactionWithNobody) {
  std::promise<void> gate;
  std::atomic<int> refused = 0;
  database_->write_async(
      Priority::import,
      [&](Connection&) -> Result<void> {
        gate.get_future().wait();
        return {};
      },
      nullptr);
  for (int i = 0; i < 20; ++i) {
    const auto work = [i](Connection& c) -> Result<void> {
      TRY(c.execute(insert_part, {i, 77}));
      return {};
    };
    const auto done = [&](const Result<void>& result) { refused += !result; };
    if (i % 2 == 0)
      database_->write_proven_async(Priority::import, work, done);
    else
      database_->write_async(Priority::import, work, done);
  }
  gate.set_value();
  ASSERT_TRUE(database_->write(Priority::import, [](Connection&) -> Result<void> { return {}; }));
  EXPECT_EQ(refused, database_->dialect() == Dialect::sqlite ? 10 : 20);
}

TEST_P(DatabaseTest, WritesByPriorityAndInOrderWithinOne) {
  std::promise<void> started;
  std::promise<void> gate;
  database_->write_async(
      Priority::import,
      [&](Connection&) -> Result<void> {
        started.set_value();
        gate.get_future().wait();
        return {};
      },
      nullptr);
  started.get_future().wait();
  std::string order;
  const auto give = [&](Priority priority, char name) {
    database_->write_async(
        priority, [](Connection&) -> Result<void> { return {}; },
        [&order, name](Result<void>) { order += name; });
  };
  give(Priority::import, 'i');
  give(Priority::web, 'w');
  give(Priority::ledger, 'l');
  give(Priority::transactional, 't');
  give(Priority::import, 'I');
  give(Priority::transactional, 'T');
  gate.set_value();
  database_->close();
  EXPECT_EQ(order, "tTlwiI");
}

TEST_P(DatabaseTest, CallsWithoutEndKeepNobodyElseWaitingForEver) {
  // Each asks for its own successor: there are always works of the highest priority.
  std::atomic<bool> is_over = false;
  std::atomic<int> done = 0;
  std::function<void()> ask = [&] {
    if (is_over) return;
    database_->write_async(
        Priority::transactional, [](Connection&) -> Result<void> { return {}; },
        [&](const Result<void>&) {
          ++done;
          ask();
        });
  };
  for (int i = 0; i < 200; ++i) ask();
  const auto stored = add(1, "a pause");
  is_over = true;
  EXPECT_TRUE(stored);
  EXPECT_EQ(things(), 1);
  database_->close();  // what was asked for last is done before the test's variables go
  EXPECT_GT(done, 0);
}

TEST_P(DatabaseTest, CloseStoresWhatWasGivenAndRefusesTheRest) {
  for (int i = 0; i < 1'000; ++i) {
    database_->write_async(
        Priority::ledger,
        [i](Connection& c) -> Result<void> {
          TRY(c.execute(insert_name, {i, std::to_string(i)}));
          return {};
        },
        [](Result<void> result) { EXPECT_TRUE(result); });
  }
  database_->close();
  database_->close();
  EXPECT_EQ(add(5'000, "late").error().code, "db.closed");
  EXPECT_EQ(database_->read([](Connection&) -> Result<void> { return {}; }).error().code,
            "db.closed");
  if (GetParam() == testing::Kind::sqlite_memory) return;
  database_.reopen();
  EXPECT_EQ(things(), 1'000);
}

TEST_P(DatabaseTest, RefusesMoreThanTenThousandWaitingWorks) {
  std::promise<void> gate;
  auto opened = gate.get_future().share();
  std::atomic<int> refused = 0;
  for (int i = 0; i < 10'100; ++i) {
    database_->write_async(
        Priority::web,
        [opened](Connection&) -> Result<void> {
          opened.wait();
          return {};
        },
        [&](Result<void> result) {
          if (result) return;
          EXPECT_EQ(result.error().code, "db.busy");
          ++refused;
        });
  }
  gate.set_value();
  database_->close();
  EXPECT_GE(refused, 99);
  EXPECT_LE(refused, 100);
}

TEST_P(DatabaseTest, ReadersCannotWrite) {
  const auto wrote = database_->read([](Connection& c) -> Result<void> {
    TRY(c.execute(insert_name, {1, "a"}));
    return {};
  });
  EXPECT_FALSE(wrote);
  EXPECT_EQ(things(), 0);
  EXPECT_TRUE(add(1, "a"));
}

TEST_P(DatabaseTest, AReadSeesOneStateWhileWritesGoOn) {
  if (GetParam() == testing::Kind::sqlite_memory) return;  // there they take turns
  ASSERT_TRUE(database_->read([&](Connection& c) -> Result<void> {
    EXPECT_EQ(TRY(number(c, count_things)), 0);
    std::thread([&] { EXPECT_TRUE(add(1, "a")); }).join();
    EXPECT_EQ(TRY(number(c, count_things)), 0);
    return {};
  }));
  EXPECT_EQ(things(), 1);
}

TEST_P(DatabaseTest, ManyThreadsReadAndWriteAtOnce) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < 50; ++i) {
        const std::int64_t id = t * 1'000 + i;
        EXPECT_TRUE(add(id, std::to_string(id).c_str()));
        EXPECT_GE(things(), i + 1);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(things(), 400);
}

TEST_P(DatabaseTest, ExecuteManyTellsTheRowsOfEachRunAndTakesNullsAnywhere) {
  std::vector<Param> rows;
  for (int i = 0; i < 1'000; ++i) {
    rows.emplace_back(i);
    if (i % 3 == 0) {
      rows.emplace_back(nullptr);
    } else {
      rows.emplace_back("same");
    }
  }
  const auto changed = database_->write_value(
      Priority::ledger, [&](Connection& c) -> Result<std::vector<std::int64_t>> {
        TRY(c.execute(insert_name, {1, nullptr}));
        TRY(c.execute(insert_name, {999, "x"}));
        EXPECT_TRUE(TRY(c.execute_many(update_name, 2, {})).empty());
        return c.execute_many(update_name, 2, rows);
      });
  ASSERT_TRUE(changed) << changed.error().message;
  ASSERT_EQ(changed->size(), 1'000u);
  for (std::size_t i = 0; i < 1'000; ++i) EXPECT_EQ((*changed)[i], i == 1 || i == 999) << i;
  const auto broken = database_->write(Priority::ledger, [&](Connection& c) -> Result<void> {
    TRY(c.execute_many(insert_name, 2, rows));
    return {};
  });
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, "db.constraint");
  EXPECT_EQ(things(), 2);
}

TEST_P(DatabaseTest, QueryManyTellsWhichRunEachRowIsOf) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(add(i, std::string(1, char('a' + i)).c_str()));
  constexpr Statement from{"thing.names_from", "SELECT name FROM thing WHERE id >= $1 ORDER BY id"};
  std::vector<Param> wanted;
  for (int i = 0; i < 600; ++i) wanted.emplace_back(i % 5);
  const auto look_up = [&](Connection& c) -> Result<void> {
    std::vector<std::string> found(600);
    EXPECT_EQ(TRY(number(c, count_things)), 3);  // one row after the other
    TRY(c.query_many(from, 1, wanted,
                     [&](std::size_t run, const Row& row) { found[run] += row.text(0); }));
    for (std::size_t i = 0; i < 600; ++i) {
      EXPECT_EQ(found[i], std::string("abc").substr(std::min<std::size_t>(i % 5, 3))) << i;
    }
    TRY(c.query_many(from, 1, {}, [](std::size_t, const Row&) { ADD_FAILURE(); }));
    EXPECT_EQ(TRY(number(c, count_things)), 3);
    return {};
  };
  EXPECT_TRUE(database_->read(look_up));
  EXPECT_TRUE(database_->write(Priority::web, look_up));
}

TEST_P(DatabaseTest, AReadThatFailsAnywhereLeavesTheNextOneAlone) {
  constexpr Statement broken{"thing.broken", "SELECT id / (id - id) FROM thing WHERE no_such = 1"};
  ASSERT_TRUE(add(1, "one"));
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(
        database_->read([&](Connection& c) { return c.query(broken, {}, [](const Row&) {}); }));
    EXPECT_FALSE(database_->read([&](Connection& c) -> Result<void> {
      EXPECT_EQ(TRY(number(c, count_things)), 1);
      return c.query(insert_name, {"no number", "x"}, [](const Row&) {});
    }));
    EXPECT_FALSE(database_->read(
        [](Connection& c) { return c.query(insert_name, {7, "seven"}, [](const Row&) {}); }));
    EXPECT_TRUE(database_->read([](Connection&) -> Result<void> { return {}; }));
    EXPECT_EQ(things(), 1);
  }
}

TEST_P(DatabaseTest, InsertManyStoresAFewRowsAsItStoresMany) {
  constexpr std::string_view columns[] = {"id", "name", "size", "data"};
  const std::string bytes("\0\1", 2);
  const auto store = [&](int first, int count, bool mixed) {
    std::vector<Param> rows;
    std::deque<std::string> names;
    for (int i = first; i < first + count; ++i) {
      names.push_back("n" + std::to_string(i));
      rows.insert(rows.end(),
                  {Param(i), i % 2 == 0 ? Param() : Param(names.back()),
                   mixed && i % 2 == 0 ? Param(2) : Param(0.5), Param(BytesView{bytes})});
    }
    return database_->write(Priority::import,
                            [&](Connection& c) { return c.insert_many("thing", columns, rows); });
  };
  EXPECT_TRUE(store(0, 1, false));
  EXPECT_TRUE(store(1, 5, false));
  EXPECT_TRUE(store(6, 4, true));  // numbers of both kinds for one column
  EXPECT_TRUE(store(10, 90, false));
  EXPECT_EQ(store(98, 4, false).error().code, "db.constraint");
  constexpr Statement all{
      "thing.all_sizes",
      "SELECT COUNT(*), SUM(size), COUNT(name) FROM thing WHERE data IS NOT NULL"};
  EXPECT_TRUE(database_->read([&](Connection& c) {
    return c.query(all, {}, [](const Row& row) {
      EXPECT_EQ(row.integer(0), 100);
      EXPECT_EQ(row.real(1), 53);
      EXPECT_EQ(row.integer(2), 50);
    });
  }));
}

TEST_P(DatabaseTest, InsertManyIsAllOrNothing) {
  constexpr std::string_view columns[] = {"id", "name", "size", "data"};
  std::vector<Param> rows;
  const std::string bytes("\0\1", 2);
  for (int i = 0; i < 5'000; ++i) {
    rows.insert(rows.end(), {Param(i), Param(nullptr), Param(i % 2), Param(BytesView{bytes})});
  }
  const auto insert_rows = [&](Connection& c) { return c.insert_many("thing", columns, rows); };
  const auto stored = database_->write(Priority::import, insert_rows);
  ASSERT_TRUE(stored) << stored.error().message;
  EXPECT_EQ(things(), 5'000);
  rows[0] = Param(-1);
  const auto twice = database_->write(Priority::import, insert_rows);
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, "db.constraint");
  rows[5] = Param("\xff");
  EXPECT_EQ(database_->write(Priority::import, insert_rows).error().code, "db.text");
  EXPECT_EQ(things(), 5'000);
  ASSERT_TRUE(add(-2, "still usable"));
}

TEST_P(DatabaseTest, ComparesAndSortsTextByBytes) {
  for (const auto& [id, name] : {std::pair{1, "b"}, {2, "B"}, {3, "ä"}, {4, "a"}, {5, "Z"}}) {
    ASSERT_TRUE(add(id, name));
  }
  std::string order;
  ASSERT_TRUE(database_->read([&](Connection& c) {
    return c.query(list_names, {}, [&](const Row& row) { order += row.text(0); });
  }));
  EXPECT_EQ(order, "BZabä");
}

TEST_P(DatabaseTest, TellsAPlanWithAFullScan) {
  testing::expect_plan(*database_, find, {"thing"});
  const Statement slow{"thing.slow", "SELECT id FROM thing WHERE size > $1"};
  const auto scan = testing::full_scan_in(*database_, slow, {"thing"});
  ASSERT_TRUE(scan) << scan.error().message;
  EXPECT_TRUE(scan->has_value());
}

TEST_P(DatabaseTest, StopsAtANameUsedForTwoStatements) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        testing::TestDatabase own(testing::Kind::sqlite_memory, steps);
        (void)own->read([](Connection& c) -> Result<void> {
          TRY(c.execute({"same.name", "SELECT 1"}));
          TRY(c.execute({"same.name", "SELECT 2"}));
          return {};
        });
      },
      "sql == statement.sql");
}

TEST_P(DatabaseTest, StopsAtAWriteFromWithinAWrite) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH((void)database_->write(Priority::web, [&](Connection&) { return add(1, "nested"); }),
               "WorkScope");
}

TEST_P(DatabaseTest, OnlyWorkThatIsNoImportEndsTheQuiet) {
  const auto nothing = [](Connection&) -> Result<void> { return {}; };
  testing::TestDatabase own(GetParam(), {});
  ASSERT_TRUE(own->write(Priority::import, nothing));
  EXPECT_TRUE(own->quiet());
  // Many times, because a loaded machine may take longer between two lines than the quiet needs.
  bool was_quiet = true;
  for (int i = 0; i < 100 && was_quiet; ++i) {
    own->write_async(Priority::ledger, nothing, [](Result<void>) {});
    was_quiet = own->quiet();
  }
  EXPECT_FALSE(was_quiet);
}

TEST_P(DatabaseTest, TakesTheProgramsOwnSchemaAndOpensItAgain) {
  testing::TestDatabase own(GetParam());
  ASSERT_TRUE(migrate(*own));
  EXPECT_EQ(schema_version(*own).value_or(0), static_cast<int>(migrations().size()));
  if (GetParam() == testing::Kind::sqlite_memory) return;
  own.reopen();
  EXPECT_TRUE(migrate(*own));
}

}  // namespace
}  // namespace tidings::db
