#include "audience/segment_sql.h"

#include <boost/json.hpp>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "audience/segment_json.h"
#include "audience/testing/random_world.h"
#include "audience/testing/world.h"
#include "db/testing/databases.h"

namespace tidings::audience {
namespace {

using namespace testing;  // NOLINT: the world of these tests

class SegmentSqlTest : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  std::vector<ContactId> matching(OrganisationId organisation, const Rule& rule, Instant now,
                                  CampaignId except = {}) {
    std::vector<ContactId> found;
    const auto read = database_->read([&](db::Connection& connection) -> Result<void> {
      const auto rules = TRY(load_segment_rules(connection, organisation, segments_in(rule)));
      SqlText sql(connection.dialect());
      const RuleContext context{rules, sql.param(organisation), now, except};
      const std::string condition = TRY(rule_sql(sql, rule, {"c", "c.id"}, context));
      sql << "SELECT c.id FROM contact c WHERE c.organisation_id = $1 AND c.deleted_at IS NULL AND "
          << condition << " ORDER BY c.id";
      return connection.query(sql.statement(), sql.values(),
                              [&](const db::Row& row) { found.push_back(row.id<ContactId>(0)); });
    });
    EXPECT_TRUE(read) << read.error().message;
    return found;
  }

  db::testing::TestDatabase database_{GetParam()};
};

TEST_P(SegmentSqlTest, FindsWhomTheOracleFinds) {
  std::int64_t world_number = 0;
  EXPECT_TRUE(rc::check("SQL = oracle", [&] {
    const std::int64_t base = ++world_number * 1'000;
    World world = a_world(OrganisationId{base}, base);
    add_segments(world, base);
    const auto stored = store(*database_, world, base);
    RC_ASSERT(stored.has_value());
    for (int i = 0; i < 8; ++i) {
      const Rule rule = a_rule(base, 4);
      const CampaignId except = one_in(3) ? CampaignId{base + 50} : CampaignId{};
      std::vector<ContactId> expected;
      for (const Person& person : world.people) {
        if (!person.is_deleted && holds({world, kNow, except}, rule, person)) {
          expected.push_back(person.id);
        }
      }
      RC_LOG() << stored_text(rule) << "\n";
      RC_ASSERT(matching(world.organisation, rule, kNow, except) == expected);
      // The canonical form says the same rule.
      const auto again = read_stored_rule(stored_text(rule));
      RC_ASSERT(again.has_value());
      RC_ASSERT(*again == rule);
    }
  }));
}

TEST_P(SegmentSqlTest, TakesHostileTextAsText) {
  World world;
  world.organisation = OrganisationId{1};
  Person person;
  person.id = ContactId{5};
  person.first_name = "Robert'); DROP TABLE contact;--";
  person.fields["a') OR 1=1 --"] = std::string("$1");
  world.people.push_back(person);
  ASSERT_TRUE(store(*database_, world));
  const auto found = [&](FieldTest test) {
    return matching(OrganisationId{1}, Rule{test}, kNow).size();
  };
  using enum FieldOperator;
  EXPECT_EQ(found({"first_name", is, {person.first_name}}), 1u);
  EXPECT_EQ(found({"first_name", contains, {std::string("%")}}), 0u);
  EXPECT_EQ(found({"first_name", starts_with, {std::string("robert')")}}), 1u);
  EXPECT_EQ(found({"fields.a') OR 1=1 --", is, {std::string("$1")}}), 1u);
  EXPECT_EQ(found({"fields.a') OR 1=1 --", is, {std::string("x")}}), 0u);
  // The first could be looked for in the JSON's text, the second could not.
  EXPECT_EQ(found({"fields.a') OR 1=1 --", one_of, {std::string("x"), std::string("$1")}}), 1u);
}

TEST_P(SegmentSqlTest, TakesTheLargestRuleThereMayBe) {
  World world;
  world.people.push_back({.id = ContactId{5}, .first_name = "a"});
  ASSERT_TRUE(store(*database_, world));
  AnyOf all;
  for (int i = 0; i < kRuleConditionsMax; ++i) {
    FieldTest test{"fields.n" + std::to_string(i), FieldOperator::one_of, {}};
    for (std::size_t v = 0; v < kRuleListMax; ++v) test.values.emplace_back(std::to_string(v));
    all.rules.push_back({test});
  }
  EXPECT_TRUE(matching(OrganisationId{1}, {all}, kNow).empty());
}

TEST_P(SegmentSqlTest, ACycleOfSegmentsIsTold) {
  World world;
  world.segments[SegmentId{1}] = {SegmentTest{SegmentId{2}}};
  world.segments[SegmentId{2}] = {SegmentTest{SegmentId{1}}};
  ASSERT_TRUE(store(*database_, world));
  const auto read = database_->read([&](db::Connection& connection) -> Result<void> {
    const auto rules = TRY(load_segment_rules(connection, OrganisationId{1}, {SegmentId{1}}));
    SqlText sql(connection.dialect());
    const RuleContext context{rules, sql.param(OrganisationId{1}), kNow, {}};
    TRY(rule_sql(sql, {SegmentTest{SegmentId{1}}}, {"c", "c.id"}, context));
    return {};
  });
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, "segment.too_deep");
}

