#include "wire/web_link.h"

#include <gtest/gtest.h>

namespace tidings::wire {
namespace {

TEST(WebLink, IsTakenAsABrowserWouldFollowIt) {
  EXPECT_EQ(web_link("https://example.org/a?b=c#d"), "https://example.org/a?b=c#d");
  EXPECT_EQ(web_link("  \nHTTP://example.org\t"), "HTTP://example.org");
  EXPECT_EQ(web_link("https://example.org/a\r\nb"), "https://example.org/ab");
  EXPECT_EQ(web_link("https://example.org/a b"), "https://example.org/a%20b");
  EXPECT_EQ(web_link("https://münchen.example/ü"), "https://m%C3%BCnchen.example/%C3%BC");
  EXPECT_EQ(web_link("https://[2001:db8::1]:8080/"), "https://[2001:db8::1]:8080/");
}

TEST(WebLink, IsNothingThatLeadsElsewhereThanTheWeb) {
  for (const char* text :
       {"", "#top", "/a", "//example.org/a", "mailto:a@example.org", "tel:+31", "sms:+31",
        "javascript:alert(1)", "data:text/html,x", "https:example.org", "https://", "https:///a",
        "ftp://example.org/", "https://:80/", "https://?q", "h\tttps://", "cid:1", "https:// /"}) {
    EXPECT_EQ(web_link(text), std::nullopt) << text;
  }
}

TEST(WebLink, WithAUserNameOrPasswordIsLeftAlone) {
  EXPECT_EQ(web_link("https://anna:secret@example.org/"), std::nullopt);
  EXPECT_EQ(web_link("https://example.org@evil.example/"), std::nullopt);
  EXPECT_EQ(web_link("https://example.org/@anna"), "https://example.org/@anna");
}

TEST(WebLink, HasABound) {
  const std::string start = "https://example.org/";
  EXPECT_TRUE(web_link(start + std::string(kWebLinkMax - start.size(), 'a')));
  EXPECT_FALSE(web_link(start + std::string(kWebLinkMax - start.size() + 1, 'a')));
}

TEST(WebLink, NeverHoldsWhatCouldEndAHeaderField) {
  for (int c = 0; c < 256; ++c) {
    const auto link = web_link(std::string("https://example.org/a") + static_cast<char>(c) + "b");
    ASSERT_TRUE(link) << c;
    for (const char each : *link) EXPECT_TRUE(each > 0x20 && each < 0x7f) << c;
  }
}

TEST(WebLink, ItsHostIsWholeOnlyWhereSomethingEndsIt) {
  EXPECT_EQ(host_end("https://example.org/a"), 19U);
  EXPECT_EQ(host_end("https://example.org?a"), 19U);
  EXPECT_EQ(host_end("http://example.org#a"), 18U);
  for (const char* text :
       {"https://example.org", "https://example.org\\a", "https://a@b/", "https:///a",
        "https://\x01\x01#a", "https://a b/", "mailto:a@b/", "example.org/a", ""}) {
    EXPECT_EQ(host_end(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace tidings::wire
