#include <boost/json.hpp>
#include <chrono>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "compose/campaign_control.h"
#include "compose/campaigns.h"
#include "db/testing/databases.h"
#include "delivery/ledger.h"
#include "edge/api/testing/api_fixture.h"

namespace tidings::api {
namespace {

namespace json = boost::json;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class CampaignsApi : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  CampaignsApi() { sender_ = api_.may_send("School", "office@school.example", "sandbox:"); }

  Instant now() { return api_.clock().now(); }
  void write(const db::Database::Work& work) {
    const auto wrote = api_.database().write(db::Priority::web, work);
    ASSERT_TRUE(wrote) << wrote.error().message;
  }
  std::string body(std::string_view name = "Newsletter") {
    return fmt::format(
        R"({{"name": "{}", "draft": {{"sender_id": "{}", "subject": "Hello",)"
        R"( "text": "Dear {{{{ contact.first_name }}}} {{{{ unsubscribe_url }}}}"}},)"
        R"( "audience": {{"everybody": true}}}})",
        name, to_text(sender_));
  }
  std::string draft(std::string_view name = "Newsletter") {
    const auto made = api_.call("POST", "/campaigns", body(name));
    EXPECT_EQ(made.status, 201) << made.text;
    return std::string(made.json.at("id").as_string());
  }
  testing::Reply step(const std::string& id, std::string_view step, std::string given = {}) {
    return api_.call("POST", fmt::format("/campaigns/{}/{}", id, step), std::move(given));
  }
  std::string state(const std::string& id) {
    const auto got = api_.call("GET", "/campaigns/" + id);
    EXPECT_EQ(got.status, 200) << got.text;
    return std::string(got.json.at("state").as_string());
  }
  // As the runner does when the instant is there.
  void come_due(const std::string& id) {
    write([&](db::Connection& connection) {
      const delivery::Ledger ledger(api_.ids(), NodeId{1}, 1);
      return compose::come_due(connection, ledger, api_.ids(), api_.organisation(),
                               CampaignId{*parse_id(id)}, now());
    });
  }
  identity::Principal at_a_screen() {
    auto who = api_.everything(api_.organisation());
    who.session_id = SessionId{5};
    who.name = "An";
    return who;
  }
  void sender_loses_its_proof() {
    write([&](db::Connection& connection) -> Result<void> {
      TRY(connection.execute({"test.unverify", "UPDATE sender SET verified_at = NULL"}, {}));
      return {};
    });
  }

  testing::ApiFixture api_{GetParam()};
  SenderId sender_;
};
INSTANTIATE_TEST_SUITE_P(On, CampaignsApi, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& tested) { return db::testing::kind_name(tested); });

TEST_P(CampaignsApi, ADraftIsMadeChangedShownListedAndDeleted) {
  const std::string id = draft();
  const auto got = api_.call("GET", "/campaigns/" + id);
  EXPECT_EQ(got.json.at("draft").at("subject"), "Hello");
  EXPECT_EQ(got.json.at("state"), "draft");
  const std::string etag = got.header("ETag");
  api_.clock().advance(seconds(1));
  const auto changed = api_.call("PATCH", "/campaigns/" + id,
                                 R"({"draft": {"subject": "Good day"}, "packages":)"
                                 R"( {"messages": 100, "seconds": 60}})",
                                 {{"If-Match", etag}});
  ASSERT_EQ(changed.status, 200) << changed.text;
  EXPECT_EQ(changed.json.at("draft").at("subject"), "Good day");
  EXPECT_EQ(changed.json.at("draft").at("text"),
            "Dear {{ contact.first_name }} {{ unsubscribe_url }}");
  EXPECT_EQ(changed.json.at("packages").at("messages"), 100);
  // Somebody with the version from before does not overwrite it.
  EXPECT_EQ(api_.call("PATCH", "/campaigns/" + id, R"({"name": "x"})", {{"If-Match", etag}}).status,
            412);
  EXPECT_EQ(api_.call("GET", "/campaigns?state=draft&name=NEWS").json.at("items").as_array().size(),
            1u);
  EXPECT_EQ(api_.call("GET", "/campaigns?name=100%25").json.at("items").as_array().size(), 0u);
  EXPECT_EQ(api_.call("DELETE", "/campaigns/" + id, {}, {{"If-Match", etag}}).status, 412);
  EXPECT_EQ(api_.call("DELETE", "/campaigns/" + id).status, 204);
  EXPECT_EQ(api_.call("GET", "/campaigns/" + id).status, 404);
  EXPECT_EQ(step(id, "start").status, 404);
}

