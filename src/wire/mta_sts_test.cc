#include "wire/mta_sts.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tidings::wire {
namespace {

TEST(MtaSts, TheRecordHasAnId) {
  EXPECT_EQ(read_sts_id({"v=STSv1; id=20160831085700Z;"}), "20160831085700Z");
  EXPECT_EQ(read_sts_id({"spf", "v=STSv1;id=a"}), "a");
  EXPECT_EQ(read_sts_id({"v=STSv1 ; other=x; id = b ;"}), "b");
}

TEST(MtaSts, NoneOrTwoRecordsAreNoPolicy) {
  EXPECT_FALSE(read_sts_id({}));
  EXPECT_FALSE(read_sts_id({"v=spf1 -all"}));
  EXPECT_FALSE(read_sts_id({"v=STSv1; id=a;", "v=STSv1; id=b;"}));
  for (const std::string wrong :
       {"v=STSv1;", "v=STSv1; id=;", "v=STSv1; id=a-b", "v=STSv2; id=a", "id=a; v=STSv1",
        "v=STSv1; id=012345678901234567890123456789012"}) {
    EXPECT_FALSE(read_sts_id({wrong})) << wrong;
  }
}

TEST(MtaSts, APolicyIsRead) {
  const auto policy = read_sts_policy(
      "version: STSv1\r\nmode: enforce\r\nmx: mail.Example.com\r\nmx: *.example.net\r\n"
      "max_age: 604800\r\n");
  ASSERT_TRUE(policy);
  EXPECT_EQ(policy->mode, StsMode::enforce);
  EXPECT_EQ(policy->hosts, (std::vector<std::string>{"mail.example.com", "*.example.net"}));
  EXPECT_EQ(policy->max_age, std::chrono::hours(168));
  // Line feeds alone, other fields, and a second mode are borne.
  const auto loose = read_sts_policy(
      "version:STSv1\nnew: x\nmode:testing\nmode: enforce\nmx:a.example\nmax_age:999999999999\n");
  ASSERT_TRUE(loose);
  EXPECT_EQ(loose->mode, StsMode::testing);
  EXPECT_EQ(loose->max_age, std::chrono::seconds(31'557'600));
  EXPECT_TRUE(read_sts_policy("version: STSv1\nmode: none\nmax_age: 0"));
}

TEST(MtaSts, WhatIsNoPolicyIsNone) {
  const std::string good = "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 100\n";
  ASSERT_TRUE(read_sts_policy(good));
  for (const std::string line :
       {"version: STSv1\n", "mode: enforce\n", "mx: a.example\n", "max_age: 100\n"}) {
    std::string without = good;
    without.erase(without.find(line), line.size());
    EXPECT_FALSE(read_sts_policy(without)) << line;
  }
  EXPECT_FALSE(read_sts_policy(""));
  EXPECT_FALSE(read_sts_policy("<html>not found</html>"));
  EXPECT_FALSE(read_sts_policy(good + "mx: a b\n"));
  EXPECT_FALSE(read_sts_policy("version: STSv1\nmode: maybe\nmx: a\nmax_age: 1"));
  EXPECT_FALSE(read_sts_policy("version: STSv1\nmode: none\nmax_age: -1"));
  EXPECT_FALSE(read_sts_policy(good + std::string(kStsFileMax, '\n')));
}

TEST(MtaSts, AStarIsOneLabel) {
  const StsPolicy policy{StsMode::enforce, {"mail.example.com", "*.example.net"}, {}};
  EXPECT_TRUE(names_host(policy, "mail.example.com"));
  EXPECT_TRUE(names_host(policy, "a.example.net"));
  for (const std::string_view other : {"example.net", "a.b.example.net", ".example.net", "",
                                       "mail.example.com.evil.org", "xmail.example.com"}) {
    EXPECT_FALSE(names_host(policy, other)) << other;
  }
}

RC_GTEST_PROP(MtaSts, AnythingIsReadOrRefused, (const std::string& text)) {
  read_sts_id({text, "v=STSv1;" + text});
  read_sts_policy(text);
  const auto policy = read_sts_policy("version: STSv1\nmode: none\nmax_age: 5\n" + text);
  if (policy) RC_ASSERT(policy->hosts.size() <= kStsHostsMax);
}

}  // namespace
}  // namespace tidings::wire