TEST_P(SegmentSqlTest, ADeletedSegmentIsToldNotTakenForEverybody) {
  const auto read = database_->read([&](db::Connection& connection) -> Result<void> {
    TRY(load_segment_rules(connection, OrganisationId{1}, {SegmentId{9}}));
    return {};
  });
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, "segment.not_found");
}

INSTANTIATE_TEST_SUITE_P(On, SegmentSqlTest, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& info) { return db::testing::kind_name(info); });

ReadRule read(std::string_view text) { return read_rule(boost::json::parse(text)); }

TEST(SegmentJson, TellsEachProblemWithItsPlace) {
  const auto got = read(R"({"type":"all","rules":[
    {"type":"field","field":"first_name","operator":"less","value":3},
    {"type":"field","field":"shoe","operator":"is","value":"x"},
    {"type":"group","groups":[]},
    {"type":"wish"},
    {"type":"not","rule":{"type":"message","fact":"eaten"}},
    {"type":"activity","days":0,"color":1},
    {"type":"field","field":"created_at","operator":"after","value":"2026-02-30"},
    {"type":"field","field":"fields.a\"b","operator":"is","value":"x"}]})");
  std::vector<std::string> fields;
  for (const auto& problem : got.problems) fields.push_back(problem.field);
  EXPECT_EQ(fields,
            (std::vector<std::string>{"/rules/0", "/rules/1", "/rules/2/groups", "/rules/3/type",
                                      "/rules/4/rule/fact", "/rules/5/color", "/rules/5/days",
                                      "/rules/6", "/rules/7"}));
}

TEST(SegmentJson, BoundsDepthAndConditions) {
  const auto nested = [](int depth) {
    std::string text = R"({"type":"activity"})";
    for (int i = 1; i < depth; ++i) text = R"({"type":"not","rule":)" + text + "}";
    return text;
  };
  EXPECT_TRUE(read(nested(10)).problems.empty());
  ASSERT_EQ(read(nested(11)).problems.size(), 1u);
  EXPECT_EQ(read(nested(11)).problems[0].code, "rule.too_deep");

  const auto many = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i)
      text += (i > 0 ? "," : "") + std::string(R"({"type":"activity"})");
    const std::string half = R"({"type":"any","rules":[)" + text + "]}";
    return R"({"type":"all","rules":[)" + half + "," + half + "]}";
  };
  EXPECT_TRUE(read(many(100)).problems.empty());
  ASSERT_EQ(read(many(101)).problems.size(), 1u);
  EXPECT_EQ(read(many(101)).problems[0].code, "rule.too_many");
}

TEST(SegmentJson, ADamagedRuleIsCorruptNotEverybody) {
  for (const std::string_view text : {"", "{}", "null", "{\"type\":\"all\"}", "[]"}) {
    const auto rule = read_stored_rule(text);
    ASSERT_FALSE(rule) << text;
    EXPECT_EQ(rule.error().code, "segment.corrupt");
  }
}

}  // namespace
}  // namespace tidings::audience
