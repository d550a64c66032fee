#include "base/text.h"

#include <gtest/gtest.h>

namespace tidings {
namespace {

TEST(Text, is_trimmed_at_its_ends_only) {
  EXPECT_EQ(trimmed("  a b\r\n"), "a b");
  EXPECT_EQ(trimmed(" \t\r\n\v\f"), "");
  EXPECT_EQ(trimmed(""), "");
  EXPECT_EQ(trimmed("\n a \t", kBlanks), "\n a");
}

TEST(Text, only_ascii_letters_become_small) {
  EXPECT_EQ(lower("AZaz09-É"), "azaz09-É");
  EXPECT_EQ(lower('@'), '@');
  EXPECT_EQ(lower('['), '[');
}

TEST(Text, the_distance_counts_letters_added_taken_and_changed) {
  EXPECT_EQ(edit_distance("", "", 9), 0U);
  EXPECT_EQ(edit_distance("kitten", "sitting", 9), 3U);
  EXPECT_EQ(edit_distance("sitting", "kitten", 9), 3U);
  EXPECT_EQ(edit_distance("abc", "", 9), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting", 2), 2U);
}

TEST(Text, a_very_long_text_is_like_nothing) {
  EXPECT_EQ(edit_distance(std::string(101, 'a'), "a", 4), 4U);
}

}  // namespace
}  // namespace tidings
