// Senders and mail servers through the API.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compose/senders.h"
#include "delivery/mail_servers.h"
#include "edge/api/testing/content_fixture.h"

namespace tidings::api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class SendersApi : public testing::ContentFixture {};

INSTANTIATE_TEST_SUITE_P(On, SendersApi, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& tested) { return db::testing::kind_name(tested); });

// ---------------------------------------------------------------- senders
TEST_P(SendersApi, a_sender_is_made_changed_listed_and_deleted) {
  const std::string id = make_sender();
  const auto got = api_.call("GET", "/senders/" + id);
  ASSERT_EQ(got.status, 200) << got.text;
  EXPECT_FALSE(got.json.at("is_verified").as_bool());
  const auto changed = api_.call("PATCH", "/senders/" + id, R"({"reply_to": "desk@example.org"})",
                                 {{"If-Match", got.header("ETag")}});
  ASSERT_EQ(changed.status, 200) << changed.text;
  EXPECT_EQ(changed.json.at("reply_to"), "desk@example.org");
  EXPECT_EQ(changed.json.at("name"), "Office");
  EXPECT_EQ(
      api_.call("PATCH", "/senders/" + id, R"({"name": "X"})", {{"If-Match", got.header("ETag")}})
          .status,
      412);
  make("/senders", R"({"address": "a@example.org"})");
  const auto first = api_.call("GET", "/senders?limit=1");
  ASSERT_EQ(first.status, 200) << first.text;
  EXPECT_EQ(first.json.at("items").at(0).at("address"), "a@example.org");
  const auto second =
      api_.call("GET", fmt::format("/senders?limit=1&cursor={}",
                                   std::string_view(first.json.at("next_cursor").as_string())));
  ASSERT_EQ(second.status, 200) << second.text;
  EXPECT_EQ(second.json.at("items").at(0).at("id").as_string(), id);
  EXPECT_TRUE(second.json.at("next_cursor").is_null());
  EXPECT_EQ(api_.call("DELETE", "/senders/" + id).status, 204);
  EXPECT_EQ(api_.call("GET", "/senders/" + id).status, 404);
}

TEST_P(SendersApi, what_would_inject_a_header_is_refused_at_its_field) {
  const auto refused =
      api_.call("POST", "/senders",
                R"({"name": "Office\r\nBcc: x@example.org", "address": "a@example.org",)"
                R"( "reply_to": "b@example.org\r\nBcc: x@example.org"})");
  EXPECT_EQ(refused.status, 422) << refused.text;
  EXPECT_EQ(refused.fields(), "/name,/reply_to");
  const auto subject = api_.call(
      "POST", "/templates",
      R"({"name": "T", "draft": {"subject": "Hi\r\nBcc: x@example.org", "reply_to": "a@b.nl\nX: y"}})");
  EXPECT_EQ(subject.status, 422);
  EXPECT_EQ(subject.fields(), "/draft/reply_to,/draft/subject");
}

TEST_P(SendersApi, the_same_sender_twice_is_a_conflict) {
  make_sender();
  const auto again =
      api_.call("POST", "/senders", R"({"name": "Office", "address": "OFFICE@example.org"})");
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.code(), "sender.exists");
}

TEST_P(SendersApi, a_sender_is_verified_by_the_link_that_was_mailed_to_it) {
  make_sandbox();
  const std::string id = make_sender();
  const auto sent = api_.call("POST", fmt::format("/senders/{}/verification", id));
  ASSERT_EQ(sent.status, 202) << sent.text;
  EXPECT_EQ(sent.json.at("address"), "office@example.org");
  // What is stored names the link; only as it leaves it becomes one.
  EXPECT_THAT(text_in("SELECT text FROM content_version"), HasSubstr("sender_verification_url"));
  const MessageId message{*parse_id(std::string(sent.json.at("message_id").as_string()))};
  const auto signer = api_.services().token_keys.current(api_.organisation());
  ASSERT_TRUE(signer);
  const std::string token = (*signer)->sign(message).url(wire::TokenPurpose::sender);
  EXPECT_EQ(text_in("SELECT from_address FROM content_version"), "office@example.org");
  EXPECT_EQ(count("SELECT kind FROM message"), 2) << "transactional";
  EXPECT_EQ(count("SELECT COUNT(*) FROM campaign"), 0) << "outside every campaign";
  EXPECT_FALSE(api_.call("GET", "/senders/" + id).json.at("is_verified").as_bool());
  const auto confirmed =
      api_.database().write_value(db::Priority::web, [&](db::Connection& connection) {
        return compose::confirm_sender(connection, token, api_.clock().now());
      });
  ASSERT_TRUE(confirmed) << confirmed.error().message;
  EXPECT_TRUE(api_.call("GET", "/senders/" + id).json.at("is_verified").as_bool());
}

TEST_P(SendersApi, a_verification_asked_for_twice_with_one_key_is_mailed_once) {
  make_sandbox();
  const std::string path = fmt::format("/senders/{}/verification", make_sender());
  const auto first = api_.call("POST", path, "", {{"Idempotency-Key", "k"}});
  const auto again = api_.call("POST", path, "", {{"Idempotency-Key", "k"}});
  EXPECT_EQ(first.status, 202) << first.text;
  EXPECT_EQ(first.json.at("message_id"), again.json.at("message_id"));
  EXPECT_EQ(count("SELECT COUNT(*) FROM message"), 1);
}

