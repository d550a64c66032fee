// Mailboxes that returned mail is collected from, through the API; visits to real ones are in
// tests/integration/mailbox.
#include <boost/json.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge/api/testing/content_fixture.h"
#include "feedback/mailboxes.h"

namespace tidings::api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kBody =
    R"({"url": "imaps://bounces%40school.org@127.0.0.1:1/", "password": "geheim-5"})";

class MailboxesApi : public testing::ContentFixture {
 protected:
  std::string path() { return "/mailboxes/" + make("/mailboxes", std::string(kBody)); }
};

INSTANTIATE_TEST_SUITE_P(On, MailboxesApi, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& tested) { return db::testing::kind_name(tested); });

TEST_P(MailboxesApi, a_mailbox_is_added_listed_and_removed_and_its_password_never_shown) {
  const std::string one = path();
  const auto got = api_.call("GET", one);
  const auto list = api_.call("GET", "/mailboxes");
  EXPECT_EQ(got.json.at("interval_s"), 300);
  ASSERT_EQ(list.json.at("items").as_array().size(), 1u);
  for (const auto* reply : {&got, &list}) EXPECT_THAT(reply->text, Not(HasSubstr("geheim")));
  EXPECT_EQ(count("SELECT COUNT(*) FROM mailbox WHERE length(sealed_login) > 60"), 1);
  EXPECT_EQ(api_.call("DELETE", one).status, 204);
  EXPECT_EQ(api_.call("GET", one).status, 404);
  EXPECT_EQ(count("SELECT COUNT(*) FROM audit_log WHERE object = 'mailbox'"), 2);
}

TEST_P(MailboxesApi, what_is_no_mailbox_is_refused_at_its_member) {
  for (
      const auto& [body, field] : std::vector<std::pair<std::string, std::string>>{
          {R"({"url": "imap://a@mail.org/", "password": "x"})", "/url"},
          {R"({"url": "imaps://mail.org/", "password": "x"})", "/url"},
          {R"({"url": "imaps://a@mail.org/", "password": "a\r\nLOGOUT"})", "/password"},
          {R"({"url": "imaps://a@mail.org/"})", "/password"},
          {R"({"url": "imaps://a@mail.org/", "oauth": {"token_url": "http://t.org/", "client_id": "c",)"
           R"( "refresh_token": "r"}})",
           "/oauth"},
          {R"({"url": "imaps://a@mail.org/", "oauth": {"token_url": "https://u@t.org/", "client_id":)"
           R"( "c", "refresh_token": "r"}})",
           "/oauth"},
          {R"({"url": "pop3s://a@mail.org/", "password": "x", "move_to": "Done"})", "/move_to"},
          {R"({"url": "imaps://a@mail.org/", "password": "x", "move_to": "INBOX"})", "/move_to"},
          {R"({"url": "imaps://a@mail.org/", "password": "x", "move_to": "a\"b"})", "/move_to"},
          {R"({"url": "imaps://a@mail.org/", "password": "x", "interval_s": 5})", "/interval_s"}}) {
    const auto refused = api_.call("POST", "/mailboxes", body);
    EXPECT_EQ(refused.status, 422) << body;
    EXPECT_EQ(refused.fields(), field) << body;
  }
}

TEST_P(MailboxesApi, the_operators_list_of_hosts_and_his_files_hold_for_mailboxes_too) {
  auto& settings = const_cast<Settings&>(api_.services().settings);
  settings.mail_server_hosts = {"*.school.org"};
  auto somebody = api_.with(identity::PermissionSet::all());
  somebody.user_id = UserId{7};
  const auto status = [&](std::string_view url) {
    return api_
        .call_as(somebody, "POST", "/mailboxes/test",
                 boost::json::serialize(boost::json::object{{"url", url}, {"password", "x"}}))
        .status;
  };
  EXPECT_EQ(status("imaps://a@169.254.169.254/"), 422);
  EXPECT_EQ(status("imaps://a@school.org.evil.net/"), 422);
  EXPECT_EQ(status("imaps://a@mail.school.org/?ca=/etc/shadow"), 422);
}

TEST_P(MailboxesApi, the_mailboxes_of_another_organisation_are_out_of_reach) {
  const std::string one = path();
  const auto other = api_.everything(api_.other_organisation());
  EXPECT_EQ(api_.call_as(other, "GET", one).status, 404);
  EXPECT_EQ(api_.call_as(other, "POST", one + "/poll").status, 404);
  EXPECT_EQ(api_.call_as(other, "DELETE", one).status, 404);
  EXPECT_EQ(
      api_.call_as(other, "POST", "/mailboxes/test", R"({"mailbox_id": ")" + one.substr(11) + "\"}")
          .status,
      404);
  EXPECT_TRUE(api_.call_as(other, "GET", "/mailboxes").json.at("items").as_array().empty());
}

TEST_P(MailboxesApi, a_visit_that_fails_says_why_and_is_tried_less_and_less_often) {
  const std::string one = path();
  const auto tested =
      api_.call("POST", "/mailboxes/test", R"({"mailbox_id": ")" + one.substr(11) + "\"}");
  EXPECT_EQ(tested.json.at("code"), "mailbox.unreachable");
  std::optional<Duration> before;
  for (int i = 0; i < 6; ++i) {
    const auto visited = api_.call("POST", one + "/poll");
    ASSERT_EQ(visited.status, 200) << visited.text;
    EXPECT_THAT(std::string(visited.json.at("trouble").as_string()), HasSubstr("does not answer"));
    const auto due = *parse_rfc3339(std::string(visited.json.at("due_at").as_string()));
    const Duration wait = due - api_.clock().now();
    if (before) {
      EXPECT_EQ(wait, std::min<Duration>(2 * *before, std::chrono::hours(1)));
    }
    before = wait;
  }
}

TEST_P(MailboxesApi, no_token_endpoint_inside_our_network_is_asked) {
  for (const std::string_view host : {"127.0.0.1:1", "169.254.169.254", "10.0.0.1"}) {
    const auto tested = api_.call("POST", "/mailboxes/test",
                                  boost::json::serialize(boost::json::object{
                                      {"url", "imaps://a@127.0.0.1:1/"},
                                      {"oauth",
                                       {{"token_url", "https://" + std::string(host) + "/token"},
                                        {"client_id", "c"},
                                        {"refresh_token", "r"}}}}));
    EXPECT_EQ(tested.status, 200) << tested.text;
    EXPECT_EQ(tested.json.at("code"), "mailbox.token");
    EXPECT_THAT(tested.text, HasSubstr("no public address"));
  }
}

TEST_P(MailboxesApi, a_visit_belongs_to_one_process) {
  path();
  const auto now = api_.clock().now();
  const auto claim = [&] {
    return *api_.database().write_value(
        db::Priority::web, [&](db::Connection& connection) -> Result<bool> {
          const auto due = TRY(feedback::find_due_mailbox(connection, now));
          if (!due) return false;
          return feedback::claim_mailbox(connection, *due, now + std::chrono::minutes(15));
        });
  };
  EXPECT_TRUE(claim());
  EXPECT_FALSE(claim());
}

}  // namespace
}  // namespace tidings::api
