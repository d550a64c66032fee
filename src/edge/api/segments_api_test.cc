#include <boost/json.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "edge/api/testing/api_fixture.h"

namespace tidings::api {
namespace {

namespace json = boost::json;

class SegmentsApi : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  void SetUp() override {
    const auto stored =
        api_.database().write(db::Priority::web, [&](db::Connection& connection) -> Result<void> {
          for (int i = 1; i <= 3; ++i) {
            const std::string name = fmt::format("Person {}", i);
            const std::string address = fmt::format("p{}@example.org", i);
            TRY(connection.execute(
                {"",
                 "INSERT INTO contact (organisation_id, id, name, do_not_contact, created_at,"
                 " changed_at) VALUES ($1, $2, $3, $4, $5, $5)"},
                {api_.organisation(), i, name, i == 3, created_}));
            TRY(connection.execute(
                {"",
                 "INSERT INTO contact_address (organisation_id, contact_id, channel,"
                 " normalised, address, is_primary, created_at)"
                 " VALUES ($1, $2, 0, $3, $3, 1, 0)"},
                {api_.organisation(), i, address}));
          }
          return {};
        });
    ASSERT_TRUE(stored) << stored.error().message;
  }

  std::string create(const std::string& name, const std::string& rule) {
    const auto made =
        api_.call("POST", "/segments", fmt::format(R"({{"name":"{}","rule":{}}})", name, rule));
    EXPECT_EQ(made.status, 201) << made.text;
    return made.status == 201 ? std::string(made.json.at("id").as_string()) : std::string();
  }

  const std::int64_t created_ = 1'795'334'400'000'000;
  testing::ApiFixture api_{GetParam()};
};

constexpr std::string_view kFirst =
    R"({"type":"field","field":"name","operator":"is","value":"person 1"})";

TEST_P(SegmentsApi, ASegmentIsMadeReadChangedListedAndDeleted) {
  const std::string id = create("First", std::string(kFirst));
  const auto got = api_.call("GET", "/segments/" + id);
  ASSERT_EQ(got.status, 200) << got.text;
  EXPECT_EQ(got.json.at("rule").at("value"), "person 1");
  EXPECT_EQ(got.json.at("description"), "");
  const std::string etag = got.header("ETag");
  const auto stale =
      api_.call("PATCH", "/segments/" + id, R"({"name":"1"})", {{"If-Match", "\"other\""}});
  EXPECT_EQ(stale.status, 412) << stale.text;
  const auto changed =
      api_.call("PATCH", "/segments/" + id,
                R"({"name":"Number one","rule":{"type":"any","rules":[]}})", {{"If-Match", etag}});
  ASSERT_EQ(changed.status, 200) << changed.text;
  EXPECT_EQ(changed.json.at("rule").at("type"), "any");
  const auto list = api_.call("GET", "/segments?limit=1");
  ASSERT_EQ(list.status, 200) << list.text;
  EXPECT_EQ(list.json.at("items").at(0).at("name"), "Number one");
  EXPECT_EQ(api_.call("DELETE", "/segments/" + id).status, 204);
  EXPECT_EQ(api_.call("GET", "/segments/" + id).status, 404);
}

TEST_P(SegmentsApi, PagesGoThroughAllSegmentsAndAllWhoMatch) {
  for (const char* name : {"a", "b", "c"}) create(name, R"({"type":"all","rules":[]})");
  const auto first = api_.call("GET", "/segments?limit=2");
  ASSERT_EQ(first.status, 200) << first.text;
  const std::string cursor(first.json.at("next_cursor").as_string());
  const auto second = api_.call("GET", "/segments?limit=2&cursor=" + cursor);
  ASSERT_EQ(second.status, 200) << second.text;
  EXPECT_EQ(second.json.at("items").at(0).at("name"), "c");
  EXPECT_TRUE(second.json.at("next_cursor").is_null());

  const std::string id(first.json.at("items").at(0).at("id").as_string());
  const auto people = api_.call("GET", "/segments/" + id + "/contacts?limit=2");
  ASSERT_EQ(people.status, 200) << people.text;
  const auto rest = api_.call("GET", "/segments/" + id + "/contacts?limit=2&cursor=" +
                                         std::string(people.json.at("next_cursor").as_string()));
  ASSERT_EQ(rest.status, 200) << rest.text;
  EXPECT_EQ(rest.json.at("items").at(0).at("name"), "Person 3");
}

TEST_P(SegmentsApi, APreviewCountsAndShowsExamples) {
  const auto got = api_.call("POST", "/segments/preview",
                             fmt::format(R"({{"rule":{{"type":"not","rule":{}}}}})", kFirst));
  ASSERT_EQ(got.status, 200) << got.text;
  EXPECT_EQ(got.json.at("count"), 2);
  EXPECT_EQ(got.json.at("examples").at(0).at("email"), "p2@example.org");
}

TEST_P(SegmentsApi, ABadRuleIsToldByItsPlace) {
  const auto got = api_.call("POST", "/segments",
                             R"({"name":"x","rule":{"type":"all","rules":[
        {"type":"field","field":"name","operator":"less","value":3},
        {"type":"group","groups":["0000000000009"]}]}})");
  EXPECT_EQ(got.status, 422);
  EXPECT_EQ(got.fields(), "/rule/rules/0");
  const auto unknown = api_.call("POST", "/segments/preview",
                                 R"({"rule":{"type":"group","groups":["0000000000009"]}})");
  EXPECT_EQ(unknown.status, 422) << unknown.text;
  EXPECT_EQ(unknown.fields(), "/rule/groups/0");
}

