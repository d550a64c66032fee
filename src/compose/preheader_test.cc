#include "compose/preheader.h"

#include <gtest/gtest.h>

namespace tidings::compose {
namespace {

// What was put in, and where; fails when anything else changed.
struct Inserted {
  std::size_t at = 0;
  std::string element;
};
Inserted inserted(std::string_view html, std::string_view preheader) {
  const std::string result = with_preheader(html, preheader);
  const auto at = result.find("<div style=\"display:none");
  EXPECT_NE(at, std::string::npos);
  const std::size_t size = result.size() - html.size();
  EXPECT_EQ(result.substr(0, at) + result.substr(at + size), html) << "other bytes changed";
  return {at, result.substr(at, size)};
}

TEST(Preheader, StandsBehindTheOpeningBodyAndChangesNothingElse) {
  const std::string_view html =
      "<!DOCTYPE html>\r\n<html><head><title><body></title></head>\r\n"
      "<!--[if mso]><body class=\"mso\"><![endif]-->\r\n"
      "<BODY class=\"a > b\" {% if x %}id='{{ \"y\" }}'{% endif %}>\r\n\t<p>Hi</p></BODY></html>\n";
  const auto one = inserted(html, "News");
  EXPECT_TRUE(html.substr(0, one.at).ends_with("{% endif %}>"));
  EXPECT_NE(one.element.find(">News&#847;"), std::string::npos);
}

TEST(Preheader, FindsAPlaceWithoutBody) {
  EXPECT_EQ(inserted("<p>Hi</p>", "x").at, 0U);
  EXPECT_EQ(inserted("<html><head></head><p>Hi</p>", "x").at, 19U);
  EXPECT_EQ(inserted("<html lang=nl><p>Hi</p>", "x").at, 14U);
  EXPECT_EQ(inserted(" <!DocType html><p>Hi</p>", "x").at, 16U);
  EXPECT_EQ(inserted("<!doctype", "x").at, 0U);
  EXPECT_EQ(inserted("   ", "x").at, 0U);
}

TEST(Preheader, IsTextForItsAuthorAndLiquidForItsTags) {
  const auto one =
      inserted("<body>", "R&D <b> {{ contact.name | default: \"<you>\" }} {% if a<b %}");
  EXPECT_NE(
      one.element.find("R&amp;D &lt;b&gt; {{ contact.name | default: \"<you>\" }} {% if a<b %}"),
      std::string::npos);
}

TEST(Preheader, NoneOrNoHtmlChangesNothing) {
  EXPECT_EQ(with_preheader("<p>\r\n", ""), "<p>\r\n");
  EXPECT_EQ(with_preheader("", "x"), "");
}

}  // namespace
}  // namespace tidings::compose
