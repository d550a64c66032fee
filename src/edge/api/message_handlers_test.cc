#include <boost/json.hpp>
#include <set>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audience/suppressions.h"
#include "base/bytes.h"
#include "compose/templates.h"
#include "db/testing/databases.h"
#include "delivery/ledger.h"
#include "edge/api/testing/api_fixture.h"

namespace tidings::api {
namespace {

namespace json = boost::json;

class MessagesApi : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  MessagesApi() {
    sender_ = api_.may_send("Shop", "shop@shop.example");
    write([&](db::Connection& connection) -> Result<void> {
      compose::TemplateFields fields;
      fields.name = "receipt";
      fields.kind = MessageKind::transactional;
      fields.content.draft.sender_id = sender_;
      fields.content.draft.subject = "Order {{ data.number }}";
      fields.content.draft.text =
          "Thank you\nfor {{ data.item.name }}{{ data.note | default: '' }}";
      TRY(compose::create_template(connection, api_.ids(), api_.organisation(), fields,
                                   {"An", now()}));
      return {};
    });
  }
  Instant now() { return api_.clock().now(); }
  void write(const db::Database::Work& work) {
    const auto wrote = api_.database().write(db::Priority::web, work);
    ASSERT_TRUE(wrote) << wrote.error().message;
  }
  std::int64_t count(std::string_view table) {
    std::int64_t found = -1;
    // Each text is a statement of its own, and lives as long as the connections that prepared it.
    const std::string& sql =
        *statements_.insert(fmt::format("SELECT COUNT(*) FROM {}", table)).first;
    write([&](db::Connection& connection) {
      return connection.query({sql, sql}, {}, [&](const db::Row& row) { found = row.integer(0); });
    });
    return found;
  }
  testing::Reply order(std::string_view to, std::string_view number,
                       std::vector<net::HttpHeader> headers = {}) {
    return api_.call("POST", "/messages",
                     fmt::format(R"({{"to": "{}", "template": "receipt", "data": {{"number": "{}",)"
                                 R"( "item": {{"name": "book"}}}}}})",
                                 to, number),
                     std::move(headers));
  }
  std::set<std::string> statements_;
  testing::ApiFixture api_{GetParam()};
  SenderId sender_;
};
INSTANTIATE_TEST_SUITE_P(On, MessagesApi, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& tested) { return db::testing::kind_name(tested); });

TEST_P(MessagesApi, AThousandMessagesOfATemplateHaveOneContentVersion) {
  for (int i = 0; i < 5; ++i) {
    const auto queued = order("Bo <bo@home.example>", std::to_string(i));
    ASSERT_EQ(queued.status, 202) << queued.text;
    EXPECT_EQ(queued.json.at("status"), "queued");
    EXPECT_TRUE(queued.json.at("reason").is_null());
  }
  EXPECT_EQ(count("content_version"), 1);
  EXPECT_EQ(count("message WHERE campaign_id IS NULL AND kind = 2"), 5);
  EXPECT_EQ(count("contact"), 1);
  // After a restart it is found again by what it says.
  api_.clock().advance(std::chrono::minutes(5));
  EXPECT_EQ(order("bo@home.example", "9").status, 202);
  EXPECT_EQ(count("content_version"), 1);
}

TEST_P(MessagesApi, AMissingTagIsNamedWithItsLineAndNothingIsStored) {
  const auto refused = api_.call("POST", "/messages",
                                 R"({"to": "bo@home.example", "template": "receipt",)"
                                 R"( "data": {"number": null}})");
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.code(), "message.missing_data");
  EXPECT_EQ(refused.fields(), "/data");
  EXPECT_NE(refused.text.find("text, line 2: data.item.name is missing"), std::string::npos)
      << refused.text;
  EXPECT_EQ(count("message"), 0);
  EXPECT_EQ(count("contact"), 0);
}

