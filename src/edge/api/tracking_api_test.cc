// Tracking through the API, on both databases: what a draft says of it, what was counted, and who
// may see it.
#include <boost/json.hpp>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "compose/campaigns.h"
#include "compose/draft_content.h"
#include "delivery/content_store.h"
#include "delivery/ledger.h"
#include "delivery/prepare_email.h"
#include "edge/api/testing/api_fixture.h"
#include "identity/organisation_settings.h"

namespace tidings::api {
namespace {

namespace json = boost::json;

class TrackingApi : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  void write(const db::Database::Work& work) {
    const auto wrote = api_.database().write(db::Priority::ledger, work);
    ASSERT_TRUE(wrote) << wrote.error().message;
  }
  std::string text(const testing::Reply& reply, std::string_view name) {
    return std::string(reply.json.at(name).as_string());
  }
  // As a draft of this kind would be frozen now.
  delivery::Tracking frozen(MessageKind kind, const compose::DraftTracking& wanted) {
    delivery::Tracking tracking;
    write([&](db::Connection& c) -> Result<void> {
      compose::Draft draft;
      draft.sender_id = sender_;
      draft.subject = "News";
      draft.html = "<a href=\"https://a.example/\">a</a>";
      draft.tracking = wanted;
      const auto owner = TRY(identity::find_organisation(c, api_.organisation()));
      tracking = TRY(compose::email_content(c, owner, draft, kind)).tracking;
      return {};
    });
    return tracking;
  }
  void choose(std::string_view mode) {
    const auto chosen =
        api_.call("PATCH", "/organisation", fmt::format(R"({{"tracking":"{}"}})", mode));
    ASSERT_EQ(chosen.status, 200) << chosen.text;
  }

  testing::ApiFixture api_{GetParam()};
  SenderId sender_ = api_.may_send("Club", "news@club.example");
};
INSTANTIATE_TEST_SUITE_P(On, TrackingApi, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& tested) { return db::testing::kind_name(tested); });

TEST_P(TrackingApi, ADraftSaysWhatIsTrackedMemberByMember) {
  const auto made = api_.call("POST", "/campaigns", R"({"name":"News","draft":{"subject":"News",
      "tracking":{"opens":false,"utm_source":"letter"}}})");
  ASSERT_EQ(made.status, 201) << made.text;
  const std::string at = "/campaigns/" + text(made, "id");
  const auto tracking = [&] { return api_.call("GET", at).json.at("draft").at("tracking"); };
  EXPECT_EQ(tracking(), json::parse(R"({"opens":false,"clicks":null,"utm_source":"letter",
      "utm_medium":"","utm_campaign":"","utm_content":""})"));
  const auto changed =
      api_.call("PATCH", at, R"({"draft":{"tracking":{"clicks":true,"utm_medium":"email"}}})");
  ASSERT_EQ(changed.status, 200) << changed.text;
  EXPECT_EQ(tracking(), json::parse(R"({"opens":false,"clicks":true,"utm_source":"letter",
      "utm_medium":"email","utm_campaign":"","utm_content":""})"));
  EXPECT_EQ(api_.call("PATCH", at, R"({"draft":{"tracking":{"opens":null}}})").status, 200);
  EXPECT_TRUE(tracking().at("opens").is_null());
  EXPECT_EQ(text(api_.call("GET", at), "name"), "News");
  for (const char* wrong :
       {R"({"draft":{"tracking":{"opens":"yes"}}})", R"({"draft":{"tracking":{"x":1}}})",
        R"({"draft":{"tracking":[]}})", R"({"draft":{"tracking":{"utm_source":"a\nb"}}})"}) {
    EXPECT_EQ(api_.call("PATCH", at, wrong).status, 422) << wrong;
  }
}

TEST_P(TrackingApi, TheOrganisationsModeStandsAboveTheDraft) {
  EXPECT_FALSE(frozen(MessageKind::campaign, {.opens = true, .clicks = true, .utm = {}}).on());
  choose("individual");
  EXPECT_TRUE(frozen(MessageKind::campaign, {}).image_at);
  EXPECT_EQ(frozen(MessageKind::campaign, {}).links.size(), 1U);
  EXPECT_FALSE(frozen(MessageKind::campaign, {.opens = false, .clicks = {}, .utm = {}}).image_at);
  EXPECT_TRUE(
      frozen(MessageKind::campaign, {.opens = {}, .clicks = false, .utm = {}}).links.empty());
  for (const auto kind : {MessageKind::transactional, MessageKind::individual}) {
    EXPECT_FALSE(frozen(kind, {}).on());
    EXPECT_EQ(frozen(kind, {.opens = {}, .clicks = true, .utm = {}}).links.size(), 1U);
  }
  EXPECT_FALSE(frozen(MessageKind::test, {.opens = true, .clicks = true, .utm = {}}).on());
  choose("totals");
  EXPECT_TRUE(frozen(MessageKind::campaign, {}).is_total);
}

