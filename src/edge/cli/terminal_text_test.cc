#include "edge/cli/terminal_text.h"

#include <cstdlib>

#include <gtest/gtest.h>

namespace tidings::cli {
namespace {

TEST(TerminalText, NothingFromOutsideReachesTheTerminalItself) {
  EXPECT_EQ(harmless("a\x1b[2Jb\r\nc"), "a [2Jb  c");
  EXPECT_EQ(harmless("a\x1b[2Jb\r\nc", true), "a [2Jb\nc");
  EXPECT_EQ(harmless("x\u202Egpj\u2066y\u0085z"), "x gpj y z");
  EXPECT_EQ(harmless("\xff\xc3"), "\uFFFD\uFFFD");
  EXPECT_EQ(harmless("Zażółć 二二 مرحبا"), "Zażółć 二二 مرحبا");
  EXPECT_EQ(harmless(std::string_view("\0", 1)), " ");
  EXPECT_EQ(harmless(""), "");
}

TEST(TerminalText, ColumnsLineUpWhateverTheScript) {
  EXPECT_EQ(display_width("Jäger"), 5u);
  EXPECT_EQ(display_width("Ja\u0308ger"), 5u);
  EXPECT_EQ(display_width("二二"), 4u);
  EXPECT_EQ(fitted("ab", 4), "ab  ");
  EXPECT_EQ(fitted("abcdef", 4), "abc…");
  EXPECT_EQ(fitted("二二二", 4), "二… ");
  EXPECT_EQ(fitted("Ja\u0308ger", 3), "Ja\u0308…");
  EXPECT_EQ(fitted("abc", 3), "abc");
  EXPECT_EQ(fitted("abc", 1), "…");
  EXPECT_EQ(fitted("abc", 0), "");
  EXPECT_EQ(right_aligned("7", 3), "  7");
  EXPECT_EQ(right_aligned("7777", 3), "7777");
  for (std::size_t width = 1; width < 12; ++width) {
    EXPECT_EQ(display_width(fitted("a二b\u0308二c\xffäx二", width)), width);
  }
}

TEST(TerminalText, NumbersAreGrouped) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(grouped(-1234), "-1,234");
  EXPECT_EQ(grouped(-123), "-123");
}

TEST(TerminalText, TimesNameTheirZone) {
  ::setenv("TZ", "Europe/Amsterdam", 1);
  const Instant summer = Instant(std::chrono::sys_days{std::chrono::year{2026} / 7 / 1});
  EXPECT_EQ(local_time(summer), "2026-07-01 02:00 CEST");
  EXPECT_EQ(local_time(summer + std::chrono::days(180), true), "2026-12-28 01:00:00 CET");
  ::unsetenv("TZ");
}

}  // namespace
}  // namespace tidings::cli
