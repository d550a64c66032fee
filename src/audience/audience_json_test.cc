#include "audience/audience_json.h"

#include <boost/json.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "audience/address_list.h"
#include "db/testing/databases.h"

namespace tidings::audience {
namespace {

namespace json = boost::json;

ReadAudience read(std::string_view text) {
  return read_audience(json::parse(text), Channel::email);
}

std::vector<std::string> typed(const AddressList& list) {
  std::vector<std::string> all;
  for (const auto& address : list.addresses) all.push_back(address.typed);
  return all;
}

TEST(AddressList, SeparatesByCommaSemicolonAndLineAndTrims) {
  const auto list =
      read_address_list(" a@b.org ,c@d.org;\r\n\te@f.org\n\n;g@h.org", Channel::email);
  ASSERT_TRUE(list);
  EXPECT_EQ(typed(*list), (std::vector<std::string>{"a@b.org", "c@d.org", "e@f.org", "g@h.org"}));
  EXPECT_TRUE(list->bad.empty());
}

TEST(AddressList, KeepsEachAddressOnceHoweverItIsSpelt) {
  const auto list = read_address_list("Piet@Example.org, piet@example.ORG", Channel::email);
  ASSERT_TRUE(list);
  EXPECT_EQ(typed(*list), std::vector<std::string>{"Piet@Example.org"});
  EXPECT_EQ(list->repeated, 1u);
}

TEST(AddressList, TellsEveryBadItemByItsPlace) {
  const auto list = read_address_list("a@b.org, nobody, c@d.org, @x.org", Channel::email);
  ASSERT_TRUE(list);
  ASSERT_EQ(list->bad.size(), 2u);
  EXPECT_EQ(list->bad[0].item, 1u);
  EXPECT_EQ(list->bad[0].typed, "nobody");
  EXPECT_EQ(list->bad[0].code, "address.no_at");
  EXPECT_EQ(list->bad[1].item, 3u);
  EXPECT_EQ(list->addresses.size(), 2u);
}

TEST(AddressList, KeepsQuotedNamesInOnePiece) {
  const auto list =
      read_address_list("\"Jansen, Piet\" <piet@b.org>; Zoë <zoe@b.org>", Channel::email);
  ASSERT_TRUE(list);
  EXPECT_EQ(typed(*list), (std::vector<std::string>{"piet@b.org", "zoe@b.org"}));
}

TEST(AddressList, AnUnclosedQuoteSpoilsOneItemOnly) {
  const auto list = read_address_list("\"oops, a@b.org\nc@d.org", Channel::email);
  ASSERT_TRUE(list);
  EXPECT_EQ(typed(*list), (std::vector<std::string>{"a@b.org", "c@d.org"}));
  EXPECT_EQ(list->bad_count, 1u);
}

TEST(AddressList, RefusesMoreThanTenThousand) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += fmt::format("p{}@b.org\n", i);
  EXPECT_EQ(read_address_list(text, Channel::email)->addresses.size(), 10'000u);
  text += "last@b.org";
  const auto list = read_address_list(text, Channel::email);
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().code, "addresses.too_many");
}

TEST(AddressList, CutsALongBadItemBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += "é";
  const auto list = read_address_list(text, Channel::email);
  ASSERT_TRUE(list);
  ASSERT_EQ(list->bad.size(), 1u);
  EXPECT_EQ(list->bad[0].typed.size(), 200u);
  EXPECT_EQ(list->bad[0].typed.substr(198), "é");
}

TEST(AudienceJson, ReadsBackWhatItWrites) {
  Audience audience;
  audience.include.groups = {GroupId{1}, GroupId{2}};
  audience.include.segments = {SegmentId{3}};
  audience.include.contacts = {ContactId{4}};
  audience.include.addresses = {"a@b.org"};
  audience.include.campaigns = {{CampaignId{5}, EarlierOutcome::not_sent}};
  audience.exclude.groups = {GroupId{6}};
  audience.exclude.campaigns = {{CampaignId{7}, EarlierOutcome::sent}};
  audience.recipients = Recipients::both;
  audience.alternative_addresses = true;
  audience.freeze = true;
  const auto again = read_audience(to_json(audience), Channel::email);
  EXPECT_TRUE(again.problems.empty());
  EXPECT_EQ(again.audience, audience);
  const auto stored = read_stored_audience(stored_text(audience));
  ASSERT_TRUE(stored);
  EXPECT_EQ(*stored, audience);
}

TEST(AudienceJson, ReadsWhatTheFirstVersionStored) {
  EXPECT_EQ(*read_stored_audience("{}"), Audience::all());
  EXPECT_EQ(*read_stored_audience(fmt::format(R"({{"group":"{}"}})", to_text(GroupId{99}))),
            Audience::of_group(GroupId{99}));
}

TEST(AudienceJson, DoesNotTakeDamagedTextForEverybody) {
  for (const std::string_view text :
       {"", "null", "[]", "{\"group\":7}", "{\"everyone\":true}", "{\"groups\":[\"?\"]}", "{"}) {
    const auto stored = read_stored_audience(text);
    ASSERT_FALSE(stored) << text;
    EXPECT_EQ(stored.error().code, "audience.corrupt");
  }
}

TEST(AudienceJson, AnEmptyObjectFromOutsideIsNobody) {
  EXPECT_TRUE(read("{}").audience.empty());
  EXPECT_TRUE(read("{}").problems.empty());
}

TEST(AudienceJson, TellsEachProblemWithItsPlace) {
  const auto got = read(R"({"groups":["x!"],"addresses":["ok@b.org","nope","c@d.org, bad"],
    "exclude":{"contacts":7,"color":1},"recipients":"parents","freeze":"yes",
    "campaigns":[{"id":"0000000000001","outcome":"read"},{}]})");
  std::vector<std::string> fields;
  for (const auto& problem : got.problems) fields.push_back(problem.field);
  EXPECT_EQ(fields, (std::vector<std::string>{"/groups/0", "/addresses/1", "/addresses/2",
                                              "/exclude/contacts", "/exclude/color", "/recipients",
                                              "/freeze", "/campaigns/0/outcome", "/campaigns/1"}));
  EXPECT_EQ(got.audience.include.addresses, (std::vector<std::string>{"ok@b.org", "c@d.org"}));
}