TEST_P(SegmentsApi, AnotherOrganisationDoesNotSeeIt) {
  const std::string id = create("Mine", std::string(kFirst));
  const auto other = api_.everything(api_.other_organisation());
  EXPECT_EQ(api_.call_as(other, "GET", "/segments/" + id).status, 404);
  EXPECT_EQ(api_.call_as(other, "DELETE", "/segments/" + id).status, 404);
  EXPECT_EQ(api_.call_as(other, "PATCH", "/segments/" + id, R"({"name":"x"})").status, 404);
  const auto preview = api_.call_as(other, "POST", "/audience/preview",
                                    fmt::format(R"({{"audience":{{"segments":["{}"]}}}})", id));
  EXPECT_EQ(preview.status, 422) << preview.text;
}

TEST_P(SegmentsApi, TheAudienceIsBrokenDownBeforeSending) {
  const std::string id = create("First", std::string(kFirst));
  const auto got =
      api_.call("POST", "/audience/preview",
                fmt::format(R"({{"audience":{{"everybody":true,"addresses":["new@example.org"],
        "exclude":{{"segments":["{}"]}}}},
        "content":{{"subject":"Hi {{{{ contact.name }}}}","text":"Hello"}}}})",
                            id));
  ASSERT_EQ(got.status, 200) << got.text;
  EXPECT_EQ(got.json.at("messages"), 2);
  EXPECT_EQ(got.json.at("excluded").at(0).at("count"), 1);
  EXPECT_EQ(got.json.at("excluded").at(0).at("name"), "First");
  EXPECT_EQ(got.json.at("left_out").at(0).at("reason"), "do not contact");
  EXPECT_EQ(got.json.at("left_out").at(0).at("examples").at(0).at("name"), "Person 3");
  EXPECT_EQ(got.json.at("first").at(0).at("address"), "new@example.org");
  EXPECT_TRUE(got.json.at("first").at(0).at("contact_id").is_null());
}

TEST_P(SegmentsApi, AnAudienceWithABadAddressIsToldByItsPlace) {
  const auto got =
      api_.call("POST", "/audience/preview", R"({"audience":{"addresses":["a@b.org","nobody"]}})");
  EXPECT_EQ(got.status, 422);
  EXPECT_EQ(got.fields(), "/audience/addresses/1");
  EXPECT_EQ(api_.call("POST", "/audience/preview", R"({"audience":{}})").status, 422);
}

TEST_P(SegmentsApi, PastedAddressesAreSeparated) {
  const auto got =
      api_.call("POST", "/audience/addresses", R"({"text":"a@b.org; nobody\nA@B.org, c@d.org"})");
  ASSERT_EQ(got.status, 200) << got.text;
  EXPECT_EQ(got.json.at("addresses"), (json::array{"a@b.org", "c@d.org"}));
  EXPECT_EQ(got.json.at("repeated"), 1);
  EXPECT_EQ(got.json.at("bad").at(0).at("item"), 1);
}

INSTANTIATE_TEST_SUITE_P(On, SegmentsApi, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& tested) { return db::testing::kind_name(tested); });

}  // namespace
}  // namespace tidings::api