TEST_P(MessagesApi, AKeyMakesOneMessageHoweverOftenItIsAsked) {
  const auto first = order("bo@home.example", "1", {{"Idempotency-Key", "order-1"}});
  const auto again = order("bo@home.example", "1", {{"Idempotency-Key", "order-1"}});
  EXPECT_EQ(first.status, 202);
  EXPECT_EQ(again.status, 202);
  EXPECT_EQ(again.json.at("id"), first.json.at("id"));
  EXPECT_EQ(count("message"), 1);
  EXPECT_EQ(order("bo@home.example", "2", {{"Idempotency-Key", "order-1"}}).status, 422);
}

TEST_P(MessagesApi, AnUnknownAddressBecomesAContactThatCampaignsLeaveAlone) {
  ASSERT_EQ(order("New <new@home.example>", "1").status, 202);
  EXPECT_EQ(count("contact WHERE name = 'New'"), 1);
  EXPECT_EQ(count("suppression WHERE normalised = 'new@home.example' AND kinds = 0"), 1);
  const auto second = order("NEW@home.example", "2");
  EXPECT_EQ(second.json.at("status"), "queued");
  EXPECT_EQ(count("contact"), 1);
}

TEST_P(MessagesApi, ASuppressedAddressIsAnsweredAsDroppedWithTheReasonAndRecorded) {
  write([&](db::Connection& connection) -> Result<void> {
    audience::NewSuppression bounce;
    bounce.normalised = "gone@home.example";
    bounce.reason = "bounce";
    bounce.kinds = audience::SuppressedKinds::everything;
    bounce.origin = "report";
    TRY(audience::suppress(connection, api_.ids(), api_.organisation(), bounce, now()));
    return {};
  });
  const auto dropped = order("gone@home.example", "1");
  ASSERT_EQ(dropped.status, 202) << dropped.text;
  EXPECT_EQ(dropped.json.at("status"), "dropped");
  EXPECT_EQ(dropped.json.at("reason"), "earlier bounce");
  EXPECT_EQ(count("message WHERE state = 8"), 1);
}

TEST_P(MessagesApi, OneWithItsOwnTextNeedsNoTemplateAndTakesAttachments) {
  const auto queued = api_.call(
      "POST", "/messages",
      fmt::format(
          R"({{"to": "bo@home.example", "subject": "Invoice", "text": "See {{{{ data.x }}}}",)"
          R"( "data": {{"x": [1, {{"y": true}}]}}, "attachments":)"
          R"( [{{"file_name": "invoice.pdf", "content": "{}"}}]}})",
          to_base64("%PDF-1.4 something")));
  ASSERT_EQ(queued.status, 202) << queued.text;
  EXPECT_EQ(count("content_attachment"), 1);
  const auto bad = [&](std::string_view body) {
    const auto refused = api_.call("POST", "/messages", std::string(body));
    EXPECT_EQ(refused.status, 422) << refused.text;
    return refused.fields();
  };
  EXPECT_EQ(bad(R"({"to": "bo@home.example"})"), "/template");
  EXPECT_EQ(bad(R"({"to": "bo@home.example", "template": "receipt", "text": "x"})"), "/template");
  EXPECT_EQ(bad(R"({"subject": "x", "text": "x"})"), "/to");
  EXPECT_EQ(bad(R"({"to": "nobody", "subject": "x", "text": "x"})"), "/to");
  EXPECT_EQ(bad(R"({"to": "bo@home.example", "template": "nothing"})"), "/template");
  EXPECT_EQ(bad(R"({"to": "bo@home.example", "text": "x", "sender": "me@else.example"})"),
            "/sender");
  EXPECT_EQ(bad(R"({"to": "bo@home.example", "subject": "a\nb", "text": "x"})"), "/subject");
  EXPECT_EQ(bad(R"({"to": "bo@home.example", "text": "x", "attachments":)"
                R"( [{"file_name": "a.exe", "content": "TVo="}]})"),
            "/attachments/0");
  EXPECT_EQ(bad(R"({"to": "bo@home.example", "text": "x", "attachments":)"
                R"( [{"file_name": "a.txt", "content": "%%%"}]})"),
            "/attachments/0/content");
  EXPECT_EQ(count("message"), 1);
}

