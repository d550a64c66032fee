#include "compose/variants.h"

#include <gtest/gtest.h>

namespace tidings::compose {
namespace {

LocalisedDraft languages(std::string own, std::vector<std::string> others) {
  LocalisedDraft content;
  content.draft.locale = own;
  content.draft.subject = "own";
  content.draft.reply_to = "office@example.org";
  for (std::string& locale : others) content.variants.push_back({locale, locale, "", "", ""});
  return content;
}
std::string chosen(const LocalisedDraft& content, std::string_view locale) {
  const Draft draft = draft_for_locale(content, locale);
  EXPECT_EQ(draft.reply_to, "office@example.org") << "what is not language stays";
  return draft.subject;
}

TEST(Variants, TheExactLanguageIsTakenBeforeItsCousins) {
  const auto content = languages("en", {"nl", "nl-BE", "fr"});
  EXPECT_EQ(chosen(content, "nl-BE"), "nl-BE");
  EXPECT_EQ(chosen(content, "NL-be"), "nl-BE");
  EXPECT_EQ(chosen(content, "nl-SR"), "nl");
  EXPECT_EQ(chosen(content, "nl"), "nl");
  EXPECT_EQ(chosen(content, "fr-CA"), "fr");
}

TEST(Variants, WhoSpeaksNoneOfThemGetsTheDraft) {
  const auto content = languages("en", {"nl", "fr-BE"});
  EXPECT_EQ(chosen(content, "pl"), "own");
  EXPECT_EQ(chosen(content, ""), "own");
  EXPECT_EQ(chosen(content, "en-GB"), "own");
  EXPECT_EQ(chosen(content, "fr"), "fr-BE") << "Belgian French is French";
  EXPECT_EQ(chosen(languages("", {"nl"}), "nl"), "nl");
  EXPECT_EQ(chosen(languages("nl", {"nl-BE"}), "nl-SR"), "own");
}

}  // namespace
}  // namespace tidings::compose
