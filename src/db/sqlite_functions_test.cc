// holds_text() against LIKE, which is slow and right.
#include "db/sqlite_functions.h"

#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "db/testing/databases.h"

namespace tidings::db {
namespace {

class SqliteFunctionsTest : public ::testing::Test {
 protected:
  // -1: NULL.
  std::int64_t ask(std::string_view sql, const std::vector<Param>& params) {
    std::int64_t found = -2;
    EXPECT_TRUE(database_->read([&](Connection& c) {
      return c.query({.name = "", .sql = sql}, params,
                     [&](const Row& row) { found = row.is_null(0) ? -1 : row.integer(0); });
    }));
    return found;
  }
  std::int64_t holds(std::string_view text, std::string_view word) {
    return ask("SELECT holds_text($1, $2)", {text, word});
  }

  testing::TestDatabase database_{testing::Kind::sqlite_memory, {}};
};

TEST_F(SqliteFunctionsTest, FindsAWordInAnyCaseAndNothingInNull) {
  EXPECT_EQ(holds(R"({"city":"ROTTERDAM"})", "rotterdam"), 1);
  EXPECT_EQ(holds(R"({"city":"Rotterda"})", "rotterdam"), 0);
  EXPECT_EQ(holds("", "a"), 0);
  EXPECT_EQ(holds("", ""), 1);
  EXPECT_EQ(holds("a", ""), 1);
  EXPECT_EQ(holds("ZÜRICH", "rich"), 1);
  EXPECT_EQ(holds("ZÜRICH", "zürich"), 0) << "only a to z are folded";
  EXPECT_EQ(ask("SELECT holds_text(NULL, 'a')", {}), -1);
  EXPECT_EQ(ask("SELECT holds_text('a', NULL)", {}), -1);
}

TEST_F(SqliteFunctionsTest, AWordLongerThanAnyShiftIsFound) {
  const std::string word = "b" + std::string(600, 'a');
  EXPECT_EQ(holds(std::string(300, 'A') + word + "c", word), 1);
  EXPECT_EQ(holds(std::string(300, 'A') + word.substr(0, 600) + "c", word), 0);
}

TEST_F(SqliteFunctionsTest, AgreesWithLikeOnManyTextsOfFewLetters) {
  std::mt19937 random(20261122);
  const auto some = [&](std::string_view letters, std::size_t most) {
    std::string text(random() % (most + 1), ' ');
    for (char& c : text) c = letters[random() % letters.size()];
    return text;
  };
  int found = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::string text = some("abABc -", 24);
    const std::string word = some("ab -", 5);
    const std::int64_t like = ask("SELECT $1 LIKE '%' || $2 || '%'", {text, word});
    ASSERT_EQ(holds(text, word), like) << fmt::format("“{}” in “{}”", word, text);
    found += static_cast<int>(like);
  }
  EXPECT_GT(found, 300);
  EXPECT_LT(found, 2700);
}

// The word's table is kept from row to row of one statement, not longer.
TEST_F(SqliteFunctionsTest, AsksEachWordOfItsOwn) {
  EXPECT_EQ(ask("WITH t (w) AS (VALUES ('abc'), ('xyz'), ('bc'), ('longer than it'))"
                " SELECT sum(holds_text('ABCD', w)) FROM t",
                {}),
            2);
}

}  // namespace
}  // namespace tidings::db
