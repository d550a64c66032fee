#include "wire/html_scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tidings::wire {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> tags(std::string_view html) {
  std::vector<std::string> list;
  scan_html(html, [&](const HtmlTag& tag) {
    std::string words = (tag.is_end_tag ? "/" : "") + tag.name;
    for (const auto& attribute : tag.attributes) {
      words += ' ';
      words += attribute.name;
      words += '=';
      words += attribute.value;
    }
    list.push_back(words);
    EXPECT_EQ(html[tag.begin], '<');
    EXPECT_EQ(html[tag.end - 1], '>');
  });
  return list;
}

TEST(HtmlScan, ReadsTagsAndAttributesInEverySpelling) {
  EXPECT_THAT(tags("<A HREF='x y' id=z checked><br/></A>"),
              ElementsAre("a HREF=x y id=z checked=", "br", "/a"));
  EXPECT_THAT(tags("<img alt = \"a > b\" src=\"i.png\"/>"), ElementsAre("img alt=a > b src=i.png"));
}

TEST(HtmlScan, PassesOverCommentsAndWhatIsNoHtml) {
  EXPECT_THAT(tags("<!--[if mso]><table><![endif]--><p><!-- <a href=x> --></p>"),
              ElementsAre("p", "/p"));
  EXPECT_THAT(tags("<!doctype html><style>a > b { } /* <a> */</style><b>"),
              ElementsAre("style", "/style", "b"));
  EXPECT_THAT(tags("<script>if (a<b) '<i>'</SCRIPT><b>"), ElementsAre("script", "/script", "b"));
  EXPECT_THAT(tags("<![if !mso]><p><![endif]>"), ElementsAre("p"));
}

TEST(HtmlScan, PassesOverLiquidWhereverItStands) {
  EXPECT_THAT(tags("{% if a < b %}<p>{{ '<i>' }}</p>{% endif %}"), ElementsAre("p", "/p"));
  EXPECT_THAT(tags(R"(<a href="{{ x | default: "y" }}" {% if z %}class="q"{% endif %}>)"),
              ElementsAre(R"(a href={{ x | default: "y" }} class=q)"));
  EXPECT_THAT(tags("{% comment %}<a href=x>{% comment %}{% endcomment %}<i>{%- endcomment -%}<b>"),
              ElementsAre("b"));
}

TEST(HtmlScan, HostileEndsAreEnds) {
  for (const std::string_view html : {"<",
                                      "</",
                                      "<a",
                                      "<a href",
                                      "<a href=",
                                      "<a href='",
                                      "<a href='x",
                                      "{{",
                                      "{%",
                                      "<!--",
                                      "<!",
                                      "<a {{",
                                      "<style>",
                                      "<style><",
                                      "{% comment %}",
                                      "{% comment %}{%",
                                      "<a href=\"{{\">",
                                      "a<b and c>d",
                                      "<1>",
                                      "< p>"}) {
    EXPECT_THAT(tags(html).size(), testing::Le(1U)) << html;
  }
  EXPECT_THAT(tags("a < b"), IsEmpty());
  // The brace is no Liquid when nothing closes it.
  EXPECT_THAT(tags("<a href=\"{{\">"), ElementsAre("a href={{"));
}

TEST(HtmlScan, LongRowsOfOpeningsAreLinear) {
  std::string braces;
  for (int i = 0; i < 200'000; ++i) braces += "{{<a <!--{%";
  tags(braces);
  tags(braces + "-->");
  std::string raw;
  for (int i = 0; i < 200'000; ++i) raw += "<style></x";
  tags(raw);
  tags(raw + "}}%}");
}

TEST(HtmlScan, PlacesCountLinesAndCharacters) {
  const std::string text = "a\r\n\u00e9\u00e9<b>";
  const auto place = place_at(text, text.find('<'));
  EXPECT_EQ(place.line, 2);
  EXPECT_EQ(place.column, 3);
  EXPECT_EQ(place_at(text, 10'000).line, 2);
}

TEST(HtmlScan, DecodesTheUsualReferences) {
  EXPECT_EQ(decode_references("a&amp;b&#x6a;&#106&lt;&unknown;&#;&#x;&"),
            "a&bjj<&unknown;&#;&#x;&");
  EXPECT_EQ(decode_references("&#99999999999;&#0;"), "\ufffd\ufffd");
}

}  // namespace
}  // namespace tidings::wire