TEST(AudienceJson, BoundsEveryList) {
  json::array many;
  for (std::int64_t i = 1; i <= 1'001; ++i) many.emplace_back(to_text(i));
  const auto got = read_audience(json::object{{"groups", many}}, Channel::email);
  ASSERT_EQ(got.problems.size(), 1u);
  EXPECT_EQ(got.problems[0].code, "audience.too_many");
}

TEST(AudienceJson, RepeatedIdsCountOnce) {
  const std::string id = to_text(GroupId{5});
  const auto got = read(fmt::format(R"({{"groups":["{0}","{0}"]}})", id));
  EXPECT_EQ(got.audience.include.groups, std::vector<GroupId>{GroupId{5}});
}

class CheckAudience : public testing::TestWithParam<db::testing::Kind> {
 protected:
  db::testing::TestDatabase database_{GetParam()};
};

TEST_P(CheckAudience, TellsWhatIsNotThere) {
  Audience audience;
  audience.include.groups = {GroupId{1}};
  audience.include.segments = {SegmentId{1}};
  audience.include.contacts = {ContactId{1}};
  audience.exclude.campaigns = {{CampaignId{1}, EarlierOutcome::all}};
  const auto problems = database_->read_value([&](db::Connection& connection) {
    return check_audience(connection, OrganisationId{1}, audience);
  });
  ASSERT_TRUE(problems);
  std::vector<std::string> fields;
  for (const auto& problem : *problems) fields.push_back(problem.field + " " + problem.code);
  EXPECT_EQ(fields, (std::vector<std::string>{"/groups/0 audience.unknown_group",
                                              "/segments/0 audience.unknown_segment",
                                              "/contacts/0 audience.unknown_contact",
                                              "/exclude/campaigns/0 audience.unknown_campaign"}));
}

TEST_P(CheckAudience, NobodyChosenIsAProblem) {
  const auto problems = database_->read_value([&](db::Connection& connection) {
    return check_audience(connection, OrganisationId{1}, {});
  });
  ASSERT_TRUE(problems);
  ASSERT_EQ(problems->size(), 1u);
  EXPECT_EQ(problems->front().code, "audience.empty");
}

INSTANTIATE_TEST_SUITE_P(On, CheckAudience, testing::ValuesIn(db::testing::databases()),
                         [](const auto& info) { return db::testing::kind_name(info); });

}  // namespace
}  // namespace tidings::audience