TEST_P(SendersApi, without_a_mail_server_nothing_is_verified_and_the_answer_says_what_to_do) {
  const auto sent = api_.call("POST", fmt::format("/senders/{}/verification", make_sender()));
  EXPECT_EQ(sent.status, 422);
  EXPECT_EQ(sent.code(), "mail_server.none");
}

// ---------------------------------------------------------------- mail servers
TEST_P(SendersApi, a_password_is_sealed_and_never_shown) {
  const auto made = api_.call(
      "POST", "/transports",
      R"({"name": "Relay", "url": "smtp://u@mail.example.org:587", "password": "s3cret-word"})");
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_TRUE(made.json.at("has_password").as_bool());
  const std::string id(made.json.at("id").as_string());
  const auto list = api_.call("GET", "/transports");
  const auto got = api_.call("GET", "/transports/" + id);
  for (const auto* reply : {&made, &list, &got}) EXPECT_THAT(reply->text, Not(HasSubstr("s3cret")));
  EXPECT_EQ(count("SELECT COUNT(*) FROM transport WHERE sealed_secret IS NULL"), 0);
}

TEST_P(SendersApi, a_password_never_goes_to_another_host_or_user) {
  const std::string path =
      "/transports/" +
      make("/transports",
           R"({"name": "Relay", "url": "smtp://u@mail.example.org:587", "password": "x"})");
  const auto has_password = [&](std::string patch) {
    const auto changed = api_.call("PATCH", path, std::move(patch));
    EXPECT_EQ(changed.status, 200) << changed.text;
    return changed.json.at("has_password").as_bool();
  };
  EXPECT_TRUE(has_password(R"({"name": "Other name"})"));
  EXPECT_TRUE(has_password(R"({"url": "smtps://u@MAIL.example.org"})"));
  EXPECT_FALSE(has_password(R"({"url": "smtp://u@evil.example.net:587"})"));
  EXPECT_TRUE(has_password(R"({"password": "y"})"));
  EXPECT_FALSE(has_password(R"({"url": "smtp://other@evil.example.net:587"})"));
  EXPECT_FALSE(has_password(R"({"password": ""})"));
}

TEST_P(SendersApi, one_mail_server_is_the_default_one) {
  const std::string first = make_sandbox();
  const std::string second =
      make("/transports", R"({"name": "B", "url": "smtp://b.example.org", "is_default": true})");
  EXPECT_FALSE(api_.call("GET", "/transports/" + first).json.at("is_default").as_bool());
  EXPECT_TRUE(api_.call("GET", "/transports/" + second).json.at("is_default").as_bool());
  EXPECT_EQ(api_.call("PATCH", "/transports/" + first, R"({"is_default": true})").status, 200);
  EXPECT_FALSE(api_.call("GET", "/transports/" + second).json.at("is_default").as_bool());
  EXPECT_EQ(api_.call("DELETE", "/transports/" + first).status, 204);
  EXPECT_EQ(api_.call("GET", "/transports/" + first).status, 404);
}

TEST_P(SendersApi, a_mail_server_that_messages_wait_for_is_not_deleted) {
  const std::string id = make_sandbox();
  ASSERT_EQ(api_.call("POST", fmt::format("/senders/{}/verification", make_sender())).status, 202);
  const auto refused = api_.call("DELETE", "/transports/" + id);
  EXPECT_EQ(refused.status, 409) << refused.text;
  EXPECT_EQ(refused.code(), "mail_server.in_use");
}

TEST_P(SendersApi, hosts_and_files_of_a_mail_server_are_the_operators_to_allow) {
  auto who = api_.everything(api_.organisation());
  who.user_id = UserId{7};
  const auto status_of_url = [&](std::string_view url) {
    return api_
        .call_as(who, "POST", "/transports", fmt::format(R"({{"name": "R", "url": "{}"}})", url))
        .status;
  };
  EXPECT_EQ(status_of_url("smtp://mail.example.org?ca=/etc/shadow"), 422);
  EXPECT_EQ(status_of_url("http://mail.example.org"), 422);
  EXPECT_EQ(status_of_url("smtp://anywhere.example.com"), 201) << "without a list, any host";
  const delivery::RelayPolicy policy{{"mail.example.org", "*.Example.net"}, false};
  for (const std::string_view url :
       {"smtp://mail.example.org", "smtp://MAIL.example.org.:25", "smtps://a.b.example.net"}) {
    EXPECT_TRUE(delivery::check_relay(url, policy)) << url;
  }
  for (const std::string_view url :
       {"smtp://127.0.0.1", "smtp://example.net", "smtp://evilexample.net", "smtp://[::1]",
        "smtp://mail.example.org.evil.net", "smtp://169.254.169.254:80"}) {
    const auto refused = delivery::check_relay(url, policy);
    ASSERT_FALSE(refused) << url;
    EXPECT_EQ(refused.error().code, "relay.host_not_allowed") << url;
  }
}

TEST_P(SendersApi, the_sandbox_is_tested_without_a_network) {
  const auto tested = api_.call("POST", "/transport-tests", R"({"url": "sandbox:"})");
  ASSERT_EQ(tested.status, 200) << tested.text;
  EXPECT_TRUE(tested.json.at("succeeded").as_bool());
  EXPECT_EQ(api_.call("POST", "/transport-tests", "{}").fields(), "/url");
}

}  // namespace
}  // namespace tidings::api
