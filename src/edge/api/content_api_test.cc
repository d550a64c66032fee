// Senders, mail servers, templates, media, tags, previews, preflight and tests through the API.
#include <algorithm>
#include <boost/json.hpp>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audience/contacts.h"
#include "compose/senders.h"
#include "db/testing/databases.h"
#include "delivery/mail_servers.h"
#include "edge/api/testing/api_fixture.h"

namespace tidings::api {
namespace {

namespace json = boost::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class ContentApi : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  std::string make(std::string_view target, std::string body) {
    const auto made = api_.call("POST", target, std::move(body));
    EXPECT_EQ(made.status, 201) << made.text;
    return made.status == 201 ? std::string(made.json.at("id").as_string()) : "";
  }
  std::string make_sender() {
    return make("/senders", R"({"name": "Office", "address": "office@example.org"})");
  }
  std::string make_sandbox() {
    return make("/transports", R"({"name": "Sandbox", "url": "sandbox:", "is_default": true})");
  }
  testing::Reply upload(std::string_view name, std::string content,
                        std::string_view type = "application/octet-stream") {
    return api_.call("POST", fmt::format("/media?file_name={}", name), std::move(content),
                     {{"Content-Type", std::string(type)}});
  }
  std::int64_t count(std::string_view sql) {
    return **api_.database().read_value([&](db::Connection& connection) {
      return connection.query_first({"", sql}, {},
                                    [](const db::Row& row) { return row.integer(0); });
    });
  }
  std::string text_in(std::string_view sql) {
    return **api_.database().read_value([&](db::Connection& connection) {
      return connection.query_first({"", sql}, {},
                                    [](const db::Row& row) { return row.string(0); });
    });
  }
  static std::vector<std::string> codes(const json::value& findings) {
    std::vector<std::string> list;
    for (const auto& one : findings.as_array()) list.emplace_back(one.at("code").as_string());
    return list;
  }
  // Every request on `path`, from another organisation: as if nothing were there.
  void expect_foreign_404(std::string_view path, std::string patch) {
    const auto other = api_.everything(api_.other_organisation());
    EXPECT_EQ(api_.call_as(other, "GET", path).status, 404) << path;
    EXPECT_EQ(api_.call_as(other, "PATCH", path, std::move(patch)).status, 404) << path;
    EXPECT_EQ(api_.call_as(other, "DELETE", path).status, 404) << path;
    EXPECT_EQ(api_.call("GET", path).status, 200) << path;
  }

