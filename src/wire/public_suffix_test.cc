#include "wire/public_suffix.h"

#include <gtest/gtest.h>

namespace tidings::wire {
namespace {

TEST(PublicSuffix, an_organisation_begins_below_a_public_suffix) {
  EXPECT_EQ(organisational_domain("mail.example.co.uk"), "example.co.uk");
  EXPECT_EQ(organisational_domain("example.org"), "example.org");
  EXPECT_EQ(organisational_domain("a.b.c.example.org"), "example.org");
  EXPECT_EQ(organisational_domain("co.uk"), "co.uk");
  EXPECT_EQ(organisational_domain("school.example"), "school.example") << "a suffix nobody lists";
  EXPECT_EQ(organisational_domain("xn--mgbh0fb.xn--kgbechtv"), "xn--mgbh0fb.xn--kgbechtv");
  EXPECT_EQ(organisational_domain(""), "");
}

TEST(PublicSuffix, what_everybody_registers_under_is_one) {
  for (const std::string_view suffix : {"org", "co.uk", "github.io", "example"}) {
    EXPECT_TRUE(is_public_suffix(suffix)) << suffix;
  }
  for (const std::string_view own : {"example.org", "example.co.uk", "me.github.io"}) {
    EXPECT_FALSE(is_public_suffix(own)) << own;
  }
}

TEST(PublicSuffix, a_name_is_within_itself_and_its_parents) {
  EXPECT_TRUE(is_within("example.org", "example.org"));
  EXPECT_TRUE(is_within("a.b.example.org", "example.org"));
  EXPECT_FALSE(is_within("badexample.org", "example.org"));
  EXPECT_FALSE(is_within("example.org", "mail.example.org"));
}

}  // namespace
}  // namespace tidings::wire
