#include "wire/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tidings::wire {
namespace {

using ::testing::ElementsAre;

TEST(Url, percent_coding_goes_there_and_back) {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
  EXPECT_EQ(percent_encode("a-Z.0_~ /é"), "a-Z.0_~%20%2F%C3%A9");
}

TEST(Url, a_broken_escape_is_refused) {
  for (const auto* bad : {"%", "%4", "a%", "%zz", "%4g", "%%41"}) {
    EXPECT_FALSE(percent_decode(bad)) << bad;
  }
  EXPECT_EQ(percent_decode("%41%6a"), "Aj");
  EXPECT_EQ(percent_decode("a+b"), "a+b");
}

TEST(Url, a_target_is_split_at_the_first_question_mark) {
  const auto target = parse_request_target("/u/x?a=1?b");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/u/x");
  EXPECT_EQ(target->query, "a=1?b");
  EXPECT_EQ(parse_request_target("/")->query, "");
}

TEST(Url, the_absolute_form_of_a_proxy_is_understood) {
  EXPECT_EQ(parse_request_target("http://example.test/u/x?y")->path, "/u/x");
  EXPECT_EQ(parse_request_target("http://example.test/u/x?y")->query, "y");
  EXPECT_EQ(parse_request_target("http://example.test")->path, "/");
  EXPECT_EQ(parse_request_target("http://example.test?y")->query, "y");
}

TEST(Url, what_is_no_target_of_ours_is_refused) {
  for (const auto* bad : {"", "*", "example.test:443", "u/x", "http://", "http:///x", "/a b",
                          "/a#b", "/a\tb", "/\x7f", "/caf\xc3\xa9", "/<script>", "ftp://x/"}) {
    EXPECT_FALSE(parse_request_target(bad)) << bad;
  }
}

TEST(Url, segments_are_decoded_one_by_one) {
  EXPECT_THAT(*split_path("/"), ElementsAre(""));
  EXPECT_THAT(*split_path("/a/b%2Fc"), ElementsAre("a", "b/c"));
  EXPECT_THAT(*split_path("/a/"), ElementsAre("a", ""));
  EXPECT_THAT(*split_path("//a"), ElementsAre("", "a"));
  EXPECT_THAT(*split_path("/%2e%2e/x"), ElementsAre("..", "x"));
  EXPECT_FALSE(split_path("/%00"));
  EXPECT_FALSE(split_path("/%"));
  EXPECT_FALSE(split_path(""));
}

}  // namespace
}  // namespace tidings::wire