TEST_P(CampaignsApi, AListGoesOnPageByPageNewestFirst) {
  const std::string first = draft("a");
  const std::string second = draft("b");
  const std::string third = draft("c");
  const auto page = api_.call("GET", "/campaigns?limit=2");
  ASSERT_EQ(page.json.at("items").as_array().size(), 2u);
  EXPECT_EQ(page.json.at("items").at(0).at("id"), json::value(third));
  const auto rest = api_.call(
      "GET", "/campaigns?limit=2&cursor=" + std::string(page.json.at("next_cursor").as_string()));
  ASSERT_EQ(rest.json.at("items").as_array().size(), 1u);
  EXPECT_EQ(rest.json.at("items").at(0).at("id"), json::value(first));
  EXPECT_TRUE(rest.json.at("next_cursor").is_null());
  EXPECT_EQ(api_.call("GET", "/campaigns?cursor=nonsense!").status, 422);
}

TEST_P(CampaignsApi, AnotherOrganisationSeesNothingAndDoesNothing) {
  const std::string id = draft();
  const auto other = api_.everything(api_.other_organisation());
  EXPECT_EQ(api_.call_as(other, "GET", "/campaigns/" + id).status, 404);
  EXPECT_EQ(api_.call_as(other, "GET", "/campaigns").json.at("items").as_array().size(), 0u);
  EXPECT_EQ(api_.call_as(other, "PATCH", "/campaigns/" + id, R"({"name": "x"})").status, 404);
  EXPECT_EQ(api_.call_as(other, "DELETE", "/campaigns/" + id).status, 404);
  for (const std::string_view each :
       {"start", "stop", "release", "pause", "resume", "abort", "copy", "correction"}) {
    EXPECT_EQ(api_.call_as(other, "POST", fmt::format("/campaigns/{}/{}", id, each)).status, 404)
        << each;
  }
  for (const std::string_view each : {"check", "progress"}) {
    EXPECT_EQ(api_.call_as(other, "GET", fmt::format("/campaigns/{}/{}", id, each)).status, 404);
  }
}

TEST_P(CampaignsApi, AStartByAProgramBeginsAtOnceAndOneFromAScreenWaitsForSecondThoughts) {
  const std::string now_id = draft();
  const auto begun = step(now_id, "start");
  ASSERT_EQ(begun.status, 200) << begun.text;
  EXPECT_EQ(begun.json.at("state"), "running");

  const std::string id = draft();
  const auto waiting = api_.call_as(at_a_screen(), "POST", "/campaigns/" + id + "/start");
  ASSERT_EQ(waiting.status, 200) << waiting.text;
  EXPECT_EQ(waiting.json.at("state"), "scheduled");
  EXPECT_EQ(waiting.json.at("starts_at"), json::value(instant_text(now() + seconds(60))));
  EXPECT_EQ(waiting.json.at("started_by"), "An");
  EXPECT_TRUE(waiting.json.at("schedule").is_null());
  api_.clock().advance(seconds(59));
  come_due(id);
  EXPECT_EQ(state(id), "scheduled");
  EXPECT_EQ(step(id, "stop").json.at("state"), "draft");
  api_.clock().advance(seconds(1));
  come_due(id);
  EXPECT_EQ(state(id), "draft");
  api_.call_as(at_a_screen(), "POST", "/campaigns/" + id + "/start");
  api_.clock().advance(seconds(60));
  come_due(id);
  EXPECT_EQ(state(id), "running");
}

TEST_P(CampaignsApi, AStartThatIsRepeatedOrMetByAnotherHappensOnce) {
  const std::string id = draft();
  const auto first =
      api_.call("POST", "/campaigns/" + id + "/start", {}, {{"Idempotency-Key", "one"}});
  EXPECT_EQ(first.status, 200);
  const auto again =
      api_.call("POST", "/campaigns/" + id + "/start", {}, {{"Idempotency-Key", "one"}});
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
  const auto other = step(id, "start");
  EXPECT_EQ(other.status, 409);
  EXPECT_EQ(other.code(), "campaign.state");
}

TEST_P(CampaignsApi, AScheduleIsAWallTimeInAZoneAndCanBeTakenBack) {
  const std::string id = draft();
  const auto scheduled =
      step(id, "schedule", R"({"at": "2026-12-01T08:00", "time_zone": "Europe/Brussels"})");
  ASSERT_EQ(scheduled.status, 200) << scheduled.text;
  EXPECT_EQ(scheduled.json.at("starts_at"), "2026-12-01T07:00:00.000000Z");
  EXPECT_EQ(scheduled.json.at("schedule").at("time_zone"), "Europe/Brussels");
  EXPECT_EQ(scheduled.json.at("schedule").at("at"), "2026-12-01T08:00:00");
  EXPECT_EQ(api_.call("PATCH", "/campaigns/" + id, R"({"name": "x"})").code(), "campaign.state");
  EXPECT_EQ(step(id, "stop").json.at("state"), "draft");
  const auto code = [&](std::string_view at, std::string_view zone) {
    return step(id, "schedule", fmt::format(R"({{"at": "{}", "time_zone": "{}"}})", at, zone))
        .code();
  };
  EXPECT_EQ(code("2026-11-22T08:59", "Europe/Brussels"), "schedule.past");
  EXPECT_EQ(code("2027-03-28T02:30", "Europe/Brussels"), "schedule.gap");
  const auto later = step(id, "schedule",
                          R"({"at": "2027-10-31T02:30", "time_zone": "Europe/Brussels",)"
                          R"( "fold": "later"})");
  EXPECT_EQ(later.json.at("starts_at"), "2027-10-31T01:30:00.000000Z") << later.text;
}

