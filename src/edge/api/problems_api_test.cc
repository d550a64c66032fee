// The worklist through the API, on both databases: what stands on it, correcting an address, and
// what it takes to be allowed to.
#include <boost/json.hpp>
#include <chrono>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "db/testing/databases.h"
#include "edge/api/testing/api_fixture.h"
#include "feedback/apply_evidence.h"
#include "report/alerts.h"

namespace tidings::api {
namespace {

namespace json = boost::json;
using feedback::BounceReason;
using identity::Permission;

class ProblemsApi : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  ProblemsApi() { api_.may_send("Club", "club@club.example"); }
  std::string contact(const std::string& address, const std::string& name) {
    const auto made = api_.call(
        "POST", "/contacts",
        fmt::format(R"({{"name": "{}", "addresses": [{{"channel": "email", "address": "{}"}}]}})",
                    name, address));
    EXPECT_EQ(made.status, 201) << made.text;
    return std::string(made.json.at("id").as_string());
  }
  std::string send(const std::string& to) {
    const auto sent = api_.call("POST", "/messages",
                                fmt::format(R"({{"to": "{}", "subject": "s", "text": "x"}})", to));
    EXPECT_EQ(sent.status, 202) << sent.text;
    return std::string(sent.json.at("id").as_string());
  }
  void bounce(const std::string& message, BounceReason reason,
              EventType type = EventType::bounced) {
    const delivery::Ledger ledger(api_.ids(), NodeId{1}, 1);
    const auto applied = api_.database().write(
        db::Priority::ledger, [&](db::Connection& connection) -> Result<void> {
          TRY(feedback::apply_evidence(connection, ledger, api_.ids(),
                                       {.organisation = api_.organisation(),
                                        .message = MessageId{parse_id(message).value()},
                                        .type = type,
                                        .about = {.address = {},
                                                  .reason = reason,
                                                  .severity = feedback::severity_of(reason, false),
                                                  .scope = feedback::scope_of(reason),
                                                  .status = {},
                                                  .reply_code = 550,
                                                  .diagnostic = "550 <b>no</b> such user"},
                                        .occurred_at = api_.clock().now(),
                                        .source = "report",
                                        .dedupe_key = message + "/" + std::to_string(int(reason))},
                                       api_.clock().now()));
          return {};
        });
    ASSERT_TRUE(applied) << applied.error().message;
  }
  json::array list(const std::string& query = "") {
    const auto answer = api_.call("GET", "/problems/addresses" + query);
    EXPECT_EQ(answer.status, 200) << answer.text;
    return answer.json.at("items").as_array();
  }
  std::string status_of(const std::string& message) {
    const auto answer = api_.call("GET", "/messages/" + message);
    EXPECT_EQ(answer.status, 200) << answer.text;
    return std::string(answer.json.at("status").as_string());
  }
  testing::ApiFixture api_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(On, ProblemsApi, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& tested) { return db::testing::kind_name(tested); });

TEST_P(ProblemsApi, AnAddressThatDoesNotWorkIsListedWithItsReasonAndItsPeople) {
  EXPECT_TRUE(list().empty());
  const std::string anna = contact("ana@example.org", "Anna");
  const std::string message = send("ana@example.org");
  bounce(message, BounceReason::user_unknown);
  const json::array items = list();
  ASSERT_EQ(items.size(), 1U);
  const json::object& problem = items[0].as_object();
  EXPECT_EQ(problem.at("address"), "ana@example.org");
  EXPECT_EQ(problem.at("why"), "the address does not exist");
  EXPECT_EQ(problem.at("diagnostic"), "550 <b>no</b> such user");
  EXPECT_EQ(problem.at("stopped"), "everything");
  EXPECT_EQ(problem.at("message_id"), json::value(message));
  EXPECT_EQ(problem.at("contacts").at(0).at("id"), json::value(anna));
  EXPECT_EQ(status_of(message), "bounced");
  // What we are refused for is nobody's address.
  bounce(send("bo@example.org"), BounceReason::spam_detected);
  EXPECT_EQ(list().size(), 1U);
}

TEST_P(ProblemsApi, ACorrectedAddressTakesTheOthersPlaceAndGetsTheMessage) {
  const std::string anna = contact("ana@example.org", "Anna");
  bounce(send("ana@example.org"), BounceReason::user_unknown);
  const std::string id(list()[0].at("id").as_string());
  const std::string target = "/problems/addresses/" + id + "/fix";
  EXPECT_EQ(api_.call("POST", target, R"({"address": "not an address"})").status, 422);
  EXPECT_EQ(api_.call("POST", target, R"({"address": "@example.org"})").status, 422);
  EXPECT_EQ(list().size(), 1U);
  const auto fixed =
      api_.call("POST", target, R"({"address": "Anna@example.org", "send_again": true})");
  ASSERT_EQ(fixed.status, 200) << fixed.text;
  EXPECT_EQ(fixed.json.at("contacts").at(0), json::value(anna));
  const auto shown = api_.call("GET", "/contacts/" + anna);
  ASSERT_EQ(shown.json.at("addresses").as_array().size(), 1U);
  EXPECT_EQ(shown.json.at("addresses").at(0).at("address"), "Anna@example.org");
  const auto again =
      api_.call("GET", "/messages/" + std::string(fixed.json.at("message_id").as_string()));
  EXPECT_EQ(again.json.at("status"), "queued") << again.text;
  EXPECT_EQ(again.json.at("address"), "Anna@example.org");
  EXPECT_TRUE(list().empty());
  const json::array settled = list("?settled=true");
  ASSERT_EQ(settled.size(), 1U);
  EXPECT_EQ(settled[0].at("stopped"), "everything") << "the wrong one stays as it was";
}

TEST_P(ProblemsApi, AnAddressThatIsRightIsReleasedForAReason) {
  bounce(send("bo@example.org"), BounceReason::user_unknown);
  const std::string target =
      "/problems/addresses/" + std::string(list()[0].at("id").as_string()) + "/fix";
  EXPECT_EQ(api_.call("POST", target, "{}").status, 422) << "why?";
  const auto fixed = api_.call("POST", target, R"({"note": "he says it works"})");
  ASSERT_EQ(fixed.status, 200) << fixed.text;
  EXPECT_EQ(fixed.json.at("released"), 1);
  EXPECT_TRUE(fixed.json.at("message_id").is_null());
  const std::string next = send("bo@example.org");
  EXPECT_EQ(status_of(next), "queued");
  // It does not: back on the list.
  bounce(next, BounceReason::user_unknown);
  EXPECT_EQ(list().size(), 1U);
  EXPECT_TRUE(list("?settled=true").empty());
}

TEST_P(ProblemsApi, SettlingTakesItOffTheListAndChangesNothingElse) {
  bounce(send("bo@example.org"), BounceReason::user_unknown);
  const std::string id(list()[0].at("id").as_string());
  const auto settled =
      api_.call("POST", "/problems/addresses/" + id + "/settle", R"({"note": "left the club"})");
  ASSERT_EQ(settled.status, 200) << settled.text;
  EXPECT_EQ(settled.json.at("settled_note"), "left the club");
  EXPECT_EQ(settled.json.at("stopped"), "everything");
  EXPECT_TRUE(list().empty());
  EXPECT_EQ(api_.call("GET", "/problems/addresses/" + id).status, 200);
}

TEST_P(ProblemsApi, NobodyFixesWithoutPermissionOrForAnotherOrganisation) {
  bounce(send("bo@example.org"), BounceReason::user_unknown);
  const std::string id(list()[0].at("id").as_string());
  const std::string fix = "/problems/addresses/" + id + "/fix";
  const auto writer = api_.with({Permission::contacts_write, Permission::record_read});
  EXPECT_EQ(api_.call_as(writer, "POST", fix, R"({"note": "works"})").status, 403);
  EXPECT_EQ(
      api_.call_as(writer, "POST", fix, R"({"address": "b@x.org", "send_again": true})").status,
      403);
  EXPECT_EQ(api_.call_as(api_.with({Permission::record_read}), "POST", fix,
                         R"({"address": "b@example.org"})")
                .status,
            403);
  const auto other = api_.everything(api_.other_organisation());
  EXPECT_EQ(api_.call_as(other, "POST", fix, R"({"note": "works"})").status, 404);
  EXPECT_EQ(api_.call_as(other, "POST", "/problems/addresses/" + id + "/settle", "{}").status, 404);
  EXPECT_EQ(api_.call_as(other, "GET", "/problems/addresses/" + id).status, 404);
  const auto theirs = api_.call_as(other, "GET", "/problems/addresses");
  EXPECT_TRUE(theirs.json.at("items").as_array().empty());
  EXPECT_EQ(list().size(), 1U);
}

TEST_P(ProblemsApi, ThePagesFollowEachOther) {
  for (int i = 0; i < 5; ++i) {
    bounce(send(fmt::format("p{}@example.org", i)), BounceReason::user_unknown);
  }
  std::string seen;
  std::string next;
  do {
    const auto page =
        api_.call("GET", "/problems/addresses?limit=2" + (next.empty() ? "" : "&cursor=" + next));
    for (const json::value& each : page.json.at("items").as_array()) {
      seen += std::string(each.at("address").as_string()).substr(0, 2);
    }
    const json::value& cursor = page.json.at("next_cursor");
    next = cursor.is_null() ? "" : std::string(cursor.as_string());
  } while (!next.empty());
  EXPECT_EQ(seen, "p4p3p2p1p0");
  EXPECT_EQ(api_.call("GET", "/problems/addresses?cursor=x").status, 422);
}

TEST_P(ProblemsApi, ACampaignThatRecipientsComplainAboutIsInTrouble) {
  const auto none = api_.call("GET", "/problems/campaigns");
  ASSERT_EQ(none.status, 200) << none.text;
  EXPECT_TRUE(none.json.at("items").as_array().empty());
  const auto campaign = api_.ids().next();
  const auto stored =
      api_.database().write(db::Priority::web, [&](db::Connection& connection) -> Result<void> {
        TRY(connection.execute(
            {"",
             "INSERT INTO campaign (organisation_id, id, name, kind, channel, state,"
             " content_version_id, transport_id, audience, options, created_at, started_at,"
             " changed_at) VALUES ($1, $2, 'May', 0, 0, 2, 1, 1, '{}', '{}', $3, $3, $3)"},
            {api_.organisation(), campaign, api_.clock().now()}));
        TRY(connection.execute(
            {"",
             "INSERT INTO campaign_counter (organisation_id, campaign_id, node_number, sent,"
             " marked_as_spam) VALUES ($1, $2, 1, 999, 1)"},
            {api_.organisation(), campaign}));
        return {};
      });
  ASSERT_TRUE(stored) << stored.error().message;
  const auto some = api_.call("GET", "/problems/campaigns");
  ASSERT_EQ(some.json.at("items").as_array().size(), 1U) << some.text;
  EXPECT_EQ(some.json.at("items").at(0).at("trouble"), "complaints");
  EXPECT_EQ(json::serialize(api_.call("GET", "/problems/counts").json),
            R"({"addresses":0,"campaigns":1,"domains":0,"mailboxes":0})");
  const auto other =
      api_.call_as(api_.everything(api_.other_organisation()), "GET", "/problems/campaigns");
  EXPECT_TRUE(other.json.at("items").as_array().empty());
}

TEST_P(ProblemsApi, WhatPeopleWereToldOfIsListedWithWhomItIsMailedTo) {
  const Instant now = api_.clock().now();
  const auto campaign = api_.ids().next();
  const auto stored =
      api_.database().write(db::Priority::web, [&](db::Connection& connection) -> Result<void> {
        TRY(connection.execute(
            {"",
             "INSERT INTO campaign (organisation_id, id, name, kind, channel, state,"
             " content_version_id, transport_id, audience, options, created_at, started_at,"
             " changed_at) VALUES ($1, $2, 'May', 0, 0, 2, 1, 1, '{}', '{}', $3, $3, $3)"},
            {api_.organisation(), campaign, now}));
        const std::vector<report::Occasion> occasions = {
            {"campaign/" + to_text(campaign) + "/held", "", ""}, {"domain/club.example", "", ""}};
        TRY(report::untold(connection, api_.organisation(), occasions,
                           now - std::chrono::hours(3)));
        TRY(report::untold(connection, api_.organisation(), std::span(occasions).first(1), now));
        return report::told(connection, api_.organisation(), occasions[0].key, now);
      });
  ASSERT_TRUE(stored) << stored.error().message;
  const auto found = api_.call("GET", "/alerts");
  ASSERT_EQ(found.status, 200) << found.text;
  EXPECT_TRUE(found.json.at("told").as_array().empty()) << "nobody is the owner";
  const auto& items = found.json.at("items").as_array();
  ASSERT_EQ(items.size(), 2U) << found.text;
  EXPECT_EQ(items[0].at("about"), "campaign");
  EXPECT_EQ(items[0].at("name"), "May");
  EXPECT_EQ(items[0].at("trouble"), "held");
  EXPECT_FALSE(items[0].at("told_at").is_null());
  EXPECT_EQ(items[0].at("is_over"), false);
  EXPECT_EQ(items[1].at("name"), "club.example");
  EXPECT_TRUE(items[1].at("told_at").is_null());
  EXPECT_EQ(items[1].at("is_over"), true);
  const auto other = api_.call_as(api_.everything(api_.other_organisation()), "GET", "/alerts");
  EXPECT_TRUE(other.json.at("items").as_array().empty());
}

}  // namespace
}  // namespace tidings::api
