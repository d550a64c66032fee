#include "wire/dmarc.h"

#include <gtest/gtest.h>

namespace tidings::wire {
namespace {

TEST(Dmarc, a_record_is_read_as_receivers_read_it) {
  const auto strict = parse_dmarc("v=DMARC1; p=Reject; sp=none; adkim=s; aspf=S; rua=mailto:a@b");
  ASSERT_TRUE(strict);
  EXPECT_EQ(strict->policy, DmarcPolicy::reject);
  EXPECT_EQ(strict->subdomain_policy, DmarcPolicy::none);
  EXPECT_TRUE(strict->is_dkim_strict);
  EXPECT_TRUE(strict->is_spf_strict);
  const auto plain = parse_dmarc("v=DMARC1;p=quarantine");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->subdomain_policy, DmarcPolicy::quarantine);
  EXPECT_FALSE(plain->is_dkim_strict);
  EXPECT_TRUE(parse_dmarc("v=DMARC1; p=nonsense; rua=mailto:a@b"));
}

TEST(Dmarc, what_is_no_record_is_none) {
  for (const char* text : {"", "v=spf1 -all", "p=none; v=DMARC1", "v=dmarc1; p=none", "v=DMARC1",
                           "v=DMARC1; p=nonsense", "v=DMARC1; p=none; p=none"}) {
    EXPECT_FALSE(parse_dmarc(text)) << text;
  }
}

}  // namespace
}  // namespace tidings::wire