TEST_P(CampaignsApi, AServerThatWasDownTooLongHoldsTheCampaignForAPerson) {
  const std::string id = draft();
  step(id, "schedule", R"({"at": "2026-11-22T10:00", "time_zone": "UTC"})");
  api_.clock().advance(hours(2) + minutes(61));
  come_due(id);
  const auto held = api_.call("GET", "/campaigns/" + id);
  EXPECT_EQ(held.json.at("state"), "held");
  EXPECT_EQ(held.json.at("reason"), "late schedule");
  EXPECT_EQ(step(id, "release").json.at("state"), "running");
}

TEST_P(CampaignsApi, AnUnverifiedSenderHoldsTheCampaignUnlessSomebodyMayOverride) {
  sender_loses_its_proof();
  const std::string id = draft();
  EXPECT_EQ(step(id, "start").json.at("state"), "held");
  const auto told = step(id, "release");
  EXPECT_EQ(told.code(), "sender.unverified");
  EXPECT_NE(told.text.find("override_sender"), std::string::npos) << told.text;
  auto few =
      api_.with({identity::Permission::campaigns_read, identity::Permission::campaigns_send});
  const auto refused =
      api_.call_as(few, "POST", "/campaigns/" + id + "/release", R"({"override_sender": true})");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(step(id, "release", R"({"override_sender": true})").json.at("state"), "running");
  // One whose sender loses its proof while it waits is held when its time comes.
  const std::string waiting = draft();
  step(waiting, "schedule", R"({"at": "2026-11-22T10:00", "time_zone": "UTC"})");
  api_.clock().advance(hours(2));
  come_due(waiting);
  EXPECT_EQ(state(waiting), "held");
  EXPECT_EQ(step(waiting, "stop").json.at("state"), "draft");
}

TEST_P(CampaignsApi, WhatIsRunningCanBePausedResumedAndAbortedButNotStartedAgain) {
  const std::string id = draft();
  step(id, "start");
  const auto paused = step(id, "pause", R"({"reason": "wrong link"})");
  EXPECT_EQ(paused.json.at("state"), "paused");
  EXPECT_EQ(paused.json.at("reason"), "wrong link");
  EXPECT_EQ(step(id, "pause").code(), "campaign.state");
  EXPECT_EQ(api_.call("PATCH", "/campaigns/" + id, R"({"rate_per_second": 5})")
                .json.at("rate_per_second"),
            5.0);
  EXPECT_EQ(step(id, "resume").json.at("state"), "running");
  EXPECT_EQ(step(id, "stop").code(), "campaign.state");
  EXPECT_EQ(step(id, "abort").json.at("state"), "cancelled");
  for (const std::string_view each : {"start", "resume", "pause", "abort", "release"}) {
    EXPECT_EQ(step(id, each).status, 409) << each;
  }
}

TEST_P(CampaignsApi, AStartNamesWhatIsMissing) {
  const auto empty = api_.call("POST", "/campaigns", R"({"name": "x"})");
  const std::string id(empty.json.at("id").as_string());
  const auto check = api_.call("GET", "/campaigns/" + id + "/check");
  ASSERT_EQ(check.status, 200) << check.text;
  EXPECT_EQ(check.json.at("ready"), false);
  EXPECT_EQ(step(id, "start").code(), "campaign.not_ready");
  api_.call("PATCH", "/campaigns/" + id,
            fmt::format(R"({{"draft": {{"sender_id": "{}", "subject": "Hi", "text":)"
                        R"( "Dear\n{{{{ contact.frist_name }}}}"}},)"
                        R"( "audience": {{"everybody": true}}}})",
                        to_text(sender_)));
  const auto unknown = step(id, "start");
  EXPECT_EQ(unknown.status, 422);
  EXPECT_NE(unknown.text.find("line 2"), std::string::npos) << unknown.text;
  EXPECT_NE(unknown.text.find("frist_name"), std::string::npos) << unknown.text;
  EXPECT_EQ(state(id), "draft");
  const auto bad = api_.call("PATCH", "/campaigns/" + id,
                             R"({"draft": {"subject": "a\nb"}, "copy_to_me": "nobody"})");
  EXPECT_EQ(bad.status, 422);
  EXPECT_EQ(bad.fields(), "/draft/subject,/copy_to_me");
}

