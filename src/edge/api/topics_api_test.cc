// Topics and preferences through the dispatcher.
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "edge/api/testing/api_fixture.h"
#include "identity/audit.h"

namespace tidings::api {
namespace {

using testing::Reply;

class TopicsApi : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  testing::ApiFixture api_{GetParam()};

  Reply post(std::string_view target, const std::string& body) {
    return api_.call("POST", target, body);
  }
  std::string made(std::string_view target, const std::string& body) {
    const Reply reply = post(target, body);
    EXPECT_EQ(reply.status, 201) << reply.text;
    return reply.status == 201 ? std::string(reply.json.at("id").as_string()) : "";
  }
  std::string contact() {
    return made("/contacts",
                R"({"first_name":"Jan","addresses":[{"channel":"email","address":"jan@x.org"}]})");
  }
  // {"on": …} of the topic, by e-mail; null: everything else.
  static boost::json::value on(const Reply& reply, const boost::json::value& topic) {
    for (const auto& line : reply.json.at("topics").as_array()) {
      if (line.at("topic_id") == topic) return line.at("email");
    }
    return "no such line";
  }
};
INSTANTIATE_TEST_SUITE_P(On, TopicsApi, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& tested) { return db::testing::kind_name(tested); });

TEST_P(TopicsApi, a_topic_is_made_changed_archived_and_deleted) {
  const Reply created = post("/topics", R"({"name":"News","description":"Every month"})");
  ASSERT_EQ(created.status, 201) << created.text;
  EXPECT_EQ(created.json.at("channels").as_array().size(), 1u);
  EXPECT_EQ(created.json.at("position"), 1);
  const std::string topic = "/topics/" + std::string(created.json.at("id").as_string());
  EXPECT_EQ(post("/topics", R"({"name":"News"})").code(), "topic.name_taken");
  EXPECT_EQ(post("/topics", R"({"name":"  "})").code(), "topic.bad_name");
  const std::string etag = created.header("ETag");
  api_.clock().advance(std::chrono::seconds(1));
  const Reply changed =
      api_.call("PATCH", topic, R"({"name":"Letters","channels":["sms"]})", {{"If-Match", etag}});
  EXPECT_EQ(changed.status, 200) << changed.text;
  EXPECT_EQ(changed.json.at("channels").as_array().front(), "sms");
  EXPECT_EQ(api_.call("PATCH", topic, R"({"name":"x"})", {{"If-Match", etag}}).status, 412);
  EXPECT_EQ(api_.call("PATCH", topic, R"({"archived":true})").status, 200);
  EXPECT_TRUE(api_.call("GET", "/topics").json.at("items").as_array().empty());
  EXPECT_EQ(api_.call("GET", "/topics?archived=true").json.at("items").as_array().size(), 1u);
  EXPECT_EQ(api_.call("DELETE", topic).status, 204);
  EXPECT_EQ(api_.call("GET", topic).status, 404);
}

TEST_P(TopicsApi, a_topic_made_after_the_last_position_shares_it) {
  EXPECT_EQ(post("/topics", R"({"name":"A","position":1000000})").status, 201);
  const Reply next = post("/topics", R"({"name":"B"})");
  ASSERT_EQ(next.status, 201) << next.text;
  EXPECT_EQ(next.json.at("position"), 1'000'000);
}

TEST_P(TopicsApi, essential_takes_a_permission_and_is_in_the_audit_log) {
  const auto editor =
      api_.with({identity::Permission::content_read, identity::Permission::content_write});
  EXPECT_EQ(
      api_.call_as(editor, "POST", "/topics", R"({"name":"Closure","is_essential":true})").status,
      403);
  const std::string id = made("/topics", R"({"name":"Closure"})");
  EXPECT_EQ(api_.call_as(editor, "PATCH", "/topics/" + id, R"({"is_essential":true})").code(),
            "policy.denied");
  EXPECT_EQ(api_.call("GET", "/topics/" + id).json.at("is_essential"), false);
  EXPECT_EQ(api_.call("PATCH", "/topics/" + id, R"({"is_essential":true})").status, 200);
  const auto log = api_.database().read_value([&](db::Connection& connection) {
    return identity::list_audit(connection, api_.organisation(), {.action = "topic.essential"});
  });
  ASSERT_TRUE(log);
  ASSERT_EQ(log->size(), 1u);
  EXPECT_EQ(log->front().note, "Closure");
}

TEST_P(TopicsApi, another_organisations_topic_and_contact_do_not_exist) {
  const std::string id = made("/topics", R"({"name":"News"})");
  const std::string person = contact();
  const auto other = api_.everything(api_.other_organisation());
  for (const auto* method : {"GET", "DELETE"}) {
    EXPECT_EQ(api_.call_as(other, method, "/topics/" + id).status, 404);
  }
  EXPECT_EQ(api_.call_as(other, "PATCH", "/topics/" + id, R"({"name":"x"})").status, 404);
  EXPECT_EQ(api_.call_as(other, "GET", "/contacts/" + person + "/preferences").status, 404);
  EXPECT_EQ(api_.call_as(other, "POST", "/contacts/" + person + "/unsubscribe", "{}").status, 404);
}

