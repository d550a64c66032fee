// Campaigns in several languages through the API.
#include <boost/json.hpp>
#include <string>

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

}  // namespace
}  // namespace tidings::api
