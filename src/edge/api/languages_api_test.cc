// Campaigns in several languages through the API.
#include <algorithm>
#include <boost/json.hpp>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge/api/testing/content_fixture.h"

namespace tidings::api {
namespace {

namespace json = boost::json;

class LanguagesApi : public testing::ContentFixture {
 protected:
  // A saved message in Dutch (its own), French and Polish.
  std::string make_saved(std::string_view more = {}) {
    return make("/templates",
                fmt::format(R"({{"name": "Trip", "draft": {{"sender_id": "{}", "locale": "nl",)"
                            R"( "subject": "Uitstap", "text": "Dag {{{{ unsubscribe_url }}}}"}},)"
                            R"( "variants": [{{"locale": "fr", "subject": "Sortie",)"
                            R"( "text": "Bonjour {{{{ unsubscribe_url }}}}"}},)"
                            R"( {{"locale": "pl-PL", "subject": "Wycieczka",)"
                            R"( "text": "Cześć {{{{ unsubscribe_url }}}}"}}]{}}})",
                            make_sender(), more));
  }
};

INSTANTIATE_TEST_SUITE_P(On, LanguagesApi, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& tested) { return db::testing::kind_name(tested); });

TEST_P(LanguagesApi, a_campaign_begins_as_a_saved_message_in_every_language) {
  const std::string saved = make_saved(R"(, "audience": {"everybody": true})");
  const std::string id = make("/campaigns", fmt::format(R"({{"template_id": "{}"}})", saved));
  const auto got = api_.call("GET", "/campaigns/" + id);
  EXPECT_EQ(got.json.at("name"), "Trip");
  EXPECT_EQ(got.json.at("draft").at("subject"), "Uitstap");
  ASSERT_EQ(got.json.at("variants").as_array().size(), 2u);
  EXPECT_EQ(got.json.at("variants").at(1).at("locale"), "pl-PL");
  EXPECT_EQ(got.json.at("variants").at(1).at("subject"), "Wycieczka");
  EXPECT_TRUE(got.json.at("audience").at("everybody").as_bool());

  // What is given besides goes over it; the saved message stays as it is.
  const auto other = api_.call(
      "POST", "/campaigns",
      fmt::format(R"({{"template_id": "{}", "name": "Trip 3B", "draft": {{"subject": "Naar zee"}},)"
                  R"( "variants": []}})",
                  saved));
  ASSERT_EQ(other.status, 201) << other.text;
  EXPECT_EQ(other.json.at("name"), "Trip 3B");
  EXPECT_EQ(other.json.at("draft").at("subject"), "Naar zee");
  EXPECT_EQ(other.json.at("draft").at("locale"), "nl");
  EXPECT_TRUE(other.json.at("variants").as_array().empty());
  EXPECT_EQ(api_.call("GET", "/templates/" + saved).json.at("variants").as_array().size(), 2u);
}

TEST_P(LanguagesApi, a_template_that_is_not_there_or_closed_is_not_read) {
  const std::string saved = make_saved();
  EXPECT_EQ(api_.call("POST", "/campaigns", R"({"template_id": "0000000000zzz"})").fields(),
            "/template_id");
  const std::string body = fmt::format(R"({{"template_id": "{}"}})", saved);
  EXPECT_EQ(
      api_.call_as(api_.everything(api_.other_organisation()), "POST", "/campaigns", body).fields(),
      "/template_id");
  const auto writer = api_.with({identity::Permission::campaigns_write});
  EXPECT_EQ(api_.call_as(writer, "POST", "/campaigns", body).status, 403);
}

TEST_P(LanguagesApi, languages_are_written_in_the_campaign_and_checked_there) {
  const std::string id = make("/campaigns", R"({"draft": {"locale": "nl", "subject": "Hallo"},)"
                                            R"( "variants": [{"locale": "fr", "html": "<p>x"}]})");
  const auto kept = api_.call("PATCH", "/campaigns/" + id, R"({"draft": {"subject": "Dag"}})");
  EXPECT_EQ(kept.json.at("variants").at(0).at("html"), "<p>x") << kept.text;
  const auto changed = api_.call("PATCH", "/campaigns/" + id,
                                 R"({"variants": [{"locale": "fr", "subject": "Salut"},)"
                                 R"( {"locale": "en", "subject": "Hi"}]})");
  ASSERT_EQ(changed.status, 200) << changed.text;
  EXPECT_EQ(changed.json.at("draft").at("subject"), "Dag");
  EXPECT_EQ(changed.json.at("variants").at(0).at("html"), "");
  EXPECT_EQ(changed.json.at("variants").at(1).at("subject"), "Hi");
  const auto bad = api_.call("PATCH", "/campaigns/" + id,
                             R"({"variants": [{"locale": "NL"}, {"locale": "fr"},)"
                             R"( {"locale": "fr", "subject": "a\nb"}]})");
  EXPECT_EQ(bad.fields(), "/variants/0/locale,/variants/2/locale,/variants/2/subject");
  EXPECT_EQ(api_.call("DELETE", "/campaigns/" + id).status, 204);
  EXPECT_EQ(count("SELECT COUNT(*) FROM campaign WHERE variants <> '[]'"), 0);
}

TEST_P(LanguagesApi, a_preview_is_in_the_language_of_its_reader_or_the_one_asked_for) {
  const std::string pole = make("/contacts", R"({"first_name": "Ewa", "locale": "pl-PL"})");
  const auto shown = [&](std::string_view more) {
    const auto got = api_.call(
        "POST", "/previews",
        fmt::format(R"({{"draft": {{"subject": "Own", "text": "x"}}, "variants":)"
                    R"( [{{"locale": "fr", "subject": "Sortie", "text": "{{{{ nix }}}}"}},)"
                    R"( {{"locale": "pl", "subject": "Dla {{{{ contact.first_name }}}}",)"
                    R"( "text": "x"}}]{}}})",
                    more));
    EXPECT_EQ(got.status, 200) << got.text;
    return got.json;
  };
  EXPECT_EQ(shown("").at("subject"), "Own");
  EXPECT_TRUE(shown("").at("variant").is_null());
  const auto hers = shown(fmt::format(R"(, "contact_id": "{}")", pole));
  EXPECT_EQ(hers.at("subject"), "Dla Ewa");
  EXPECT_EQ(hers.at("locale"), "pl");
  EXPECT_EQ(hers.at("variant"), 1);
  const auto french = shown(fmt::format(R"(, "contact_id": "{}", "locale": "fr-BE")", pole));
  EXPECT_EQ(french.at("subject"), "Sortie");
  EXPECT_EQ(french.at("findings").at(0).at("field"), "/variants/0/text");
  EXPECT_EQ(french.at("findings").at(0).at("locale"), "fr");
  // The organisation writes English: a draft that does not say is in that.
  EXPECT_EQ(shown(R"(, "locale": "en")").at("subject"), "Own");
}

TEST_P(LanguagesApi, preflight_checks_every_language_and_who_reads_a_hole_in_theirs) {
  const std::string pole =
      make("/contacts", R"({"locale": "pl", "last_name": "Lis", "addresses":)"
                        R"( [{"channel": "email", "address": "ewa@example.org"}]})");
  const std::string other =
      make("/contacts", R"({"locale": "nl", "addresses":)"
                        R"( [{"channel": "email", "address": "jan@example.org"}]})");
  const auto found = api_.call(
      "POST", "/preflights",
      fmt::format(R"({{"draft": {{"sender_id": "{}", "subject": "Dag", "locale": "nl",)"
                  R"( "text": "Dag {{{{ unsubscribe_url }}}}"}}, "variants": [{{"locale": "fr"}},)"
                  R"( {{"locale": "pl", "subject": "Witaj {{{{ contact.frist_name }}}}",)"
                  R"( "html": "<a href=''>x</a>Droga {{{{ contact.first_name }}}},"}}],)"
                  R"( "audience": {{"everybody": true}}}})",
                  make_sender()));
  ASSERT_EQ(found.status, 200) << found.text;
  EXPECT_TRUE(found.json.at("is_blocked").as_bool());
  EXPECT_EQ(found.json.at("recipients"), 2);
  std::vector<std::string> places;
  for (const auto& one : found.json.at("findings").as_array()) {
    places.push_back(fmt::format("{} {}", std::string(one.at("code").as_string()),
                                 std::string(one.at("field").as_string())));
    if (one.at("code") == "empty_value") {
      EXPECT_EQ(one.at("count"), 1) << "the Dutch text has no such hole";
      EXPECT_EQ(one.at("examples").at(0), "ewa@example.org");
    }
  }
  using ::testing::Contains;
  EXPECT_THAT(places, Contains("no_subject /variants/0/subject"));
  EXPECT_THAT(places, Contains("no_content /variants/0"));
  EXPECT_THAT(places, Contains("unknown_tag /variants/1/subject"));
  EXPECT_THAT(places, Contains("broken_link /variants/1/html"));
  EXPECT_THAT(places, Contains("empty_value /variants/1/html"));
  EXPECT_EQ(
      std::ranges::count_if(places, [](const auto& one) { return one.starts_with("sender_"); }), 1)
      << "one sender, told once";
}

TEST_P(LanguagesApi, tests_are_sent_in_each_language_asked_for) {
  make_sandbox();
  const std::string sender = make_sender();
  const auto send = [&](std::string_view more) {
    return api_.call(
        "POST", "/test-sends",
        fmt::format(R"({{"draft": {{"sender_id": "{}", "locale": "nl", "subject": "Dag",)"
                    R"( "text": "x"}}, "variants": [{{"locale": "fr", "subject": "Salut",)"
                    R"( "text": "x"}}], "addresses": ["me@example.org", "you@example.org"]{}}})",
                    sender, more));
  };
  const auto both = send(R"(, "locales": ["nl", "fr"])");
  ASSERT_EQ(both.status, 202) << both.text;
  ASSERT_EQ(both.json.at("messages").as_array().size(), 4u);
  EXPECT_EQ(both.json.at("messages").at(0).at("locale"), "nl");
  EXPECT_EQ(both.json.at("messages").at(3).at("locale"), "fr");
  EXPECT_EQ(count("SELECT COUNT(*) FROM message m JOIN content_version v ON v.id ="
                  " m.content_version_id WHERE v.subject = 'Salut' AND m.kind = 3"),
            2);
  EXPECT_EQ(send(R"(, "locales": ["", "de"])").fields(), "/locales/1");
  EXPECT_EQ(count("SELECT COUNT(*) FROM message"), 4);
}

TEST_P(LanguagesApi, the_breakdown_tells_how_many_get_which_language) {
  for (const char* locale : {"fr", "fr-BE", "nl", ""}) {
    make("/contacts", fmt::format(R"({{"locale": "{0}", "addresses":)"
                                  R"( [{{"channel": "email", "address": "a{0}@example.org"}}]}})",
                                  locale));
  }
  const auto told =
      api_.call("POST", "/audience/preview",
                R"({"audience": {"everybody": true}, "content": {"locale": "nl",)"
                R"( "subject": "Dag", "text": "x", "variants": [{"locale": "fr"}]}})");
  ASSERT_EQ(told.status, 200) << told.text;
  EXPECT_EQ(told.json.at("languages").at(0).at("count"), 2);
  EXPECT_TRUE(told.json.at("languages").at(0).at("is_own").as_bool());
  EXPECT_EQ(told.json.at("languages").at(1).at("locale"), "fr");
  EXPECT_EQ(told.json.at("languages").at(1).at("count"), 2);
}

TEST_P(LanguagesApi, a_campaign_freezes_each_language_and_starts_only_when_all_are_fit) {
  make_sandbox();
  const std::string sender = make_sender();
  const auto draft = [&](std::string_view french) {
    return make("/campaigns",
                fmt::format(R"({{"draft": {{"sender_id": "{}", "locale": "nl", "subject": "Dag",)"
                            R"( "text": "{{{{ unsubscribe_url }}}}"}}, "variants": [{{"locale":)"
                            R"( "fr", "subject": "Salut", "text": "{}"}}],)"
                            R"( "audience": {{"everybody": true}}}})",
                            sender, french));
  };
  const std::string bad = draft("{{ contact.nix }}");
  const auto refused = api_.call("POST", "/campaigns/" + bad + "/start",
                                 R"({"override_sender": true, "override_findings": true})");
  EXPECT_EQ(refused.status, 422) << refused.text;
  EXPECT_THAT(refused.text, ::testing::HasSubstr("fr, text, line 1"));
  const auto check = api_.call("GET", "/campaigns/" + bad + "/check");
  EXPECT_FALSE(check.json.at("ready").as_bool());
  EXPECT_THAT(check.text, ::testing::HasSubstr("/variants/0/text"));
  EXPECT_EQ(count("SELECT COUNT(*) FROM content_variant"), 0);

  const std::string good = draft("{{ unsubscribe_url }}");
  const auto started = api_.call("POST", "/campaigns/" + good + "/start",
                                 R"({"override_sender": true, "override_findings": true})");
  ASSERT_EQ(started.status, 200) << started.text;
  EXPECT_EQ(count("SELECT COUNT(*) FROM content_variant"), 2);
  EXPECT_EQ(text_in("SELECT v.subject FROM content_variant t JOIN content_version v"
                    " ON v.id = t.variant_id WHERE t.locale = 'fr'"),
            "Salut");
  // A send-out is found by its subject in any language, and shown with its own.
  const auto found = api_.call("GET", "/send-outs?text=salut");
  ASSERT_EQ(found.json.at("items").as_array().size(), 1u) << found.text;
  EXPECT_EQ(found.json.at("items").at(0).at("subject"), "Dag");
  EXPECT_TRUE(api_.call("GET", "/send-outs?text=salud").json.at("items").as_array().empty());
  // What is made of it has its languages, too.
  const auto again = api_.call("POST", "/campaigns/" + good + "/copy");
  EXPECT_EQ(again.json.at("variants").at(0).at("subject"), "Salut") << again.text;
  const auto corrected =
      api_.call("POST", "/campaigns/" + good + "/correction", R"({"draft": {"subject": "Dag 2"}})");
  ASSERT_EQ(corrected.status, 201) << corrected.text;
  EXPECT_EQ(corrected.json.at("correction").at("draft").at("subject"), "Dag 2");
  EXPECT_EQ(corrected.json.at("correction").at("variants").at(0).at("subject"), "Salut");
  EXPECT_EQ(corrected.json.at("remainder").at("variants").as_array().size(), 1u);
}

}  // namespace
}  // namespace tidings::api