TEST_P(TopicsApi, the_account_page_changes_choices_and_takes_them_back_with_proof) {
  const std::string news = made("/topics", R"({"name":"News"})");
  const std::string person = contact();
  const std::string target = "/contacts/" + person + "/preferences";
  const Reply before = api_.call("GET", target);
  ASSERT_EQ(before.status, 200) << before.text;
  EXPECT_EQ(on(before, news.c_str()), true);
  EXPECT_EQ(on(before, nullptr), true);
  const std::string change =
      fmt::format(R"({{"topics":[{{"topic_id":"{}","channel":"email","subscribed":false}}],)"
                  R"("text":"I want no news.","ip":"192.0.2.9"}})",
                  news);
  const Reply changed = api_.call("PATCH", target, change, {{"If-Match", before.header("ETag")}});
  ASSERT_EQ(changed.status, 200) << changed.text;
  EXPECT_EQ(on(changed, news.c_str()), false);
  EXPECT_EQ(on(changed, nullptr), true);
  EXPECT_EQ(api_.call("PATCH", target, change, {{"If-Match", before.header("ETag")}}).status, 412);
  EXPECT_TRUE(api_.call("PATCH", target, change).json.at("undo").is_null()) << "no change";
  const Reply activities = api_.call("GET", "/contacts/" + person + "/activities");
  const auto& activity = activities.json.at("items").as_array().front();
  EXPECT_EQ(activity.at("type"), "consent") << activities.text;
  EXPECT_EQ(activity.at("data").at("text"), "I want no news.");
  EXPECT_EQ(activity.at("data").at("ip"), "192.0.2.9");
  api_.clock().advance(std::chrono::seconds(1));
  const std::string undo =
      fmt::format(R"({{"undo":"{}"}})", std::string(changed.json.at("undo").as_string()));
  const Reply undone = post(target + "/undo", undo);
  ASSERT_EQ(undone.status, 200) << undone.text;
  EXPECT_EQ(on(undone, news.c_str()), true);
  EXPECT_EQ(post(target + "/undo", undo).code(), "preference.changed_since");
  EXPECT_EQ(api_.call("PATCH", target, R"({"text":"x"})").code(), "preference.nothing");
  const Reply off = api_.call("PATCH", target, R"({"everything":false,"text":"Nothing."})");
  EXPECT_EQ(off.json.at("email_off"), true) << off.text;
  EXPECT_EQ(api_.call("GET", "/contacts/" + person).json.at("email_state"), "unsubscribed");
  EXPECT_EQ(api_.call("PATCH", target,
                      R"({"topics":[{"topic_id":"0000000000001","channel":"email",)"
                      R"("subscribed":true}],"text":"x"})")
                .code(),
            "preference.unknown");
}

TEST_P(TopicsApi, a_choice_about_one_topic_leaves_the_contacts_state_as_it_was) {
  const std::string news = made("/topics", R"({"name":"News"})");
  const std::string person = contact();
  EXPECT_EQ(
      post("/contacts/" + person + "/unsubscribe", fmt::format(R"({{"topic_id":"{}"}})", news))
          .status,
      200);
  EXPECT_EQ(api_.call("GET", "/contacts/" + person).json.at("email_state"), "ok");
  const Reply list = api_.call("GET", "/suppressions");
  const auto& first = list.json.at("items").as_array().front();
  EXPECT_EQ(first.at("topic_id"), news.c_str()) << list.text;
  EXPECT_EQ(first.at("covers"), "topic");
  EXPECT_EQ(api_.call("DELETE", "/topics/" + news).code(), "topic.in_use");
}

TEST_P(TopicsApi, staff_unsubscribe_and_subscribe_again_with_a_note) {
  const std::string person = contact();
  const std::string target = "/contacts/" + person;
  const auto editor =
      api_.with({identity::Permission::contacts_read, identity::Permission::suppressions_write});
  const Reply off = api_.call_as(editor, "POST", target + "/unsubscribe", R"({"note":"rang"})");
  ASSERT_EQ(off.status, 200) << off.text;
  EXPECT_EQ(off.json.at("email_off"), true);
  EXPECT_EQ(api_.call_as(editor, "POST", target + "/resubscribe", R"({"note":"wrote"})").status,
            403);
  EXPECT_EQ(post(target + "/resubscribe", "{}").status, 422) << "the note is required";
  const Reply back = post(target + "/resubscribe", R"({"note":"wrote to us"})");
  ASSERT_EQ(back.status, 200) << back.text;
  EXPECT_EQ(back.json.at("email_off"), false);
  const Reply activities = api_.call("GET", target + "/activities");
  EXPECT_NE(activities.text.find("wrote to us"), std::string::npos);
  EXPECT_NE(activities.text.find("rang"), std::string::npos);
}

TEST_P(TopicsApi, a_campaign_names_a_topic_that_is_there) {
  const std::string news = made("/topics", R"({"name":"News"})");
  const auto with = [](const std::string& topic) {
    return fmt::format(R"({{"name":"c","draft":{{"subject":"s","topic_id":"{}"}}}})", topic);
  };
  const Reply made = post("/campaigns", with(news));
  ASSERT_EQ(made.status, 201) << made.text;
  const Reply refused = post("/campaigns", with("0000000000001"));
  EXPECT_EQ(refused.status, 422) << refused.text;
  EXPECT_EQ(refused.fields(), "/draft/topic_id");
}

TEST_P(TopicsApi, the_logo_is_an_image_of_this_organisation) {
  EXPECT_EQ(api_.call("PATCH", "/organisation", R"({"logo_media_id":"0000000000001"})").fields(),
            "/logo_media_id");
  EXPECT_EQ(api_.call("PATCH", "/organisation", R"({"logo_media_id":null})").status, 200);
}

}  // namespace
}  // namespace tidings::api
