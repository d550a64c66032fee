#include "domain/locale_choice.h"

#include <vector>

#include <gtest/gtest.h>

namespace tidings {
namespace {

// "own", or the language chosen.
std::string chosen(std::string_view own, const std::vector<std::string>& others,
                   std::string_view wanted) {
  const auto at = choose_locale(own, others, wanted);
  return at ? others.at(*at) : "own";
}

TEST(LocaleChoice, ExactlyThatLocaleGoesBeforeItsLanguageAndThatBeforeACousin) {
  EXPECT_EQ(chosen("en", {"nl-NL", "nl", "nl-BE"}, "nl-BE"), "nl-BE");
  EXPECT_EQ(chosen("en", {"nl-NL", "nl", "nl-BE"}, "nl-SR"), "nl");
  EXPECT_EQ(chosen("en", {"fr", "nl-NL"}, "nl-BE"), "nl-NL");
  EXPECT_EQ(chosen("en", {"nl"}, "NL_be"), "nl");
  EXPECT_EQ(chosen("en", {"nl-BE"}, "nl_be"), "nl-BE");
}

TEST(LocaleChoice, TheMessageItselfIsForItsOwnLanguageAndForWhomNothingFits) {
  EXPECT_EQ(chosen("nl", {"nl-BE", "fr"}, "nl-SR"), "own");
  EXPECT_EQ(chosen("nl-NL", {"nl-BE", "fr"}, "nl"), "own");
  EXPECT_EQ(chosen("nl-NL", {"nl", "fr"}, "nl"), "nl") << "exactly that one is there";
  EXPECT_EQ(chosen("nl", {"fr"}, "pl"), "own");
  EXPECT_EQ(chosen("nl", {"fr"}, ""), "own");
  EXPECT_EQ(chosen("", {"fr"}, ""), "own");
  EXPECT_EQ(chosen("", {"fr"}, "fr-CH"), "fr");
  EXPECT_EQ(chosen("en", {}, "fr"), "own");
  EXPECT_EQ(chosen("en", {"fro"}, "fr"), "own") << "another language that begins alike";
}

}  // namespace
}  // namespace tidings
