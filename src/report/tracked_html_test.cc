#include "report/tracked_html.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "wire/signed_token.h"

namespace tidings::report {
namespace {

const std::string kToken = wire::TokenSigner(1, std::string(wire::kTokenKeyBytes, 'k'))
                               .sign(MessageId{42})
                               .url(wire::TokenPurpose::track);

std::string link(std::string_view path, std::string_view inside = "there") {
  return fmt::format("<a class=x href=\"https://post.example/{}\">{}</a>", path, inside);
}
// The marks taken out again: what is left is what was given.
std::string without_marks(std::string html) {
  for (;;) {
    const auto begin = html.find("<span style=\"all:initial");
    if (begin == std::string::npos) return html;
    const auto end = html.find("</span>", begin);
    html.erase(begin, end + 7 - begin);
  }
}

TEST(ClickMarks, StandBehindTheStartTagAndChangeNothingElse) {
  const std::string html = "<p>" + link("c/" + kToken + "/0abc/1") + " and " +
                           link("c/" + kToken + "/0abc/2", "<img src=x>") + "</p>";
  const std::string marked = with_click_marks(html, {{1, 1'234}, {2, 0}});
  EXPECT_EQ(without_marks(marked), html);
  const auto first = marked.find(">1234</span>there</a>");
  const auto second = marked.find(">0</span><img src=x></a>");
  ASSERT_NE(first, std::string::npos) << marked;
  ASSERT_NE(second, std::string::npos) << marked;
  EXPECT_LT(first, second);
}

TEST(ClickMarks, OfTotalsToo) {
  EXPECT_TRUE(with_click_marks(link("ct/" + kToken + "/7"), {{7, 3}}).contains(">3</span>"));
}

TEST(ClickMarks, OnlyAtLinksThatLeadThroughUs) {
  for (const std::string& path :
       {std::string("c/short/0abc/1"), "c/" + kToken + "/1", "c/" + kToken + "/0abc/9",
        "c/" + kToken + "/0abc/1x", "c/" + kToken + "/0abc/", "d/" + kToken + "/0abc/1",
        std::string("1"), std::string()}) {
    EXPECT_EQ(with_click_marks(link(path), {{1, 5}}), link(path));
  }
  const std::string quoted = "<!-- " + link("c/" + kToken + "/0abc/1") + " --><b href=\"c\">";
  EXPECT_EQ(with_click_marks(quoted, {{1, 5}}), quoted);
  EXPECT_EQ(with_click_marks("", {{1, 5}}), "");
}

TEST(TrackedImage, IsEmptyAndNothingElseChanges) {
  const auto tokens = wire::TokenSigner(1, std::string(32, 'k')).sign(MessageId{5});
  const std::string ours = tokens.url(wire::TokenPurpose::track);
  const auto page = [](const std::string& source) {
    return fmt::format("<p>a</p><IMG alt=x SRC='{}' width=1>\r\n<a href=\"{}\">b</a>", source,
                       source);
  };
  for (const std::string& source :
       {"https://t.example/o/" + ours + ".gif", "https://t.example/x/ot/" + ours + ".gif"}) {
    const std::string without = without_tracked_image(page(source));
    EXPECT_EQ(without.find(source), without.rfind(source)) << "the link stays";
    EXPECT_NE(without.find("<IMG alt=x SRC='data:image/gif;base64,"), std::string::npos);
    EXPECT_TRUE(without.ends_with(fmt::format(" width=1>\r\n<a href=\"{}\">b</a>", source)));
  }
  for (const std::string& source :
       {"https://t.example/o/" + tokens.url(wire::TokenPurpose::view) + ".gif",
        "https://t.example/m/" + ours + ".gif", "https://t.example/o/" + ours + ".png",
        std::string("https://t.example/o/x.gif"), std::string(".gif"), std::string()}) {
    EXPECT_EQ(without_tracked_image(page(source)), page(source));
  }
}

}  // namespace
}  // namespace tidings::report
