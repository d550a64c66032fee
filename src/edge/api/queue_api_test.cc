#include <boost/json.hpp>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "db/testing/databases.h"
#include "edge/api/testing/api_fixture.h"

namespace tidings::api {
namespace {

namespace json = boost::json;

class QueueApi : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  QueueApi() { api_.may_send("Shop", "shop@shop.example"); }
  std::string send(const std::string& to) {
    const auto sent = api_.call("POST", "/messages",
                                fmt::format(R"({{"to": "{}", "subject": "s", "text": "x"}})", to));
    EXPECT_EQ(sent.status, 202) << sent.text;
    return std::string(sent.json.at("id").as_string());
  }
  // "domain state count" of each line.
  std::string lines(const std::string& target = "/queue") {
    const auto answer = api_.call("GET", target);
    EXPECT_EQ(answer.status, 200) << answer.text;
    std::string all;
    for (const json::value& each : answer.json.at("items").as_array()) {
      all += fmt::format("{} {} {}; ", std::string_view(each.at("domain").as_string()),
                         std::string_view(each.at("state").as_string()),
                         each.at("messages").to_number<int>());
    }
    return all;
  }
  std::int64_t steer(const std::string& body) {
    const auto answer = api_.call("POST", "/queue/steer", body);
    EXPECT_EQ(answer.status, 200) << answer.text;
    EXPECT_TRUE(answer.json.at("is_complete").as_bool());
    return answer.json.at("messages").to_number<std::int64_t>();
  }
  testing::ApiFixture api_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(On, QueueApi, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& tested) { return db::testing::kind_name(tested); });

TEST_P(QueueApi, TellsWhatWaitsByDomain) {
  EXPECT_EQ(lines(), "");
  send("an@large.example");
  send("bo@large.example");
  send("cy@small.example");
  EXPECT_EQ(lines(), "large.example waiting 2; small.example waiting 1; ");
  EXPECT_EQ(lines("/queue?domain=SMALL.example"), "small.example waiting 1; ");
  EXPECT_EQ(lines("/queue?domain=mall.example"), "");
}

TEST_P(QueueApi, WhatIsHeldStaysUntilItIsReleasedAndShowsInItsTimeline) {
  const std::string id = send("an@large.example");
  send("cy@small.example");
  EXPECT_EQ(steer(R"({"action": "hold", "domain": "large.example"})"), 1);
  EXPECT_EQ(steer(R"({"action": "hold", "domain": "large.example"})"), 0);
  EXPECT_EQ(lines(), "large.example held 1; small.example waiting 1; ");
  const auto held = api_.call("GET", "/messages/" + id);
  EXPECT_EQ(held.json.at("status"), "held");
  EXPECT_EQ(held.json.at("reason"), "held by an operator");
  EXPECT_EQ(steer(R"({"action": "release", "everything": true})"), 1);
  const auto released = api_.call("GET", "/messages/" + id);
  EXPECT_EQ(released.json.at("status"), "queued");
  EXPECT_EQ(lines("/queue?domain=large.example"), "large.example waiting 1; ");
}

TEST_P(QueueApi, WhatIsGivenUpIsFailedForGood) {
  const std::string id = send("an@large.example");
  EXPECT_EQ(steer(R"({"action": "expire", "domain": "large.example"})"), 1);
  EXPECT_EQ(lines(), "");
  const auto gone = api_.call("GET", "/messages/" + id);
  EXPECT_EQ(gone.json.at("status"), "failed");
  EXPECT_EQ(gone.json.at("reason"), "expired");
  EXPECT_EQ(steer(R"({"action": "retry", "everything": true})"), 0);
}

TEST_P(QueueApi, NothingIsDoneToEverythingWithoutSayingSo) {
  send("an@large.example");
  EXPECT_EQ(api_.call("POST", "/queue/steer", R"({"action": "expire"})").status, 422);
  EXPECT_EQ(api_.call("POST", "/queue/steer", R"({"action": "drop", "everything": true})").status,
            422);
  EXPECT_EQ(lines(), "large.example waiting 1; ");
}

TEST_P(QueueApi, ASiteIsSuspendedWithItsReasonUntilItIsResumed) {
  EXPECT_EQ(api_.call("POST", "/sites/suspend",
                      R"({"name": "LARGE.Example", "reason": "They asked us to."})")
                .status,
            204);
  const auto list = api_.call("GET", "/sites");
  ASSERT_EQ(list.status, 200) << list.text;
  const auto& site = list.json.at("suspended").at(0);
  EXPECT_EQ(site.at("name"), "large.example");
  EXPECT_EQ(site.at("reason"), "They asked us to.");
  EXPECT_TRUE(list.json.at("items").as_array().empty());  // nothing sends here
  // Another organisation neither sees nor ends it.
  const auto other = api_.everything(api_.other_organisation());
  EXPECT_TRUE(api_.call_as(other, "GET", "/sites").json.at("suspended").as_array().empty());
  const std::string resume = R"({"name": "large.example"})";
  EXPECT_EQ(api_.call_as(other, "POST", "/sites/resume", resume).status, 200);
  EXPECT_EQ(api_.call("GET", "/sites").json.at("suspended").as_array().size(), 1u);
  const auto reader = api_.with({identity::Permission::record_read});
  EXPECT_EQ(api_.call_as(reader, "POST", "/sites/suspend", resume).status, 403);
  EXPECT_EQ(api_.call_as(reader, "POST", "/sites/resume", resume).status, 403);
  EXPECT_EQ(api_.call("POST", "/sites/suspend", R"({"name": ""})").status, 422);
  EXPECT_EQ(api_.call("POST", "/sites/resume", resume).json.at("messages"), 0);
  EXPECT_TRUE(api_.call("GET", "/sites").json.at("suspended").as_array().empty());
}

TEST_P(QueueApi, OnlyThoseOfThisOrganisationWhoMayDoIt) {
  send("an@large.example");
  const auto other = api_.everything(api_.other_organisation());
  const auto answer = api_.call_as(other, "GET", "/queue");
  EXPECT_TRUE(answer.json.at("items").as_array().empty());
  EXPECT_EQ(api_.call_as(other, "POST", "/queue/steer", R"({"action": "hold", "everything": true})")
                .json.at("messages"),
            0);
  EXPECT_EQ(lines(), "large.example waiting 1; ");
  const auto reader = api_.with({identity::Permission::record_read});
  EXPECT_EQ(api_.call_as(reader, "GET", "/queue").status, 200);
  EXPECT_EQ(
      api_.call_as(reader, "POST", "/queue/steer", R"({"action":"hold","everything":true})").status,
      403);
  EXPECT_EQ(api_.call("GET", "/queue?campaign_id=01jc7v2m9k3xa").status, 404);
}

}  // namespace
}  // namespace tidings::api
