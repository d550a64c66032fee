#include "edge/http/public_pages.h"

#include <regex>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "edge/http/html_text.h"
#include "edge/http/subscription_pages.h"

namespace tidings::http {
namespace {

constexpr std::string_view kAttack = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&";

feedback::Subscription hostile() {
  return {.organisation_name = std::string(kAttack) + " {address}",
          .masked_address = std::string(kAttack) + "{org}",
          .is_unsubscribed = false};
}

TEST(EscapeHtml, every_dangerous_character_and_broken_byte_is_harmless) {
  EXPECT_EQ(escape_html("<a href=\"x\" b='y'>&"),
            "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;");
  EXPECT_EQ(escape_html("Łódź 日本 🎉\n"), "Łódź 日本 🎉\n");
  EXPECT_EQ(escape_html(std::string("a\0b\x1b\x7f", 5)),
            "a\xef\xbf\xbd"
            "b\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(escape_html("\xc0\xbc\xff\xed\xa0\x80<"),
            "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd&lt;");
  EXPECT_EQ(escape_html("\xe2\x82"), "\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(PublicPages, hostile_names_and_addresses_stay_text) {
  const auto& texts = choose_texts({"fr"}, "");
  for (const auto page :
       {SubscriptionPage::ask, SubscriptionPage::done, SubscriptionPage::undone}) {
    const auto response = subscription_page({texts, hostile(), "T", ""}, page);
    EXPECT_EQ(response.body.find("<script"), std::string::npos);
    EXPECT_EQ(response.body.find("<img"), std::string::npos);
    EXPECT_NE(response.body.find("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&gt;"),
              std::string::npos);
    EXPECT_NE(response.body.find("{address}"), std::string::npos) << "values are not filled again";
  }
  EXPECT_EQ(home_page({.organisation_name = kAttack, .data_folder = kAttack}).body.find("<script"),
            std::string::npos);
  EXPECT_EQ(refusal_page(404, kAttack).body.find("<script"), std::string::npos);
}

TEST(PublicPages, the_policy_allows_the_pages_own_style_and_nothing_else) {
  const auto response =
      subscription_page({choose_texts({}, ""), hostile(), "T", ""}, SubscriptionPage::ask);
  const auto begin = response.body.find("<style>") + 7;
  const auto style = response.body.substr(begin, response.body.find("</style>") - begin);
  const std::string policy(response.header("Content-Security-Policy"));
  EXPECT_NE(policy.find("style-src 'sha256-" + to_base64(sha256(style)) + "'"), std::string::npos);
  for (const auto* part :
       {"default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"}) {
    EXPECT_NE(policy.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  // Nothing in the page that the policy would have to block.
  for (const auto* part : {"style=", "http://", "https://", "url(", "@import", " on"}) {
    const auto plain =
        subscription_page({choose_texts({}, ""), {}, "T", ""}, SubscriptionPage::done).body;
    if (std::string_view(part) == " on") {
      EXPECT_FALSE(std::regex_search(plain, std::regex("<[^>]* on[a-z]+=")));
    } else {
      EXPECT_EQ(plain.find(part), std::string::npos) << part;
    }
  }
}

TEST(PublicPages, asking_has_one_button_and_doing_offers_the_way_back) {
  const auto count = [](const std::string& text, const std::string& what) {
    std::size_t found = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
    return found;
  };
  const auto& texts = choose_texts({"nl"}, "");
  const feedback::Subscription subscription{.organisation_name = "School",
                                            .masked_address = "j•••@example.org"};
  const auto ask = subscription_page({texts, subscription, "T", ""}, SubscriptionPage::ask).body;
  EXPECT_EQ(count(ask, "<button"), 1u);
  EXPECT_EQ(count(ask, "value=\"unsubscribe\""), 1u);
  EXPECT_NE(ask.find("<html lang=\"nl\">"), std::string::npos);
  const auto done = subscription_page({texts, subscription, "T", ""}, SubscriptionPage::done).body;
  EXPECT_EQ(count(done, "<button"), 1u);
  EXPECT_EQ(count(done, "value=\"resubscribe\""), 1u);
}

feedback::Subscription with_topics(std::string name) {
  feedback::Subscription shown = hostile();
  shown.topic_name = name;
  for (const int id : {7, 8}) {
    consent::Preference line;
    line.topic.id = TopicId{id};
    line.topic.name = name;
    line.topic.description = name;
    line.topic.is_essential = id == 8;
    line.email = true;
    shown.preferences.lines.push_back(line);
  }
  consent::Preference others;
  others.topic.id = kOtherTopics;
  others.email = false;
  others.sms = true;
  shown.preferences.lines.push_back(others);
  return shown;
}

TEST(PreferencePage, hostile_topics_stay_text_and_the_choices_are_there) {
  const auto shown = with_topics(std::string(kAttack) + "{topic}");
  const auto page = preferences_page({choose_texts({"en"}, ""), shown, "T", "../m/x/l.png"},
                                     PreferencesNotice::saved, {{TopicId{7}, Channel::email}});
  EXPECT_EQ(page.body.find("<script"), std::string::npos);
  EXPECT_EQ(page.body.find("<img src=x"), std::string::npos);
  const std::string news = "email:" + to_text(TopicId{7});
  EXPECT_NE(page.body.find("name=\"on\" value=\"" + news + "=1\" checked"), std::string::npos);
  EXPECT_NE(page.body.find("name=\"on\" value=\"email:other=1\">"), std::string::npos);
  EXPECT_NE(page.body.find("name=\"was\" value=\"" + news + "=0\""), std::string::npos);
  EXPECT_EQ(page.body.find(to_text(TopicId{8})), std::string::npos) << "essential: no choice";
  EXPECT_EQ(page.body.find("sms:"), std::string::npos) << "nothing is sent by text";
  EXPECT_NE(page.body.find("Always sent"), std::string::npos);
}

TEST(PreferencePage, choices_survive_the_form) {
  const std::vector<consent::Choice> choices = {{TopicId{7}, Channel::email, true},
                                                {kOtherTopics, Channel::sms, false}};
  EXPECT_EQ(choices_from_form(to_form(choices[0]) + "," + to_form(choices[1])), choices);
  for (const auto* bad : {"", ",,,", "email", "email:", "email:0", "fax:other=1", "email:-1=1",
                          "email:%00=1", ":=", "email:0000000000000=1"}) {
    EXPECT_TRUE(choices_from_form(bad).empty()) << bad;
  }
  EXPECT_EQ(choices_from_form(std::string(100'000, ',')).size(), 0u);
  std::string many;
  for (int i = 0; i < 5'000; ++i) many += "email:other=1,";
  EXPECT_EQ(choices_from_form(many).size(), 1'000u);
}

TEST(SubscriptionPage, about_a_topic_there_are_two_ways_and_the_link_to_choose) {
  const auto shown = with_topics("News");
  const SubscriptionView view{choose_texts({"en"}, ""), shown, "TOKEN", ""};
  const auto ask = subscription_page(view, SubscriptionPage::ask).body;
  for (const auto* part :
       {"value=\"topic\"", "value=\"everything\"", ">Only News<", "href=\"../p/TOKEN\""}) {
    EXPECT_NE(ask.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(shown_words({choose_texts({"en"}, ""), shown, "", ""}, "To <strong>{topic}</strong>?",
                        "Only {topic}"),
            "To News? [Only News]");
  auto essential = shown;
  essential.is_essential = true;
  const auto page =
      subscription_page({choose_texts({"en"}, ""), essential, "T", ""}, SubscriptionPage::ask);
  EXPECT_EQ(page.body.find("<form"), std::string::npos);
}

TEST(PublicTexts, the_contacts_language_goes_before_the_browsers) {
  EXPECT_EQ(choose_texts({"nl-BE"}, "fr").language, "nl");
  EXPECT_EQ(choose_texts({"PL_pl"}, "fr").language, "pl");
  EXPECT_EQ(choose_texts({""}, "fr").language, "fr");
  EXPECT_EQ(choose_texts({"ja", "fr"}, "").language, "fr");
  EXPECT_EQ(choose_texts({"ja"}, "xx").language, "en");
  EXPECT_EQ(choose_texts({}, "").language, "en");
}

TEST(PublicTexts, accept_language_is_weighed) {
  EXPECT_EQ(choose_texts({}, "de-DE,de;q=0.9,pl;q=0.4,nl;q=0.7").language, "nl");
  EXPECT_EQ(choose_texts({}, "fr;q=0.5, en-GB ; q=0.8").language, "en");
  EXPECT_EQ(choose_texts({}, "fr;q=0, nl;q=0.001").language, "nl");
  EXPECT_EQ(choose_texts({}, "fr;q=0").language, "en");
  EXPECT_EQ(choose_texts({}, ",,;;q=,fr;q=x, , *").language, "en");
  EXPECT_EQ(choose_texts({}, std::string(10000, ',')).language, "en");
}

TEST(PublicTexts, every_language_says_everything_with_both_values) {
  std::set<std::string_view> titles;
  for (const auto* locale : {"en", "nl", "pl", "fr"}) {
    const auto& texts = choose_texts({locale}, "");
    EXPECT_EQ(texts.language, locale);
    titles.insert(texts.done_title);
    for (const auto text : {texts.ask_text, texts.done_text, texts.undone_text}) {
      EXPECT_NE(text.find("{org}"), std::string_view::npos) << text;
      EXPECT_NE(text.find("{address}"), std::string_view::npos) << text;
    }
    for (const auto text : {texts.ask_topic_text, texts.topic_button, texts.done_topic_text,
                            texts.undone_topic_text, texts.essential_text}) {
      EXPECT_NE(text.find("{topic}"), std::string_view::npos) << text;
    }
    EXPECT_NE(texts.choose_text.find("{org}"), std::string_view::npos);
    for (const auto text : {texts.ask_title,
                            texts.ask_note,
                            texts.unsubscribe_button,
                            texts.undo_question,
                            texts.undo_button,
                            texts.undone_title,
                            texts.invalid_title,
                            texts.invalid_text,
                            texts.invalid_reading_text,
                            texts.trouble_title,
                            texts.trouble_text,
                            texts.everything_button,
                            texts.essential_title,
                            texts.choose_link,
                            texts.choose_title,
                            texts.mailings,
                            texts.others,
                            texts.others_text,
                            texts.always,
                            texts.email,
                            texts.sms,
                            texts.save_button,
                            texts.nothing_button,
                            texts.saved,
                            texts.restored,
                            texts.undo_choice_button}) {
      EXPECT_FALSE(text.empty()) << locale;
    }
  }
  EXPECT_EQ(titles.size(), 4u);
}

}  // namespace
}  // namespace tidings::http
