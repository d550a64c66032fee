// Tags, previews, preflight and tests of a draft through the API.
#include <algorithm>
#include <boost/json.hpp>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audience/suppressions.h"
#include "base/bytes.h"
#include "compose/senders.h"
#include "delivery/domains/sending_domains.h"
#include "edge/api/testing/content_fixture.h"

namespace tidings::api {
namespace {

namespace json = boost::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PreviewsApi : public testing::ContentFixture {};

INSTANTIATE_TEST_SUITE_P(On, PreviewsApi, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& tested) { return db::testing::kind_name(tested); });

TEST_P(PreviewsApi, tags_come_in_groups_with_samples) {
  const auto panel = api_.call("GET", "/tags");
  ASSERT_EQ(panel.status, 200) << panel.text;
  EXPECT_EQ(panel.json.at("groups").at(0).at("name"), "system");
  EXPECT_THAT(panel.text, HasSubstr("{{ contact.first_name }}"));
  EXPECT_THAT(panel.text, HasSubstr("unsubscribe_url"));
}

TEST_P(PreviewsApi, a_preview_escapes_what_people_are_called) {
  const std::string contact = "Robert <script>alert(1)</script>";
  const auto id = api_.ids().next<ContactId>();
  const auto stored =
      api_.database().write(db::Priority::web, [&](db::Connection& connection) -> Result<void> {
        TRY(connection.execute(
            {"",
             "INSERT INTO contact (organisation_id, id, first_name, created_at, changed_at)"
             " VALUES ($1, $2, $3, 1, 1)"},
            {api_.organisation(), id, contact}));
        return {};
      });
  ASSERT_TRUE(stored) << stored.error().message;
  const json::object body{
      {"draft",
       {{"subject", "Hi {{ contact.first_name }}"},
        {"html", "<p>Dear {{ contact.first_name }} {{ contact.last_name }}</p>"},
        {"preheader", "Read on"}}},
      {"contact_id", to_text(id)}};
  const auto shown = api_.call("POST", "/previews", json::serialize(body));
  ASSERT_EQ(shown.status, 200) << shown.text;
  const std::string html(shown.json.at("html").as_string());
  EXPECT_THAT(html, HasSubstr("Dear Robert &lt;script&gt;alert(1)"));
  EXPECT_THAT(html, HasSubstr("Read on"));
  EXPECT_EQ(shown.json.at("subject").as_string(), "Hi " + contact);
  EXPECT_THAT(shown.header("Content-Security-Policy"), HasSubstr("sandbox"));
  EXPECT_EQ(shown.json.at("empty_tags").at(0), "contact.last_name");
  EXPECT_GT(shown.json.at("size").as_int64(), 100);
  const auto other = api_.everything(api_.other_organisation());
  EXPECT_EQ(api_.call_as(other, "POST", "/previews", json::serialize(body)).status, 404);
}

TEST_P(PreviewsApi, a_draft_is_shown_in_a_frame_where_it_can_do_nothing) {
  const std::string id = make(
      "/campaigns", R"({"draft": {"html": "<p onclick=x()>Dear {{ contact.first_name }}</p>"}})");
  const std::string anna = make("/contacts", R"({"first_name": "Anna <b>"})");
  const auto shown = api_.call("GET", "/campaigns/" + id + "/preview?contact_id=" + anna);
  ASSERT_EQ(shown.status, 200) << shown.text;
  EXPECT_EQ(shown.text, "<p onclick=x()>Dear Anna &lt;b&gt;</p>");
  const std::string policy = shown.header("Content-Security-Policy");
  EXPECT_TRUE(policy.starts_with("default-src 'none'")) << policy;
  EXPECT_TRUE(policy.ends_with("; sandbox")) << policy;
  EXPECT_THAT(policy, HasSubstr("img-src 'self' data:;"));
  EXPECT_FALSE(policy.contains("script-src"));
  const auto remote = api_.call("GET", "/campaigns/" + id + "/preview?remote_images=true");
  EXPECT_THAT(remote.header("Content-Security-Policy"), HasSubstr("img-src 'self' https: data:;"));
  const auto other = api_.everything(api_.other_organisation());
  EXPECT_EQ(api_.call_as(other, "GET", "/campaigns/" + id + "/preview", "").status, 404);
}

TEST_P(PreviewsApi, a_preview_of_broken_text_shows_the_rest_and_says_what_is_wrong) {
  const auto shown =
      api_.call("POST", "/previews",
                R"({"draft": {"subject": "Fine", "html": "<p>{{ unclosed </p>", "text": "ok"}})");
  ASSERT_EQ(shown.status, 200) << shown.text;
  EXPECT_EQ(shown.json.at("subject"), "Fine");
  EXPECT_EQ(shown.json.at("text"), "ok");
  EXPECT_EQ(shown.json.at("html"), "");
  EXPECT_THAT(codes(shown.json.at("findings")), ElementsAre("liquid.syntax"));
}

TEST_P(PreviewsApi, preflight_names_everything_at_once) {
  const json::object body{
      {"draft",
       {{"subject", "READ THIS NOW!!!"},
        {"html",
         "<p>{{ contact.frist_name }}</p>\n<a href=\"\">x</a><a href='www.example.org'>y</a>"
         "<a href=\"http://localhost/x\">z</a><a href=\"https://example.org/{{ x }}\">w</a>"
         "<img src=\"https://example.org/i.png\"><img src=\"i.png\" alt=''>"}}}};
  const auto found = api_.call("POST", "/preflights", json::serialize(body));
  ASSERT_EQ(found.status, 200) << found.text;
  EXPECT_TRUE(found.json.at("is_blocked").as_bool());
  const auto all = codes(found.json.at("findings"));
  for (const std::string_view code :
       {"no_sender", "unknown_tag", "no_unsubscribe_link", "no_postal_address", "broken_link",
        "broken_image", "no_alt_text", "shouting_subject"}) {
    EXPECT_THAT(all, ::testing::Contains(std::string(code))) << found.text;
  }
  EXPECT_EQ(std::ranges::count(all, "broken_link"), 3);
}

TEST_P(PreviewsApi, preflight_counts_who_would_read_a_hole_and_shows_some) {
  for (int i = 0; i < 7; ++i) {
    const auto added =
        api_.database().write(db::Priority::web, [&](db::Connection& connection) -> Result<void> {
          const auto id = api_.ids().next<ContactId>();
          const std::string address = fmt::format("p{}@example.org", i);
          TRY(connection.execute(
              {"",
               "INSERT INTO contact (organisation_id, id, first_name, created_at, changed_at)"
               " VALUES ($1, $2, $3, $4, $4)"},
              {api_.organisation(), id, i < 2 ? "Ann" : "", api_.clock().now()}));
          TRY(connection.execute(
              {"",
               "INSERT INTO contact_address (organisation_id, contact_id, channel, normalised,"
               " address, is_primary, created_at) VALUES ($1, $2, 0, $3, $3, 1, 1)"},
              {api_.organisation(), id, address}));
          return {};
        });
    ASSERT_TRUE(added) << added.error().message;
  }
  const auto found = api_.call("POST", "/preflights",
                               R"({"draft": {"text": "Dear {{ contact.first_name }},\nbye"},)"
                               R"( "audience": {"everybody": true}})");
  ASSERT_EQ(found.status, 200) << found.text;
  EXPECT_EQ(found.json.at("recipients"), 7);
  const auto& findings = found.json.at("findings").as_array();
  const auto hole = std::ranges::find_if(
      findings, [](const json::value& one) { return one.at("code") == "empty_value"; });
  ASSERT_NE(hole, findings.end()) << found.text;
  EXPECT_EQ(hole->at("count"), 5);
  EXPECT_EQ(hole->at("examples").as_array().size(), 5U);
  EXPECT_THAT(std::string(hole->at("sentence").as_string()),
              HasSubstr("5 people have no first name and will read \"Dear ,\""));
  // Whom sending would leave out reads nothing: unsubscribed, not to be contacted, inactive.
  const auto left_out =
      api_.database().write(db::Priority::web, [&](db::Connection& connection) -> Result<void> {
        const Instant now = api_.clock().now();
        TRY(audience::suppress(connection, api_.ids(), api_.organisation(),
                               {.normalised = "p6@example.org", .reason = "unsubscribed"}, now));
        constexpr std::string_view at =
            " WHERE id IN (SELECT contact_id FROM contact_address "
            "WHERE normalised = $1)";
        TRY(connection.execute({"", "UPDATE contact SET do_not_contact = 1" + std::string(at)},
                               {"p5@example.org"}));
        TRY(connection.execute({"", "UPDATE contact SET created_at = 1" + std::string(at)},
                               {"p4@example.org"}));
        return {};
      });
  ASSERT_TRUE(left_out) << left_out.error().message;
  const auto fewer = api_.call("POST", "/preflights",
                               R"({"draft": {"text": "Dear {{ contact.first_name }},\nbye"},)"
                               R"( "audience": {"everybody": true}})");
  EXPECT_EQ(fewer.json.at("recipients"), 4);
  EXPECT_THAT(fewer.text, HasSubstr("2 people have no first name"));
  const auto nobody_left =
      api_.call("POST", "/preflights",
                R"({"draft": {"text": "x"}, "audience": {"addresses": ["p6@example.org"]}})");
  EXPECT_THAT(codes(nobody_left.json.at("findings")), ::testing::Contains("nobody"));
  const auto nobody =
      api_.call("POST", "/preflights", R"({"draft": {"text": "x"}, "audience": {"contacts": []}})");
  EXPECT_EQ(nobody.status, 422) << nobody.text;
  const auto wrong = api_.call("POST", "/preflights",
                               R"({"draft": {"text": "x"}, "audience": {"addresses": ["none"]}})");
  EXPECT_EQ(wrong.status, 422) << wrong.text;
  EXPECT_EQ(wrong.fields(), "/audience/addresses/0");
}

TEST_P(PreviewsApi, a_template_may_keep_its_audience) {
  const auto made =
      api_.call("POST", "/templates", R"({"name": "T", "audience": {"everybody": true}})");
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_TRUE(made.json.at("audience").at("everybody").as_bool());
  const std::string path = "/templates/" + std::string(made.json.at("id").as_string());
  EXPECT_EQ(api_.call("PATCH", path, R"({"audience": {"groups": ["0000000000001"]}})").status, 422);
  const auto without = api_.call("PATCH", path, R"({"audience": null})");
  ASSERT_EQ(without.status, 200) << without.text;
  EXPECT_TRUE(without.json.at("audience").is_null());
}

TEST_P(PreviewsApi, a_good_message_passes_preflight_once_its_sender_is_verified) {
  ASSERT_EQ(api_.call("PATCH", "/organisation", R"({"postal_address": "Kade 1"})").status, 200);
  const std::string sender = make_sender();
  const json::object body{{"draft",
                           {{"sender_id", sender},
                            {"subject", "News of May"},
                            {"html",
                             "<p>Hello {{ contact.first_name | default: 'reader' }}</p>"
                             "<p>{{ organisation.postal_address }}</p>"
                             "<a href=\"{{ unsubscribe_url }}\">Unsubscribe</a>"}}}};
  const auto before = api_.call("POST", "/preflights", json::serialize(body));
  ASSERT_EQ(before.status, 200) << before.text;
  EXPECT_THAT(codes(before.json.at("findings")), ElementsAre("sender_unverified"));
  EXPECT_FALSE(before.json.at("is_blocked").as_bool()) << "the operator may override";
  const auto reader = api_.with({identity::Permission::content_read});
  EXPECT_TRUE(api_.call_as(reader, "POST", "/preflights", json::serialize(body))
                  .json.at("is_blocked")
                  .as_bool());
  const auto verified =
      api_.database().write(db::Priority::web, [&](db::Connection& connection) -> Result<void> {
        const std::string token = to_base64url(random_bytes(24));
        TRY(compose::begin_verification(connection, api_.organisation(),
                                        SenderId{*parse_id(sender)}, token, api_.clock().now()));
        TRY(compose::confirm_sender(connection, token, api_.clock().now()));
        return {};
      });
  ASSERT_TRUE(verified);
  const auto after = api_.call("POST", "/preflights", json::serialize(body));
  EXPECT_THAT(codes(after.json.at("findings")), ElementsAre()) << after.text;
}

TEST_P(PreviewsApi, a_return_path_that_dns_does_not_know_is_a_warning) {
  const json::object body{{"draft", {{"sender_id", make_sender()}}}};
  const auto found = [&] {
    const auto told = api_.call("POST", "/preflights", json::serialize(body));
    EXPECT_EQ(told.status, 200) << told.text;
    for (const json::value& each : told.json.at("findings").as_array()) {
      if (each.at("code") == "return_path") return std::string(each.at("sentence").as_string());
    }
    return std::string();
  };
  EXPECT_EQ(found(), "");
  const std::string id =
      make("/domains", R"({"name": "example.org", "return_path_domain": "bounces.example.org"})");
  EXPECT_TRUE(found().starts_with("Nobody has looked yet")) << found();
  const auto say = [&](std::string findings) {
    const auto wrote = api_.database().write(db::Priority::web, [&](db::Connection& connection) {
      const auto domain =
          domains::load_domain(connection, api_.organisation(), SendingDomainId{*parse_id(id)});
      return domains::store_check(connection, api_.organisation(), *domain,
                                  {std::move(findings), std::nullopt}, api_.clock().now());
    });
    EXPECT_TRUE(wrote);
  };
  const auto finding = [](std::string_view status) {
    return fmt::format(
        R"([{{"check":"return_path","status":"{}","sentence":"It is so.","found":[]}}])", status);
  };
  say(finding("problem"));
  EXPECT_EQ(found(), "It is so.");
  for (const char* status : {"good", "warning"}) {
    say(finding(status));
    EXPECT_EQ(found(), "") << status;
  }
  // Another name: what was found out is of the one before.
  EXPECT_EQ(
      api_.call("PATCH", "/domains/" + id, R"({"return_path_domain": "back.example.org"})").status,
      200);
  EXPECT_TRUE(found().contains("back.example.org")) << found();
}

TEST_P(PreviewsApi, html_that_gmail_would_cut_off_is_a_warning) {
  const auto has_warning = [&](std::size_t size) {
    const json::object body{{"draft", {{"html", std::string(size, 'x')}}}};
    const auto found = api_.call("POST", "/preflights", json::serialize(body));
    EXPECT_EQ(found.status, 200) << found.text.substr(0, 500);
    return std::ranges::count(codes(found.json.at("findings")), "html_too_large") == 1;
  };
  EXPECT_FALSE(has_warning(102 * 1024));
  EXPECT_TRUE(has_warning(102 * 1024 + 1));
}

TEST_P(PreviewsApi, a_test_goes_to_chosen_addresses_marked_and_outside_of_campaigns) {
  make_sandbox();
  const json::object body{{"draft",
                           {{"sender_id", make_sender()},
                            {"subject", "News {{ contact.first_name }}"},
                            {"text", "Text"}}},
                          {"addresses", {"a@example.org", "B@example.org"}}};
  const auto sent = api_.call("POST", "/test-sends", json::serialize(body));
  ASSERT_EQ(sent.status, 202) << sent.text;
  EXPECT_EQ(sent.json.at("messages").at(1).at("address"), "B@example.org");
  EXPECT_EQ(count("SELECT COUNT(*) FROM message WHERE kind = 3 AND campaign_id IS NULL"), 2);
  EXPECT_EQ(count("SELECT COUNT(*) FROM content_version"), 1);
  EXPECT_EQ(text_in("SELECT subject FROM content_version"), "News {{ contact.first_name }}")
      << "the subject is the draft's";
  EXPECT_THAT(text_in("SELECT options FROM content_version"), HasSubstr("\"is_test\":true"));
  EXPECT_EQ(count("SELECT COUNT(*) FROM campaign_counter"), 0);
}

TEST_P(PreviewsApi, a_test_to_no_address_or_without_a_sender_is_a_field_error) {
  make_sandbox();
  const auto wrong = api_.call(
      "POST", "/test-sends", R"({"draft": {"text": "x"}, "addresses": ["a@example.org", "none"]})");
  EXPECT_EQ(wrong.status, 422);
  EXPECT_EQ(wrong.fields(), "/addresses/1");
  const auto senderless = api_.call("POST", "/test-sends",
                                    R"({"draft": {"text": "x"}, "addresses": ["a@example.org"]})");
  EXPECT_EQ(senderless.status, 422);
  EXPECT_EQ(senderless.code(), "draft.no_sender");
  EXPECT_EQ(api_.call("POST", "/test-sends", R"({"draft": {}, "addresses": []})").status, 422);
}

TEST_P(PreviewsApi, with_a_test_token_a_test_goes_to_the_sandbox) {
  make("/transports", R"({"name": "Real", "url": "smtp://mail.example.org", "is_default": true})");
  auto who = api_.everything(api_.organisation());
  who.is_test = true;
  const json::object body{{"draft", {{"sender_id", make_sender()}, {"text", "x"}}},
                          {"addresses", {"a@example.org"}}};
  const auto sent = api_.call_as(who, "POST", "/test-sends", json::serialize(body));
  ASSERT_EQ(sent.status, 202) << sent.text;
  EXPECT_EQ(text_in("SELECT t.url FROM message m JOIN transport t ON t.id = m.transport_id"),
            "sandbox:");
}

}  // namespace
}  // namespace tidings::api
