#include "feedback/reading/bounce_rules.h"

#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/text.h"

namespace tidings::feedback {
namespace {

// What a row's words may look like in a reply.
std::string spoken(std::string_view words) {
  std::string made;
  for (const char c : words) made += c == '*' ? std::string(" some ") : std::string(1, c);
  return made;
}

TEST(BounceRules, EachRowIsNormalisedAndFound) {
  for (const auto rules : {exact_refusal_rules(), exact_failure_rules()}) {
    std::set<std::string_view> seen;
    for (const BounceRule& rule : rules) {
      EXPECT_EQ(normalised_words(rule.words, 500), rule.words);
      EXPECT_TRUE(find_exact_reason("550 x " + spoken(rule.words) + " y")) << rule.words;
      EXPECT_TRUE(seen.insert(rule.words).second) << rule.words << " stands there twice";
      EXPECT_FALSE(rule.source.empty());
    }
  }
  for (const BounceRule& rule : vague_bounce_rules()) {
    EXPECT_TRUE(find_vague_reason(spoken(rule.words))) << rule.words;
  }
}

TEST(BounceRules, ARefusalStandsBeforeADeadAddress) {
  EXPECT_EQ(find_exact_reason("blocked using zen.spamhaus.org; user unknown"),
            BounceReason::blocked);
  EXPECT_EQ(find_exact_reason("user unknown"), BounceReason::user_unknown);
  EXPECT_EQ(find_exact_reason("user kim@example.org unknown"), BounceReason::user_unknown);
  EXPECT_EQ(find_exact_reason("user " + std::string(60, 'x') + " unknown"), std::nullopt);
  EXPECT_EQ(find_exact_reason(""), std::nullopt);
  EXPECT_EQ(find_exact_reason("use"), std::nullopt);
}

TEST(BounceRules, CodesRepeatedInALongReplyAreLeftOut) {
  EXPECT_EQ(normalised_words("550-5.7.1 [192.0.2.1] This message is likely 550-5.7.1\n suspicious "
                             "550 5.7.1 x 550-and  so\ton",
                             500),
            "[192.0.2.1] this message is likely suspicious x and so on");
  EXPECT_EQ(normalised_words("It\xE2\x80\x99s  FULL", 500), "it's full");
  EXPECT_EQ(normalised_words("abcdef", 3), "abc");
}

TEST(BounceRules, StatusCodesSayNothingTwice) {
  std::set<std::string_view> seen;
  for (const StatusRule& rule : status_rules()) {
    EXPECT_TRUE(seen.insert(rule.subject_detail).second) << rule.subject_detail;
  }
  EXPECT_EQ(find_status_reason("5.1.1"), BounceReason::user_unknown);
  EXPECT_EQ(find_status_reason("4.2.2"), BounceReason::mailbox_full);
  for (const std::string_view says_nothing : {"", "5", "5.0.0", "5.7.1", "9.9.9"}) {
    EXPECT_EQ(find_status_reason(says_nothing), std::nullopt);
  }
}

TEST(BounceReasons, OnlyDeadAddressesAreHardForARecipient) {
  for (std::size_t i = 0; i < kBounceReasons; ++i) {
    const auto reason = static_cast<BounceReason>(i);
    EXPECT_EQ(parse_bounce_reason(to_string(reason)), reason);
    EXPECT_FALSE(plain_words(reason).empty());
    const bool is_hard = severity_of(reason, false) == Severity::hard;
    const bool is_dead = reason == BounceReason::user_unknown || reason == BounceReason::has_moved;
    EXPECT_EQ(is_hard && scope_of(reason) == BounceScope::recipient, is_dead);
    EXPECT_NE(severity_of(reason, true), Severity::hard);
  }
}

}  // namespace
}  // namespace tidings::feedback
