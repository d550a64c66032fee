#include "audience/segments.h"

#include <gtest/gtest.h>

#include "audience/testing/world.h"
#include "db/testing/databases.h"

namespace tidings::audience {
namespace {

using namespace testing;  // NOLINT: the world of these tests

constexpr Instant kNow = from_micros(1'790'000'000'000'000);

class SegmentsTest : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  void SetUp() override {
    world_.groups = {GroupId{1}};
    for (int i = 0; i < 3; ++i) {
      Person person;
      person.id = ContactId{10 + i};
      person.first_name = i == 0 ? "Piet" : "Jan";
      person.last_name = "de Boer";
      person.addresses = {{Channel::email, fmt::format("p{}@b.org", i), true}};
      if (i > 0) person.groups = {GroupId{1}};
      world_.people.push_back(person);
    }
    world_.people[2].is_deleted = true;
    ASSERT_TRUE(store(*database_, world_));
  }
  template <typename F>
  auto write(F work) {
    return database_->write_value(db::Priority::web, work);
  }
  Result<Segment> create(const std::string& name, Rule rule) {
    Segment segment;
    segment.name = name;
    segment.rule = std::move(rule);
    return write([&](db::Connection& c) {
      return create_segment(c, ids_, world_.organisation, segment, kNow);
    });
  }
  std::vector<std::string> problems(const Rule& rule, std::optional<SegmentId> self = {}) {
    const auto found = database_->read_value(
        [&](db::Connection& c) { return check_rule(c, world_.organisation, rule, self); });
    std::vector<std::string> codes;
    for (const RuleProblem& problem : found.value()) {
      codes.push_back(problem.field + " " + problem.code);
    }
    return codes;
  }

  SystemClock clock_;
  IdSource ids_{clock_, 1};
  World world_;
  db::testing::TestDatabase database_{GetParam()};
};

const Rule kInGroup{GroupTest{{GroupId{1}}}};

TEST_P(SegmentsTest, CountsAndShowsWhoMatchesButNobodyDeleted) {
  const auto count = database_->read_value(
      [&](db::Connection& c) { return count_matching(c, world_.organisation, kInGroup, kNow); });
  ASSERT_TRUE(count);
  EXPECT_EQ(*count, 1);
  const auto shown = database_->read_value([&](db::Connection& c) {
    return matching_contacts(c, world_.organisation, Rule{AllOf{}}, kNow, {}, 5);
  });
  ASSERT_TRUE(shown);
  ASSERT_EQ(shown->size(), 2u);
  EXPECT_EQ(shown->front().name, "Piet de Boer");
  EXPECT_EQ(shown->front().email, "p0@b.org");
}

TEST_P(SegmentsTest, KeepsWhatItIsGiven) {
  const auto made = create("Members", kInGroup);
  ASSERT_TRUE(made) << made.error().message;
  auto found = database_->read_value(
      [&](db::Connection& c) { return find_segment(c, world_.organisation, made->id); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->rule, kInGroup);
  found->name = "All";
  found->rule = Rule{AllOf{}};
  ASSERT_TRUE(write([&](db::Connection& c) {
    return change_segment(c, world_.organisation, *found, kNow + std::chrono::seconds(1));
  }));
  const auto page = database_->read_value(
      [&](db::Connection& c) { return page_segments(c, world_.organisation, "", 10); });
  ASSERT_TRUE(page);
  ASSERT_EQ(page->size(), 1u);
  EXPECT_EQ(page->front().name, "All");
  EXPECT_EQ(page->front().created_at, kNow);
}

TEST_P(SegmentsTest, TwoSegmentsCanNotHaveOneName) {
  ASSERT_TRUE(create("Members", kInGroup));
  const auto again = create("Members", kInGroup);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, "segment.exists");
}

TEST_P(SegmentsTest, AnotherOrganisationSeesNothing) {
  const auto made = create("Members", kInGroup);
  ASSERT_TRUE(made);
  const auto found = database_->read_value(
      [&](db::Connection& c) { return find_segment(c, OrganisationId{2}, made->id); });
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::not_found);
  const auto gone = database_->write(db::Priority::web, [&](db::Connection& c) {
    return delete_segment(c, OrganisationId{2}, made->id);
  });
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().kind, ErrorKind::not_found);
}

TEST_P(SegmentsTest, ACircleOfSegmentsIsRefusedAndSoIsDeletingOneThatIsUsed) {
  const auto a = create("a", kInGroup);
  ASSERT_TRUE(a);
  const auto b = create("b", Rule{SegmentTest{a->id}});
  ASSERT_TRUE(b);
  EXPECT_EQ(problems(Rule{SegmentTest{b->id}}, a->id), std::vector<std::string>{" rule.cycle"});
  EXPECT_EQ(problems(Rule{SegmentTest{a->id}}, a->id),
            std::vector<std::string>{"/segment rule.cycle"});
  EXPECT_TRUE(problems(Rule{SegmentTest{b->id}}).empty());
  const auto gone = database_->write(db::Priority::web, [&](db::Connection& c) {
    return delete_segment(c, world_.organisation, a->id);
  });
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, "segment.in_use");
}

TEST_P(SegmentsTest, TellsWhatARuleNamesThatIsNotThere) {
  const Rule rule{AllOf{{Rule{GroupTest{{GroupId{1}, GroupId{7}}}},
                         Rule{MessageTest{MessageFact::sent, CampaignId{7}, {}}},
                         Rule{NotRule{{Rule{SegmentTest{SegmentId{7}}}}}}}}};
  EXPECT_EQ(problems(rule),
            (std::vector<std::string>{"/rules/0/groups/1 rule.unknown_group",
                                      "/rules/1/campaign rule.unknown_campaign",
                                      "/rules/2/rule/segment rule.unknown_segment"}));
}

TEST_P(SegmentsTest, ACustomFieldIsAskedInItsOwnType) {
  ASSERT_TRUE(database_->write(db::Priority::web, [&](db::Connection& c) -> Result<void> {
    TRY(c.execute({"",
                   "INSERT INTO custom_field (organisation_id, id, name, label, type, choices,"
                   " required, position, created_at, changed_at) VALUES"
                   " (1, 1, 'shoe', 'Shoe', 'number', '[]', 0, 0, 0, 0)"}));
    return {};
  }));
  using enum FieldOperator;
  EXPECT_TRUE(problems(Rule{FieldTest{"fields.shoe", less, {42.0}, 0}}).empty());
  EXPECT_TRUE(problems(Rule{FieldTest{"fields.shoe", empty, {}, 0}}).empty());
  EXPECT_EQ(problems(Rule{FieldTest{"fields.shoe", is, {std::string("42")}, 0}}),
            std::vector<std::string>{" rule.field_type"});
}

INSTANTIATE_TEST_SUITE_P(On, SegmentsTest, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& info) { return db::testing::kind_name(info); });

}  // namespace
}  // namespace tidings::audience
