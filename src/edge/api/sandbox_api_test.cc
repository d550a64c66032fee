#include <boost/json.hpp>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "db/testing/databases.h"
#include "edge/api/testing/api_fixture.h"

namespace tidings::api {
namespace {

namespace json = boost::json;

class SandboxApi : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  SandboxApi() {
    api_.may_send("Shop", "shop@shop.example");
    test_ = api_.everything(api_.organisation());
    test_.is_test = true;
  }
  std::string send(const identity::Principal& who, int number) {
    const auto sent = api_.call_as(
        who, "POST", "/messages",
        fmt::format(R"({{"to": "bo{0}@home.example", "subject": "No {0}", "text": "x"}})", number));
    EXPECT_EQ(sent.status, 202) << sent.text;
    return std::string(sent.json.at("id").as_string());
  }
  testing::ApiFixture api_{GetParam()};
  identity::Principal test_;
};
INSTANTIATE_TEST_SUITE_P(On, SandboxApi, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& tested) { return db::testing::kind_name(tested); });

TEST_P(SandboxApi, WhatATestTokenSentIsListedNewestFirstAndWhatReallyLeavesIsNot) {
  EXPECT_EQ(api_.call("GET", "/sandbox/messages").json.at("items").as_array().size(), 0u);
  const std::string real = send(api_.everything(api_.organisation()), 0);
  std::string last;
  for (int i = 1; i <= 3; ++i) last = send(test_, i);
  const auto page = api_.call_as(test_, "GET", "/sandbox/messages?limit=2");
  ASSERT_EQ(page.status, 200) << page.text;
  ASSERT_EQ(page.json.at("items").as_array().size(), 2u);
  EXPECT_EQ(page.json.at("items").at(0).at("id"), json::value(last));
  EXPECT_EQ(page.json.at("items").at(0).at("subject"), "No 3");
  const auto rest = api_.call_as(
      test_, "GET",
      "/sandbox/messages?limit=2&cursor=" + std::string(page.json.at("next_cursor").as_string()));
  ASSERT_EQ(rest.json.at("items").as_array().size(), 1u) << rest.text;
  EXPECT_TRUE(rest.json.at("next_cursor").is_null());
  const auto one = api_.call_as(test_, "GET", "/sandbox/messages/" + last);
  ASSERT_EQ(one.status, 200) << one.text;
  EXPECT_EQ(one.json.at("message").at("address"), "bo3@home.example");
  EXPECT_TRUE(one.json.at("content").is_null()) << "it waits";
  EXPECT_EQ(api_.call("GET", "/sandbox/messages/" + real).status, 404);
  EXPECT_EQ(api_.call("GET", "/sandbox/messages?cursor=nonsense!").status, 422);
}

TEST_P(SandboxApi, OnlyWhoMayReadTheRecordOfThisOrganisationSeesIt) {
  const std::string id = send(test_, 1);
  const auto other = api_.everything(api_.other_organisation());
  EXPECT_EQ(api_.call_as(other, "GET", "/sandbox/messages/" + id).status, 404);
  EXPECT_EQ(api_.call_as(other, "GET", "/sandbox/messages").json.at("items").as_array().size(), 0u);
  const auto sender = api_.with({identity::Permission::messages_send});
  EXPECT_EQ(api_.call_as(sender, "GET", "/sandbox/messages").status, 403);
  EXPECT_EQ(api_.call_as(sender, "GET", "/sandbox/messages/" + id).status, 403);
}

}  // namespace
}  // namespace tidings::api