  testing::ApiFixture api_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(On, ContentApi, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& tested) { return db::testing::kind_name(tested); });

// ---------------------------------------------------------------- senders
TEST_P(ContentApi, a_sender_is_made_changed_listed_and_deleted) {
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

TEST_P(ContentApi, what_would_inject_a_header_is_refused_at_its_field) {
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

TEST_P(ContentApi, the_same_sender_twice_is_a_conflict) {
  make_sender();
  const auto again =
      api_.call("POST", "/senders", R"({"name": "Office", "address": "OFFICE@example.org"})");
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.code(), "sender.exists");
}

TEST_P(ContentApi, a_sender_is_verified_by_the_link_that_was_mailed_to_it) {
  make_sandbox();
  const std::string id = make_sender();
  const auto sent = api_.call("POST", fmt::format("/senders/{}/verification", id));
  ASSERT_EQ(sent.status, 202) << sent.text;
  EXPECT_EQ(sent.json.at("address"), "office@example.org");
  const std::string mailed = text_in("SELECT text FROM content_version");
  const auto begin = mailed.find("/sender/");
  ASSERT_NE(begin, std::string::npos) << mailed;
  const std::string token = mailed.substr(begin + 8, 43);
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

TEST_P(ContentApi, a_verification_asked_for_twice_with_one_key_is_mailed_once) {
  make_sandbox();
  const std::string path = fmt::format("/senders/{}/verification", make_sender());
  const auto first = api_.call("POST", path, "", {{"Idempotency-Key", "k"}});
  const auto again = api_.call("POST", path, "", {{"Idempotency-Key", "k"}});
  EXPECT_EQ(first.status, 202) << first.text;
  EXPECT_EQ(first.json.at("message_id"), again.json.at("message_id"));
  EXPECT_EQ(count("SELECT COUNT(*) FROM message"), 1);
}

TEST_P(ContentApi, without_a_mail_server_nothing_is_verified_and_the_answer_says_what_to_do) {
  const auto sent = api_.call("POST", fmt::format("/senders/{}/verification", make_sender()));
  EXPECT_EQ(sent.status, 422);
  EXPECT_EQ(sent.code(), "mail_server.none");
}

// ---------------------------------------------------------------- mail servers
TEST_P(ContentApi, a_password_is_sealed_and_never_shown) {
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

TEST_P(ContentApi, a_password_never_goes_to_another_host_or_user) {
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

TEST_P(ContentApi, one_mail_server_is_the_default_one) {
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

TEST_P(ContentApi, a_mail_server_that_messages_wait_for_is_not_deleted) {
  const std::string id = make_sandbox();
  ASSERT_EQ(api_.call("POST", fmt::format("/senders/{}/verification", make_sender())).status, 202);
  const auto refused = api_.call("DELETE", "/transports/" + id);
  EXPECT_EQ(refused.status, 409) << refused.text;
  EXPECT_EQ(refused.code(), "mail_server.in_use");
}

TEST_P(ContentApi, hosts_and_files_of_a_mail_server_are_the_operators_to_allow) {
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

TEST_P(ContentApi, the_sandbox_is_tested_without_a_network) {
  const auto tested = api_.call("POST", "/transport-tests", R"({"url": "sandbox:"})");
  ASSERT_EQ(tested.status, 200) << tested.text;
  EXPECT_TRUE(tested.json.at("succeeded").as_bool());
  EXPECT_EQ(api_.call("POST", "/transport-tests", "{}").fields(), "/url");
}

// ---------------------------------------------------------------- templates
TEST_P(ContentApi, a_template_keeps_its_html_byte_for_byte) {
  const std::string html =
      "<!DOCTYPE html>\r\n<!--[if mso]>\r\n<table><tr><td width=\"600\"><![endif]-->\n"
      "\t<p style='color:red'>Z\u00e9 &amp; \"q\" \u2028 {{ contact.first_name | default: 'you' "
      "}}</p>\n"
      "<!--[if mso]></td></tr></table><![endif]-->\n\n  ";
  const json::object body{{"name", "Newsletter"}, {"draft", {{"subject", "Hi"}, {"html", html}}}};
  const std::string id = make("/templates", json::serialize(body));
  const auto got = api_.call("GET", "/templates/" + id);
  ASSERT_EQ(got.status, 200) << got.text;
  EXPECT_EQ(got.json.at("draft").at("html").as_string(), html);
  EXPECT_TRUE(got.json.at("findings").as_array().empty());
}

TEST_P(ContentApi, a_template_with_mistakes_is_saved_and_says_where_they_are) {
  const auto made = api_.call("POST", "/templates",
                              R"({"name": "T", "draft": {"subject": "Hi {{ contact.frist_name }}",)"
                              R"( "html": "<p>\n  {% if x %}</p>"}})");
  ASSERT_EQ(made.status, 201) << made.text;
  const auto& findings = made.json.at("findings").as_array();
  ASSERT_EQ(findings.size(), 2U) << made.text;
  EXPECT_EQ(findings[0].at("code"), "liquid.syntax");
  EXPECT_EQ(findings[0].at("part"), "html");
  EXPECT_EQ(findings[0].at("line"), 2);
  EXPECT_EQ(findings[1].at("code"), "unknown_tag");
  EXPECT_THAT(std::string(findings[1].at("sentence").as_string()), HasSubstr("first_name"));
}

TEST_P(ContentApi, versions_of_a_template_are_listed_looked_at_and_restored) {
  const std::string path =
      "/templates/" + make("/templates", R"({"name": "T", "draft": {"subject": "one"}})");
  ASSERT_EQ(api_.call("PATCH", path, R"({"draft": {"subject": "two", "text": "x"}})").status, 200);
  ASSERT_EQ(api_.call("PATCH", path, R"({"draft": {"subject": "three"}})").status, 200);
  const auto same = api_.call("PATCH", path, R"({"draft": {"subject": "three"}})");
  EXPECT_EQ(same.json.at("version"), 3) << "saving the same makes no version";
  EXPECT_EQ(same.json.at("draft").at("text"), "x") << "what is left out stays";
  const auto list = api_.call("GET", path + "/versions");
  ASSERT_EQ(list.status, 200) << list.text;
  ASSERT_EQ(list.json.at("items").as_array().size(), 3U);
  EXPECT_EQ(list.json.at("items").at(0).at("subject"), "three");
  EXPECT_EQ(api_.call("GET", path + "/versions/1").json.at("draft").at("subject"), "one");
  EXPECT_EQ(api_.call("GET", path + "/versions/9").status, 404);
  const auto restored = api_.call("POST", path + "/versions/1/restoration");
  ASSERT_EQ(restored.status, 200) << restored.text;
  EXPECT_EQ(restored.json.at("draft").at("subject"), "one");
  EXPECT_EQ(restored.json.at("version"), 4);
  const auto page = api_.call("GET", path + "/versions?limit=3");
  EXPECT_EQ(page.json.at("next_cursor"), "2");
  EXPECT_EQ(
      api_.call("GET", path + "/versions?limit=3&cursor=2").json.at("items").as_array().size(), 1U);
}

TEST_P(ContentApi, a_copy_of_a_template_never_touches_the_original) {
  const std::string id = make("/templates", R"({"name": "T", "draft": {"subject": "one"}})");
  const auto before = api_.call("GET", "/templates/" + id);
  const auto copy = api_.call("POST", fmt::format("/templates/{}/copies", id));
  ASSERT_EQ(copy.status, 201) << copy.text;
  EXPECT_EQ(copy.json.at("name"), "Copy of T");
  const std::string copied(copy.json.at("id").as_string());
  EXPECT_EQ(api_.call("PATCH", "/templates/" + copied, R"({"draft": {"subject": "two"}})").status,
            200);
  EXPECT_EQ(api_.call("POST", fmt::format("/templates/{}/copies", id)).json.at("name"),
            "Copy of T (2)");
  const auto after = api_.call("GET", "/templates/" + id);
  EXPECT_EQ(after.text, before.text);
  EXPECT_EQ(after.header("ETag"), before.header("ETag"));
  EXPECT_EQ(api_.call("DELETE", "/templates/" + copied).status, 204);
  EXPECT_EQ(api_.call("GET", "/templates/" + id).status, 200);
}

TEST_P(ContentApi, templates_are_listed_by_last_change_or_name_in_pages) {
  for (const std::string_view name : {"b", "a", "c"}) {
    make("/templates", fmt::format(R"({{"name": "{}", "kind": "{}", "draft": {{}}}})", name,
                                   name == "c" ? "individual" : "campaign"));
    api_.clock().advance(std::chrono::seconds(1));
  }
  const auto names = [&](std::string_view query) {
    std::string all;
    std::string cursor;
    do {
      const auto page = api_.call("GET", fmt::format("/templates?limit=2{}{}", query,
                                                     cursor.empty() ? "" : "&cursor=" + cursor));
      EXPECT_EQ(page.status, 200) << page.text;
      if (page.status != 200) return all;
      for (const auto& one : page.json.at("items").as_array()) all += one.at("name").as_string();
      const auto& next = page.json.at("next_cursor");
      cursor = next.is_null() ? "" : std::string(next.as_string());
      std::ranges::replace(cursor, ' ', '+');
    } while (!cursor.empty());
    return all;
  };
  EXPECT_EQ(names(""), "cab");
  EXPECT_EQ(names("&sort=changed_at"), "bac");
  EXPECT_EQ(names("&sort=name"), "abc");
  EXPECT_EQ(names("&sort=-name"), "cba");
  EXPECT_EQ(names("&kind=individual"), "c");
  EXPECT_EQ(api_.call("GET", "/templates?sort=name;DROP").status, 422);
}

TEST_P(ContentApi, a_template_names_its_sender_and_uploads_or_is_refused) {
  const auto refused = api_.call("POST", "/templates",
                                 R"({"name": "T", "draft": {"sender_id": "0000000000001",)"
                                 R"( "attachments": [{"media_id": "0000000000001"}]}})");
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(refused.fields(), HasSubstr("/draft/sender_id"));
  EXPECT_THAT(refused.fields(), HasSubstr("/draft/attachments/0/media_id"));
  const auto media = upload("report.pdf", "%PDF-1.4");
  ASSERT_EQ(media.status, 201) << media.text;
  const auto made = api_.call(
      "POST", "/templates",
      fmt::format(R"({{"name": "T", "draft": {{"attachments": [{{"media_id": "{}"}}]}}}})",
                  std::string_view(media.json.at("id").as_string())));
  ASSERT_EQ(made.status, 201) << made.text;
  const auto& attachment = made.json.at("draft").at("attachments").at(0);
  EXPECT_EQ(attachment.at("file_name"), "report.pdf");
  EXPECT_EQ(attachment.at("media_type"), "application/pdf");
  EXPECT_EQ(attachment.at("size"), 8);
}

TEST_P(ContentApi, languages_of_a_template_are_kept_and_each_is_there_once) {
  const auto twice = api_.call("POST", "/templates",
                               R"({"name": "T", "draft": {"locale": "en"}, "variants":)"
                               R"( [{"locale": "nl"}, {"locale": "NL"}, {"locale": "en"}]})");
  EXPECT_EQ(twice.fields(), "/variants/1/locale,/variants/2/locale");
  const auto made =
      api_.call("POST", "/templates",
                R"({"name": "T", "variants": [{"locale": "nl", "subject": "Hoi {{ x }}"}]})");
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.json.at("variants").at(0).at("subject"), "Hoi {{ x }}");
  EXPECT_EQ(made.json.at("findings").at(0).at("part"), "nl/subject");
}

// ---------------------------------------------------------------- media
TEST_P(ContentApi, uploads_are_what_their_bytes_say_and_content_is_only_a_download) {
  const auto png = upload("logo.png", "\x89PNG\r\n\x1a\nxxxxxxxx", "image/png");
  ASSERT_EQ(png.status, 201) << png.text;
  EXPECT_TRUE(png.json.at("is_image").as_bool());
  EXPECT_THAT(std::string(png.json.at("url").as_string()), HasSubstr("/m/"));
  for (const std::string_view name : {"evil.svg", "page.html", "fake.png"}) {
    const auto made = upload(name, "<svg onload=alert(1)>", "image/png");
    ASSERT_EQ(made.status, 201) << made.text;
    EXPECT_FALSE(made.json.at("is_image").as_bool()) << name;
    const auto content = api_.call(
        "GET", fmt::format("/media/{}/content", std::string_view(made.json.at("id").as_string())));
    EXPECT_EQ(content.status, 200);
    EXPECT_EQ(content.header("Content-Type"), "application/octet-stream");
    EXPECT_EQ(content.header("Content-Disposition"), "attachment");
    EXPECT_EQ(content.text, "<svg onload=alert(1)>");
  }
  const auto program = upload("setup.exe", "MZ");
  EXPECT_EQ(program.status, 422);
  EXPECT_EQ(program.fields(), "?file_name");
  EXPECT_EQ(upload("empty.pdf", "").status / 100, 4);
}

TEST_P(ContentApi, an_upload_over_the_limit_of_attachments_is_refused_as_it_would_be_encoded) {
  const auto max = static_cast<std::size_t>(api_.services().settings.attachment_bytes_max);
  EXPECT_EQ(upload("big.pdf", std::string(max, 'x')).status, 413);
}

// ---------------------------------------------------------------- tags, previews, preflight, tests
TEST_P(ContentApi, tags_come_in_groups_with_samples) {
  const auto panel = api_.call("GET", "/tags");
  ASSERT_EQ(panel.status, 200) << panel.text;
  EXPECT_EQ(panel.json.at("groups").at(0).at("name"), "system");
  EXPECT_THAT(panel.text, HasSubstr("{{ contact.first_name }}"));
  EXPECT_THAT(panel.text, HasSubstr("unsubscribe_url"));
}

TEST_P(ContentApi, a_preview_escapes_what_people_are_called) {
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

TEST_P(ContentApi, a_preview_of_broken_text_shows_the_rest_and_says_what_is_wrong) {
  const auto shown =
      api_.call("POST", "/previews",
                R"({"draft": {"subject": "Fine", "html": "<p>{{ unclosed </p>", "text": "ok"}})");
  ASSERT_EQ(shown.status, 200) << shown.text;
  EXPECT_EQ(shown.json.at("subject"), "Fine");
  EXPECT_EQ(shown.json.at("text"), "ok");
  EXPECT_EQ(shown.json.at("html"), "");
  EXPECT_THAT(codes(shown.json.at("findings")), ElementsAre("liquid.syntax"));
}

TEST_P(ContentApi, preflight_names_everything_at_once) {
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

TEST_P(ContentApi, preflight_counts_who_would_read_a_hole_and_shows_some) {
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
  const auto nobody =
      api_.call("POST", "/preflights", R"({"draft": {"text": "x"}, "audience": {"contacts": []}})");
  EXPECT_EQ(nobody.status, 422) << nobody.text;
  const auto wrong = api_.call("POST", "/preflights",
                               R"({"draft": {"text": "x"}, "audience": {"addresses": ["none"]}})");
  EXPECT_EQ(wrong.status, 422) << wrong.text;
  EXPECT_EQ(wrong.fields(), "/audience/addresses/0");
}

TEST_P(ContentApi, a_template_may_keep_its_audience) {
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

TEST_P(ContentApi, a_good_message_passes_preflight_once_its_sender_is_verified) {
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
        const auto token = TRY(compose::begin_verification(
            connection, api_.organisation(), SenderId{*parse_id(sender)}, api_.clock().now()));
        TRY(compose::confirm_sender(connection, token, api_.clock().now()));
        return {};
      });
  ASSERT_TRUE(verified);
  const auto after = api_.call("POST", "/preflights", json::serialize(body));
  EXPECT_THAT(codes(after.json.at("findings")), ElementsAre()) << after.text;
}

TEST_P(ContentApi, html_that_gmail_would_cut_off_is_a_warning) {
  const auto has_warning = [&](std::size_t size) {
    const json::object body{{"draft", {{"html", std::string(size, 'x')}}}};
    const auto found = api_.call("POST", "/preflights", json::serialize(body));
    EXPECT_EQ(found.status, 200) << found.text.substr(0, 500);
    return std::ranges::count(codes(found.json.at("findings")), "html_too_large") == 1;
  };
  EXPECT_FALSE(has_warning(102 * 1024));
  EXPECT_TRUE(has_warning(102 * 1024 + 1));
}

TEST_P(ContentApi, a_test_goes_to_chosen_addresses_marked_and_outside_of_campaigns) {
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

TEST_P(ContentApi, a_test_to_no_address_or_without_a_sender_is_a_field_error) {
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

TEST_P(ContentApi, with_a_test_token_a_test_goes_to_the_sandbox) {
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

// ---------------------------------------------------------------- organisations and permissions
TEST_P(ContentApi, nothing_of_another_organisation_is_there) {
  const std::string sender = make_sender();
  const std::string transport = make_sandbox();
  const std::string made = make("/templates", R"({"name": "T"})");
  expect_foreign_404("/senders/" + sender, R"({"name": "x"})");
  expect_foreign_404("/transports/" + transport, R"({"name": "x"})");
  expect_foreign_404("/templates/" + made, R"({"name": "x"})");
  const auto media = upload("a.pdf", "x");
  const std::string file = "/media/" + std::string(media.json.at("id").as_string());
  const auto other = api_.everything(api_.other_organisation());
  for (const std::string& path : {file, file + "/content", "/templates/" + made + "/versions",
                                  "/templates/" + made + "/versions/1"}) {
    EXPECT_EQ(api_.call_as(other, "GET", path).status, 404) << path;
    EXPECT_EQ(api_.call("GET", path).status, 200) << path;
  }
  for (const std::string& path :
       {"/senders/" + sender + "/verification", "/templates/" + made + "/copies",
        "/templates/" + made + "/versions/1/restoration"}) {
    EXPECT_EQ(api_.call_as(other, "POST", path).status / 100, 4) << path;
  }
  EXPECT_EQ(api_.call_as(other, "POST", "/transport-tests",
                         fmt::format(R"({{"transport_id": "{}"}})", transport))
                .status,
            404);
  for (const std::string_view list : {"/senders", "/transports", "/templates", "/media"}) {
    EXPECT_TRUE(api_.call_as(other, "GET", list).json.at("items").as_array().empty()) << list;
  }
}

TEST_P(ContentApi, reading_is_not_writing) {
  const auto reader = api_.with({identity::Permission::content_read});
  EXPECT_EQ(api_.call_as(reader, "GET", "/senders").status, 200);
  EXPECT_EQ(api_.call_as(reader, "POST", "/senders", R"({"address": "a@example.org"})").status,
            403);
  EXPECT_EQ(
      api_.call_as(reader, "POST", "/transports", R"({"name": "R", "url": "sandbox:"})").status,
      403);
  EXPECT_EQ(api_.call_as(reader, "POST", "/templates", R"({"name": "T"})").status, 403);
}

}  // namespace
}  // namespace tidings::api
