// Messages that events send, and what unsubscribing does to messages outside of campaigns.
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "edge/api/testing/api_fixture.h"

namespace tidings::api {
namespace {

using testing::Reply;

class TriggersApi : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  TriggersApi() { api_.may_send("Club", "club@club.example"); }
  Reply post(const std::string& body, std::vector<net::HttpHeader> headers = {}) {
    return api_.call("POST", "/messages", body, std::move(headers));
  }
  static std::string invoice(std::string_view to) {
    return fmt::format(R"({{"to":"{}","event":"invoice","data":{{"invoice_number":"7",)"
                       R"("amount":"€ 5","due_date":"1 May"}}}})",
                       to);
  }
  static std::string signup(std::string_view to) {
    return fmt::format(R"({{"to":"{}","event":"event_signup","data":{{"event_name":"Camp",)"
                       R"("event_date":"1 May"}}}})",
                       to);
  }
  // A contact who speaks Dutch.
  std::string jan() {
    const Reply made =
        api_.call("POST", "/contacts",
                  R"({"locale":"nl","addresses":[{"channel":"email","address":"jan@x.org"}]})");
    EXPECT_EQ(made.status, 201) << made.text;
    return std::string(made.json.at("id").as_string());
  }
  testing::ApiFixture api_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(On, TriggersApi, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& tested) { return db::testing::kind_name(tested); });

TEST_P(TriggersApi, four_events_have_texts_in_four_languages_and_may_be_posted_at_once) {
  const Reply list = api_.call("GET", "/triggers");
  ASSERT_EQ(list.status, 200) << list.text;
  ASSERT_EQ(list.json.at("items").as_array().size(), 4u);
  for (const auto& each : list.json.at("items").as_array()) {
    EXPECT_EQ(each.at("ready_text").as_array().size(), 4u);
    EXPECT_EQ(each.at("is_enabled"), true);
  }
  jan();
  for (const std::string& body :
       {signup("jan@x.org"), invoice("jan@x.org"),
        std::string(R"({"to":"jan@x.org","event":"new_member","data":{}})"),
        std::string(R"({"to":"jan@x.org","event":"webshop_purchase","data":{"order_number":"1",)"
                    R"("total":"€ 5","items":[{"name":"Cup","quantity":1,"price":"€ 5"}]}})")}) {
    const Reply queued = post(body);
    ASSERT_EQ(queued.status, 202) << queued.text;
    EXPECT_EQ(queued.json.at("status"), "queued") << queued.text;
  }
}

TEST_P(TriggersApi, missing_data_is_named_and_a_repeated_key_makes_one_message) {
  const Reply refused = post(R"({"to":"a@x.org","event":"invoice","data":{"amount":"1"}})");
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.fields(), "/data");
  EXPECT_NE(refused.text.find("data.invoice_number is missing"), std::string::npos) << refused.text;
  const Reply first = post(invoice("a@x.org"), {{"Idempotency-Key", "i7"}});
  const Reply again = post(invoice("a@x.org"), {{"Idempotency-Key", "i7"}});
  EXPECT_EQ(first.status, 202) << first.text;
  EXPECT_EQ(first.json.at("id"), again.json.at("id"));
}

TEST_P(TriggersApi, any_event_with_a_text_becomes_one_that_can_be_switched_off) {
  EXPECT_EQ(post(R"({"to":"a@x.org","event":"ship.sent","data":{}})").fields(), "/event");
  const std::string body =
      R"({"to":"a@x.org","event":"ship.sent","subject":"Sent","text":"It is on its way."})";
  EXPECT_EQ(post(body).json.at("status"), "queued");
  EXPECT_EQ(api_.call("GET", "/triggers/ship.sent").json.at("is_ready"), false);
  ASSERT_EQ(api_.call("PATCH", "/triggers/ship.sent", R"({"is_enabled":false})").status, 200);
  const Reply off = post(body);
  EXPECT_EQ(off.json.at("status"), "dropped") << off.text;
  EXPECT_EQ(off.json.at("reason"), "switched off");
  EXPECT_EQ(api_.call("DELETE", "/triggers/ship.sent").status, 204);
  EXPECT_EQ(api_.call("GET", "/triggers/ship.sent").status, 404);
  EXPECT_EQ(post(R"({"to":"a@x.org","event":"Bad Name","text":"x"})").status, 422);
  EXPECT_EQ(post(R"({"to":"a@x.org","event":"x","kind":"individual","text":"x"})").fields(),
            "/event");
}