TEST_P(TrackingApi, ParametersAreAddedWhateverIsTracked) {
  const auto target = [&](MessageKind kind) {
    std::string html;
    write([&](db::Connection& c) -> Result<void> {
      compose::Draft draft;
      draft.sender_id = sender_;
      draft.html = "<a href=\"https://a.example/\">a</a>";
      draft.tracking.utm.source = "letter";
      const auto owner = TRY(identity::find_organisation(c, api_.organisation()));
      html = TRY(compose::email_content(c, owner, draft, kind)).html;
      return {};
    });
    return html;
  };
  EXPECT_EQ(target(MessageKind::test), "<a href=\"https://a.example/?utm_source=letter\">a</a>");
}

TEST_P(TrackingApi, WhatWasCountedIsToldAndNobodyElsesBusiness) {
  const auto draft = api_.call("POST", "/campaigns", R"({"name":"News"})");
  const auto nothing = api_.call("GET", "/campaigns/" + text(draft, "id") + "/links");
  EXPECT_EQ(nothing.json, json::parse(R"({"tracks_opens":false,"tracks_clicks":false,
      "is_total":false,"image_hits":0,"image_machine_hits":0,"image_people":0,"links":[]})"));
  choose("individual");
  delivery::EmailContent content;
  content.subject = "News";
  content.html =
      "<a href=\"https://a.example/?q=1\">a</a>"
      "<a href=\"https://b.example/{{ contact.external_id }}\">b</a>";
  content.from = wire::parse_mailbox("Club <news@club.example>").value();
  content.tracking = delivery::find_tracking(content.html, {.opens = true, .clicks = true});
  const auto email = delivery::CompiledEmail::compile(content).value();
  compose::Campaign campaign;
  campaign.organisation_id = api_.organisation();
  campaign.id = api_.ids().next<CampaignId>();
  campaign.content_version_id = api_.ids().next<ContentVersionId>();
  campaign.transport_id = TransportId{1};
  delivery::NewMessage message;
  message.id = api_.ids().next<MessageId>();
  message.address = message.normalised = "anna@example.org";
  message.values = "{}";
  const delivery::Ledger ledger(api_.ids(), NodeId{1}, 1);
  const auto hit = [&](int number) {
    return delivery::Hit{.organisation_id = api_.organisation(),
                         .message_id = message.id,
                         .number = number,
                         .occurred_at = api_.clock().now(),
                         .address = "192.0.2.77",
                         .user_agent = "<script>"};
  };
  write([&](db::Connection& c) -> Result<void> {
    TRY(delivery::freeze_content(c, api_.organisation(), campaign.content_version_id, email, {}, "",
                                 api_.clock().now()));
    TRY(compose::insert_campaign(c, campaign, api_.clock().now()));
    TRY(ledger.enqueue(c, {api_.organisation(), campaign.id, campaign.content_version_id},
                       {&message, 1}, api_.clock().now()));
    delivery::Hit apple = hit(0);
    apple.user_agent = "Mozilla/5.0";
    return ledger.record_hits(c, std::vector{hit(1), hit(0), hit(1), apple}, api_.clock().now());
  });
  const std::string at = "/campaigns/" + to_text(campaign.id) + "/links";
  const auto told = api_.call("GET", at);
  EXPECT_EQ(told.json, json::parse(R"({"tracks_opens":true,"tracks_clicks":true,"is_total":false,
      "image_hits":2,"image_machine_hits":1,"image_people":1,"links":[
        {"number":1,"url":"https://a.example/?q=1","has_values":false,"locale":"","hits":2,
         "machine_hits":0,"people":1},
        {"number":2,"url":"https://b.example/{{ contact.external_id }}","has_values":true,
         "locale":"","hits":0,"machine_hits":0,"people":0}]})"))
      << told.text;
  const auto events = api_.call("GET", "/messages/" + to_text(message.id)).json.at("events");
  ASSERT_EQ(events.as_array().size(), 5U);
  EXPECT_EQ(events.at(0).at("type"), "link followed");
  EXPECT_EQ(events.at(0).at("hit"),
            json::parse(R"({"link":1,"url":"https://a.example/?q=1","address":"192.0.2.0",
                "user_agent":"<script>","by":"person","why":null})"));
  EXPECT_EQ(events.at(1).at("type"), "clicked");
  EXPECT_EQ(events.at(2).at("type"), "image loaded");
  EXPECT_TRUE(events.at(2).at("hit").at("link").is_null());
  EXPECT_EQ(events.at(4).at("hit").at("by"), "machine");
  EXPECT_EQ(events.at(4).at("hit").at("why"), "bare_user_agent");
  const auto figures = api_.call("GET", "/campaigns/" + to_text(campaign.id) + "/statistics");
  ASSERT_EQ(figures.status, 200) << figures.text;
  for (const json::value& figure : figures.json.at("along_the_way").as_array()) {
    if (figure.at("figure") == "opened") {
      EXPECT_EQ(figure.at("people"), 1);
      EXPECT_EQ(figure.at("times"), 1);
      EXPECT_EQ(figure.at("machine"), 1);
    }
    if (figure.at("figure") == "clicked") EXPECT_EQ(figure.at("times"), 2);
  }
  const std::string statistics = "/campaigns/" + to_text(campaign.id) + "/statistics";
  for (const char* by : {"?by=hour&time_zone=Asia/Kathmandu", "?by=day", ""}) {
    const auto times = api_.call("GET", statistics + "/activity" + by);
    ASSERT_EQ(times.status, 200) << times.text;
    ASSERT_EQ(times.json.at("items").as_array().size(), 1U) << times.text;
    EXPECT_EQ(times.json.at("items").at(0).at("opened"), 1);
    EXPECT_EQ(times.json.at("items").at(0).at("clicks"), 2);
    EXPECT_EQ(times.json.at("items").at(0).at("machine_opens"), 1);
  }
  EXPECT_EQ(api_.call("GET", statistics + "/activity?time_zone=Nowhere").status, 422);
  EXPECT_EQ(api_.call("GET", statistics + "/activity?cursor=x").status, 422);
  const auto programs = api_.call("GET", statistics + "/programs");
  EXPECT_EQ(programs.json, json::parse(R"({"items":[{"program":"other","device":"unknown",
      "people":1,"opens":1,"clicks":2}]})"))
      << programs.text;
  const auto domains = api_.call("GET", statistics + "/domains");
  EXPECT_EQ(domains.json, json::parse(R"({"items":[{"domain":"example.org","messages":1,"sent":0,
      "bounced":0,"opened":1,"clicked":1}]})"))
      << domains.text;
  const auto send_outs = api_.call("GET", "/send-outs");
  EXPECT_EQ(send_outs.json.at("items").at(0).at("opened"), 1) << send_outs.text;
  const auto found = api_.call("GET", "/messages?status=clicked");
  EXPECT_EQ(found.json.at("items").as_array().size(), 1U) << found.text;
  // Once it has ended, those who did not open it can be written to again.
  const std::string again_at = "/campaigns/" + to_text(campaign.id) + "/resend";
  write([&](db::Connection& c) -> Result<void> {
    TRY(c.execute({"", "UPDATE campaign SET state = 4, finished_at = 5 WHERE id = $1"},
                  {campaign.id}));
    return {};
  });
  const auto again = api_.call("POST", again_at, R"({"outcome":"not_opened"})");
  ASSERT_EQ(again.status, 201) << again.text;
  EXPECT_EQ(again.json.at("audience").at("campaigns").at(0).at("outcome"), "not_opened");
  write([&](db::Connection& c) -> Result<void> {
    TRY(c.execute({"", "DELETE FROM content_link"}));
    TRY(c.execute({"", "UPDATE content_version SET options = '{}'"}));
    return {};
  });
  const auto unknown = api_.call("POST", again_at, R"({"outcome":"not_opened"})");
  EXPECT_EQ(unknown.code(), "campaign.not_measured") << unknown.text;
  const auto stranger = api_.everything(api_.other_organisation());
  for (const std::string& path : {at, statistics, statistics + "/activity",
                                  statistics + "/programs", statistics + "/domains"}) {
    EXPECT_EQ(api_.call_as(stranger, "GET", path).status, 404) << path;
  }
  EXPECT_EQ(api_.call_as(api_.with({}), "GET", at).status, 403);
}

}  // namespace
}  // namespace tidings::api
