#include "db/gathered.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "db/migrate.h"
#include "db/testing/databases.h"

namespace tidings::db {
namespace {

constexpr Migration steps[] = {{1, "first", "CREATE TABLE thing (id BIGINT PRIMARY KEY);"}};
constexpr std::string_view columns[] = {"id"};
constexpr Statement count_things{"thing.count", "SELECT count(*) FROM thing"};

struct Thing {
  std::int64_t id = 0;
  Result<void> stored{};
};

class GatheredTest : public ::testing::TestWithParam<testing::Kind> {
 protected:
  // Stores these from a thread each, all but the first while that one holds the writer. Returns
  // how many each work had.
  std::vector<std::size_t> store(std::vector<Thing>& things) {
    std::vector<std::size_t> sizes;
    std::atomic<bool> is_held = false;
    const std::size_t others = things.size() - 1;
    Gathered<Thing> gathered(
        *database_, Priority::web,
        [&](Connection& connection, std::span<Thing* const> together) -> Result<void> {
          sizes.push_back(together.size());
          if (sizes.size() == 1) {
            is_held = true;
            // Those above `most` begin another.
            while (gathered.waiting() < (others > Gathered<Thing>::most ? 1 : others)) {
              std::this_thread::yield();
            }
          }
          std::vector<Param> rows;
          for (const Thing* const thing : together) rows.emplace_back(thing->id);
          return connection.insert_many("thing", columns, rows);
        });
    std::vector<std::thread> threads;
    for (Thing& thing : things) {
      threads.emplace_back([&] { thing.stored = gathered.store(thing); });
      while (!is_held) std::this_thread::yield();
    }
    for (auto& thread : threads) thread.join();
    return sizes;
  }
  std::int64_t stored() {
    return **database_->read_value([](Connection& c) {
      return c.query_first(count_things, {}, [](const Row& row) { return row.integer(0); });
    });
  }
  testing::TestDatabase database_{GetParam(), steps};
};
INSTANTIATE_TEST_SUITE_P(On, GatheredTest, ::testing::ValuesIn(testing::databases()),
                         testing::kind_name<::testing::TestParamInfo<testing::Kind>>);

TEST_P(GatheredTest, WhoeverComesWhileTheWriterIsBusyIsStoredTogether) {
  std::vector<Thing> things(10);
  for (std::size_t i = 0; i < things.size(); ++i) things[i].id = std::ssize(things) + i;
  EXPECT_EQ(store(things), (std::vector<std::size_t>{1, 9}));
  for (const Thing& thing : things) EXPECT_TRUE(thing.stored);
  EXPECT_EQ(stored(), 10);
}

TEST_P(GatheredTest, OneThatFailsTakesNobodyWithIt) {
  std::vector<Thing> things(6);
  for (std::size_t i = 0; i < things.size(); ++i) things[i].id = i;
  things[4].id = 0;  // as the first, which is stored by then
  const auto sizes = store(things);
  EXPECT_EQ(sizes, (std::vector<std::size_t>{1, 5, 1, 1, 1, 1, 1}));
  for (std::size_t i = 0; i < things.size(); ++i) EXPECT_EQ(things[i].stored.has_value(), i != 4);
  EXPECT_EQ(things[4].stored.error().code, "db.constraint");
  EXPECT_EQ(stored(), 5);
}

TEST_P(GatheredTest, AWorkTakesSoManyAndNoMore) {
  std::vector<Thing> things(Gathered<Thing>::most + 9);
  for (std::size_t i = 0; i < things.size(); ++i) things[i].id = i;
  for (const std::size_t size : store(things)) EXPECT_LE(size, Gathered<Thing>::most);
  EXPECT_EQ(stored(), std::ssize(things));
}

TEST_P(GatheredTest, AClosedDatabaseIsToldToEach) {
  database_->close();
  Gathered<Thing> gathered(*database_, Priority::web,
                           [](Connection&, std::span<Thing* const>) -> Result<void> { return {}; });
  Thing thing;
  EXPECT_EQ(gathered.store(thing).error().code, "db.closed");
  EXPECT_EQ(gathered.store(thing).error().code, "db.closed");
}

}  // namespace
}  // namespace tidings::db