TEST_P(TriggersApi, what_is_locked_stays_on_and_locking_takes_a_permission) {
  EXPECT_EQ(api_.call("PATCH", "/triggers/invoice", R"({"is_enabled":false})").code(),
            "trigger.locked");
  const auto author = api_.with({identity::Permission::content_write});
  EXPECT_EQ(api_.call_as(author, "PATCH", "/triggers/invoice", R"({"is_locked":false})").status,
            403);
  EXPECT_EQ(
      api_.call("PATCH", "/triggers/invoice", R"({"is_locked":false,"is_enabled":false})").status,
      200);
  EXPECT_EQ(post(invoice("a@x.org")).json.at("reason"), "switched off");
  EXPECT_EQ(api_.call("DELETE", "/triggers/invoice").status, 204);
  EXPECT_EQ(api_.call("GET", "/triggers/invoice").json.at("is_locked"), true) << "as shipped";
  EXPECT_EQ(post(invoice("a@x.org")).json.at("status"), "queued");
}

TEST_P(TriggersApi, unsubscribing_stops_what_can_be_switched_off_and_not_what_is_locked) {
  const std::string person = jan();
  EXPECT_EQ(api_.call("POST", "/contacts/" + person + "/unsubscribe", "{}").status, 200);
  const Reply stopped = post(signup("jan@x.org"));
  EXPECT_EQ(stopped.json.at("status"), "dropped") << stopped.text;
  EXPECT_EQ(stopped.json.at("reason"), "unsubscribed");
  EXPECT_EQ(post(invoice("jan@x.org")).json.at("status"), "queued");
}

TEST_P(TriggersApi, an_individual_message_to_who_unsubscribed_asks_first) {
  const std::string person = jan();
  const auto body = [&](std::string_view more) {
    return fmt::format(R"({{"contact_id":"{}","kind":"individual","subject":"Hi","text":"Jan,")"
                       R"({}}})",
                       person, more);
  };
  EXPECT_EQ(post(body("")).json.at("status"), "queued");
  EXPECT_EQ(api_.call("POST", "/contacts/" + person + "/unsubscribe", "{}").status, 200);
  const Reply asked = post(body(""));
  EXPECT_EQ(asked.status, 409) << asked.text;
  EXPECT_EQ(asked.code(), "message.unsubscribed");
  EXPECT_EQ(post(body(R"(,"confirmed":true)")).json.at("status"), "queued");
}

TEST_P(TriggersApi, who_must_not_be_contacted_is_answered_as_skipped) {
  const std::string person = jan();
  ASSERT_EQ(api_.call("PATCH", "/contacts/" + person, R"({"do_not_contact":true})").status, 200);
  const Reply skipped = post(invoice("jan@x.org"));
  EXPECT_EQ(skipped.json.at("status"), "skipped") << skipped.text;
  EXPECT_EQ(skipped.json.at("reason"), "do not contact");
}

TEST_P(TriggersApi, another_organisation_has_events_of_its_own) {
  ASSERT_EQ(api_.call("POST", "/triggers", R"({"event":"ours"})").status, 201);
  const auto other = api_.everything(api_.other_organisation());
  EXPECT_EQ(api_.call_as(other, "GET", "/triggers/ours").status, 404);
  EXPECT_EQ(api_.call("POST", "/triggers", R"({"event":"ours"})").code(), "trigger.exists");
  EXPECT_EQ(api_.call("POST", "/triggers", R"({"event":"x","template_id":"0000000000001"})").code(),
            "trigger.template");
}

}  // namespace
}  // namespace tidings::api