TEST_P(CampaignsApi, OneWithMorePeopleThanAllowedIsRefusedWhole) {
  write([&](db::Connection& connection) -> Result<void> {
    auto settings = TRY(identity::organisation_settings(connection, api_.organisation()));
    settings.recipient_limit = 1;
    TRY(identity::change_organisation_settings(connection, api_.organisation(), settings));
    for (int i = 1; i <= 2; ++i) {
      TRY(connection.execute({"test.contact",
                              "INSERT INTO contact (organisation_id, id, created_at, changed_at)"
                              " VALUES ($1, $2, $3, $3)"},
                             {api_.organisation(), i, now()}));
      const std::string address = fmt::format("p{}@x.example", i);
      TRY(connection.execute({"test.address",
                              "INSERT INTO contact_address (organisation_id, contact_id, channel,"
                              " normalised, address, is_primary, created_at)"
                              " VALUES ($1, $2, 0, $3, $3, 1, 0)"},
                             {api_.organisation(), i, address}));
    }
    return {};
  });
  const std::string id = draft();
  const auto refused = step(id, "start");
  EXPECT_EQ(refused.code(), "audience.over_limit") << refused.text;
  EXPECT_EQ(state(id), "draft");
}

TEST_P(CampaignsApi, UsingOneAgainResendingAndCorrectingMakeLinkedDrafts) {
  const std::string id = draft();
  const auto copy = step(id, "copy");
  ASSERT_EQ(copy.status, 201) << copy.text;
  EXPECT_EQ(copy.json.at("parent").at("how"), "use again");
  EXPECT_EQ(copy.json.at("draft").at("subject"), "Hello");
  EXPECT_EQ(copy.header("Location"),
            "/api/v1/campaigns/" + std::string(copy.json.at("id").as_string()));
  EXPECT_EQ(step(id, "correction").code(), "campaign.state");
  step(id, "start");
  EXPECT_EQ(step(id, "resend", R"({"outcome": "failed"})").code(), "campaign.still_running");
  const auto corrected = step(id, "correction", R"({"draft": {"subject": "Right"}})");
  ASSERT_EQ(corrected.status, 201) << corrected.text;
  EXPECT_EQ(state(id), "cancelled");
  const auto& remainder = corrected.json.at("remainder");
  const auto& correction = corrected.json.at("correction");
  EXPECT_EQ(remainder.at("parent").at("id"), json::value(id));
  EXPECT_EQ(remainder.at("audience").at("campaigns").at(0).at("outcome"), "not_sent");
  EXPECT_EQ(remainder.at("audience").at("exclude").at("campaigns").at(0).at("outcome"),
            "may_have_arrived");
  EXPECT_EQ(correction.at("audience").at("campaigns").at(0).at("outcome"), "may_have_arrived");
  EXPECT_EQ(correction.at("draft").at("subject"), "Right");
  EXPECT_EQ(remainder.at("draft").at("text"),
            "Dear {{ contact.first_name }} {{ unsubscribe_url }}");
  EXPECT_EQ(api_.call("GET", "/campaigns?parent_id=" + id).json.at("items").as_array().size(), 3u);
}

TEST_P(CampaignsApi, ACopyGoesToWhoAskedForItOutsideTheCounts) {
  const std::string id = draft();
  api_.call("PATCH", "/campaigns/" + id, R"({"copy_to_me": "me@school.example"})");
  step(id, "start");
  const auto progress = api_.call("GET", "/campaigns/" + id + "/progress");
  EXPECT_EQ(progress.json.at("total"), 0);
  write([&](db::Connection& connection) -> Result<void> {
    int copies = 0;
    TRY(connection.query(
        {"test.copies", "SELECT address FROM message WHERE kind = 4 AND campaign_id IS NULL"}, {},
        [&](const db::Row& row) {
          ++copies;
          EXPECT_EQ(row.text(0), "me@school.example");
        }));
    EXPECT_EQ(copies, 1);
    return {};
  });
}

TEST_P(CampaignsApi, ATestTokenSendsToTheSandboxAlone) {
  auto test = api_.everything(api_.organisation());
  test.is_test = true;
  const std::string id = draft();
  const auto begun = api_.call_as(test, "POST", "/campaigns/" + id + "/start");
  ASSERT_EQ(begun.status, 200) << begun.text;
  EXPECT_EQ(begun.json.at("is_test"), true);
}

}  // namespace
}  // namespace tidings::api
