// Templates and media through the API.
#include <algorithm>
#include <boost/json.hpp>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge/api/testing/content_fixture.h"

namespace tidings::api {
namespace {

namespace json = boost::json;
using ::testing::HasSubstr;

class TemplatesApi : public testing::ContentFixture {};

INSTANTIATE_TEST_SUITE_P(On, TemplatesApi, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& tested) { return db::testing::kind_name(tested); });

// ---------------------------------------------------------------- templates
TEST_P(TemplatesApi, a_template_keeps_its_html_byte_for_byte) {
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

TEST_P(TemplatesApi, a_template_with_mistakes_is_saved_and_says_where_they_are) {
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

TEST_P(TemplatesApi, versions_of_a_template_are_listed_looked_at_and_restored) {
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

TEST_P(TemplatesApi, a_copy_of_a_template_never_touches_the_original) {
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

TEST_P(TemplatesApi, templates_are_listed_by_last_change_or_name_in_pages) {
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

TEST_P(TemplatesApi, a_template_names_its_sender_and_uploads_or_is_refused) {
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

TEST_P(TemplatesApi, languages_of_a_template_are_kept_and_each_is_there_once) {
  const auto twice = api_.call("POST", "/templates",
                               R"({"name": "T", "draft": {"locale": "en"}, "variants":)"
                               R"( [{"locale": "nl"}, {"locale": "NL"}, {"locale": "en"}]})");
  EXPECT_EQ(twice.fields(), "/variants/1/locale,/variants/2/locale");
  const auto made =
      api_.call("POST", "/templates",
                R"({"name": "T", "variants": [{"locale": "nl", "subject": "Hoi {{ x }}"}]})");
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.json.at("variants").at(0).at("subject"), "Hoi {{ x }}");
  EXPECT_EQ(made.json.at("findings").at(0).at("part"), "subject");
  EXPECT_EQ(made.json.at("findings").at(0).at("field"), "/variants/0/subject");
  EXPECT_EQ(made.json.at("findings").at(0).at("locale"), "nl");
}

// ---------------------------------------------------------------- media
TEST_P(TemplatesApi, uploads_are_what_their_bytes_say_and_content_is_only_a_download) {
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

TEST_P(TemplatesApi, an_upload_over_the_limit_of_attachments_is_refused_as_it_would_be_encoded) {
  const auto max = static_cast<std::size_t>(api_.services().settings.attachment_bytes_max);
  EXPECT_EQ(upload("big.pdf", std::string(max, 'x')).status, 413);
}

}  // namespace
}  // namespace tidings::api