TEST_P(MessagesApi, AnUnverifiedSenderIsRefusedUnlessSomebodyMayOverride) {
  write([](db::Connection& connection) -> Result<void> {
    TRY(connection.execute({"test.unverify", "UPDATE sender SET verified_at = NULL"}, {}));
    return {};
  });
  const auto told = order("bo@home.example", "1");
  EXPECT_EQ(told.code(), "sender.unverified");
  EXPECT_THAT(told.text, ::testing::HasSubstr("--override-sender")) << "who may is told how";
  const auto few = api_.with({identity::Permission::messages_send});
  const std::string plain = R"({"to": "bo@home.example", "text": "x"})";
  const auto asked = api_.call_as(few, "POST", "/messages", plain);
  EXPECT_EQ(asked.status, 409);
  EXPECT_THAT(asked.text, ::testing::HasSubstr("ask somebody who has the permission"));
  EXPECT_THAT(asked.text, ::testing::Not(::testing::HasSubstr("override_sender")));
  const std::string own = R"({"to": "bo@home.example", "text": "x", "override_sender": true})";
  EXPECT_EQ(api_.call_as(few, "POST", "/messages", own).status, 403);
  EXPECT_EQ(api_.call("POST", "/messages", own).status, 202);
}

TEST_P(MessagesApi, WhatATestTokenSendsGoesToTheSandboxAlone) {
  auto test = api_.everything(api_.organisation());
  test.is_test = true;
  ASSERT_EQ(
      api_.call_as(test, "POST", "/messages", R"({"to": "bo@home.example", "text": "x"})").status,
      202);
  EXPECT_EQ(count("message m JOIN transport t ON t.id = m.transport_id WHERE m.is_test = 1"
                  " AND t.url = 'sandbox:'"),
            1);
}

TEST_P(MessagesApi, AnIndividualMessageToAContactShowsWithWhomItIsAbout) {
  order("bo@home.example", "1");
  order("child@home.example", "1");
  std::vector<std::string> contacts;
  write([&](db::Connection& connection) {
    return connection.query(
        {"test.contacts", "SELECT id FROM contact ORDER BY id"}, {},
        [&](const db::Row& row) { contacts.push_back(to_text(row.integer(0))); });
  });
  ASSERT_EQ(contacts.size(), 2u);
  const auto sent =
      api_.call("POST", "/messages",
                fmt::format(R"({{"contact_id": "{}", "about": ["{}"], "kind": "individual",)"
                            R"( "subject": "About {{{{ contact.name }}}}", "text": "Hello"}})",
                            contacts[0], contacts[1]));
  ASSERT_EQ(sent.status, 202) << sent.text;
  EXPECT_EQ(sent.json.at("contact_id"), json::value(contacts[0]));
  EXPECT_EQ(count("message WHERE kind = 1"), 1);
  EXPECT_EQ(count("message_about WHERE is_recipient = 0"), 1);
  EXPECT_EQ(
      api_.call("POST", "/messages", R"({"contact_id": "0000000000001", "text": "x"})").status,
      404);
}

TEST_P(MessagesApi, OneThatWaitsIsCancelledAndAnotherOrganisationsIsNotThere) {
  const auto queued = order("bo@home.example", "1");
  const std::string id(queued.json.at("id").as_string());
  const auto other = api_.everything(api_.other_organisation());
  EXPECT_EQ(api_.call_as(other, "POST", "/messages/" + id + "/cancel").status, 404);
  EXPECT_EQ(api_.call_as(other, "POST", "/messages/" + id + "/send-again").status, 404);
  EXPECT_EQ(api_.call("POST", "/messages/" + id + "/send-again").code(), "message.not_uncertain");
  EXPECT_EQ(api_.call("POST", "/messages/" + id + "/cancel").json.at("status"), "cancelled");
  EXPECT_EQ(api_.call("POST", "/messages/" + id + "/cancel").code(), "message.ended");
}

}  // namespace
}  // namespace tidings::api
