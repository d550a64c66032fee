#include "wire/spf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wire/testing/dns_table.h"

namespace tidings::wire {
namespace {

using ::testing::HasSubstr;
using enum SpfResult;

class Spf : public ::testing::Test {
 protected:
  SpfAnswer check(std::string_view client, std::string_view domain = "example.org") {
    return check_spf({*IpAddress::parse(client), std::string(domain), "joe", "mail.example.org"},
                     zone_);
  }
  SpfResult with(std::string_view record, std::string_view client = "192.0.2.1") {
    zone_.texts["example.org"] = {std::string(record)};
    return check(client).result;
  }
  testing::DnsTable zone_;
};

TEST_F(Spf, addresses_and_networks_match_in_their_order) {
  EXPECT_EQ(with("v=spf1 ip4:192.0.2.1 -all"), pass);
  EXPECT_EQ(with("v=spf1 ip4:192.0.2.0/30 -all"), pass);
  EXPECT_EQ(with("v=spf1 ip4:192.0.2.4/30 -all"), fail);
  EXPECT_EQ(with("v=spf1 -ip4:192.0.2.1 +all"), fail);
  EXPECT_EQ(with("v=spf1 ip6:2001:db8::/32 ~all", "2001:db8::7"), pass);
  EXPECT_EQ(with("v=spf1 ip6:2001:db8::/32 ~all"), softfail);
  EXPECT_EQ(with("V=SPF1 IP4:192.0.2.1 -ALL"), pass);
  EXPECT_EQ(with("v=spf1 ?all"), neutral);
  EXPECT_EQ(with("v=spf1"), neutral);
  EXPECT_EQ(with("v=spf1 unknown=x ip4:192.0.2.1 -all"), pass) << "an unknown modifier";
}

TEST_F(Spf, no_record_is_none_and_two_are_an_error) {
  EXPECT_EQ(check("192.0.2.1").result, none);
  zone_.texts["example.org"] = {"v=spf10 -all", "google-site-verification=x", "spf1"};
  EXPECT_EQ(check("192.0.2.1").result, none);
  zone_.texts["example.org"] = {"v=spf1 -all", "v=spf1 +all"};
  EXPECT_EQ(check("192.0.2.1").result, permerror);
  EXPECT_THAT(check("192.0.2.1").why, HasSubstr("several"));
  EXPECT_EQ(check("192.0.2.1", "fail.example").result, temperror);
}

TEST_F(Spf, hosts_of_the_domain_match) {
  zone_.addresses["example.org"] = {"192.0.2.1", "2001:db8::1"};
  zone_.addresses["mail.example.org"] = {"192.0.2.9"};
  zone_.hosts["example.org"] = {"nowhere.example.org", "mail.example.org"};
  EXPECT_EQ(with("v=spf1 a -all"), pass);
  EXPECT_EQ(with("v=spf1 a -all", "2001:db8::1"), pass);
  EXPECT_EQ(with("v=spf1 a//64 -all", "2001:db8::ffff"), pass);
  EXPECT_EQ(with("v=spf1 a/24//64 -all", "192.0.2.200"), pass);
  EXPECT_EQ(with("v=spf1 a:mail.example.org -all", "192.0.2.9"), pass);
  EXPECT_EQ(with("v=spf1 mx -all", "192.0.2.9"), pass);
  EXPECT_EQ(with("v=spf1 mx/28 -all", "192.0.2.14"), pass);
  EXPECT_EQ(with("v=spf1 mx -all", "192.0.2.1"), fail);
  EXPECT_EQ(with("v=spf1 a:host.fail.example -all"), temperror);
}

TEST_F(Spf, include_passes_only_where_the_other_record_does) {
  zone_.texts["provider.example"] = {"v=spf1 ip4:192.0.2.1 -all"};
  EXPECT_EQ(with("v=spf1 include:provider.example ~all"), pass);
  EXPECT_EQ(with("v=spf1 include:provider.example ~all", "192.0.2.2"), softfail);
  EXPECT_EQ(with("v=spf1 include:nothing.example ~all"), permerror);
  EXPECT_EQ(with("v=spf1 include:fail.example ~all"), temperror);
  EXPECT_EQ(with("v=spf1 ip4:192.0.2.1 include:nothing.example ~all"), pass) << "decided before";
}

TEST_F(Spf, redirect_hands_the_question_on) {
  zone_.texts["other.example"] = {"v=spf1 ip4:192.0.2.1 -all"};
  EXPECT_EQ(with("v=spf1 redirect=other.example"), pass);
  EXPECT_EQ(with("v=spf1 redirect=other.example", "192.0.2.2"), fail);
  EXPECT_EQ(with("v=spf1 redirect=other.example ?all", "192.0.2.2"), neutral) << "all comes first";
  EXPECT_EQ(with("v=spf1 redirect=nothing.example"), permerror);
}

TEST_F(Spf, macros_are_those_of_the_rfc) {
  // RFC 7208 §7.4: the sender strong-bad@email.example.com from 192.0.2.3.
  const auto matches = [&](std::string_view macro, std::string_view expanded,
                           std::string_view client = "192.0.2.3") {
    zone_.addresses.clear();
    zone_.addresses[std::string(expanded)] = {"127.0.0.2"};
    zone_.texts["email.example.com"] = {"v=spf1 exists:" + std::string(macro) + " -all"};
    return check_spf({*IpAddress::parse(client), "email.example.com", "strong-bad", "h.example"},
                     zone_)
               .result == pass;
  };
  EXPECT_TRUE(matches("%{o}.x", "email.example.com.x"));
  EXPECT_TRUE(matches("%{d4}.x", "email.example.com.x"));
  EXPECT_TRUE(matches("%{d2}.x", "example.com.x"));
  EXPECT_TRUE(matches("%{d1}.x", "com.x"));
  EXPECT_TRUE(matches("%{dr}.x", "com.example.email.x"));
  EXPECT_TRUE(matches("%{d2r}.x", "example.email.x"));
  EXPECT_TRUE(matches("%{l}.x", "strong-bad.x"));
  EXPECT_TRUE(matches("%{l-}.x", "strong.bad.x"));
  EXPECT_TRUE(matches("%{lr-}.x", "bad.strong.x"));
  EXPECT_TRUE(matches("%{l1r-}.x", "strong.x"));
  EXPECT_TRUE(matches("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"));
  EXPECT_TRUE(matches("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"));
  EXPECT_TRUE(matches("%{ir}.%{v}._spf.%{d2}",
                      "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf."
                      "example.com",
                      "2001:db8::cb01"));
  EXPECT_FALSE(matches("%{d2}.x", "email.example.com.x"));
}

TEST_F(Spf, what_is_no_term_is_an_error_wherever_it_stands) {
  for (const std::string_view bad :
       {"v=spf1 ip4:192.0.2.1 nonsense", "v=spf1 ip4:192.0.2.1 ip4:300.1.1.1",
        "v=spf1 ip4:192.0.2.1 ip6:192.0.2.1", "v=spf1 ip4:192.0.2.1 all:x", "v=spf1 include: -all",
        "v=spf1 a/33 -all", "v=spf1 a: -all", "v=spf1 -", "v=spf1 exists:%{z} -all",
        "v=spf1 exists:%x -all", "v=spf1 exists:%{d0} -all", "v=spf1 redirect=a.example redirect=b",
        "v=spf1 ip4 -all"}) {
    EXPECT_EQ(with(bad), permerror) << bad;
  }
}

TEST_F(Spf, it_asks_no_more_than_the_rfc_allows) {
  std::string many = "v=spf1";
  for (int i = 0; i < 11; ++i) {
    const std::string name = "h" + std::to_string(i) + ".example";
    zone_.addresses[name] = {"198.51.100.1"};
    many += " a:" + name;
  }
  EXPECT_EQ(with(many + " -all"), permerror);
  EXPECT_EQ(with(many.substr(0, many.rfind(' ')) + " -all"), fail) << "ten are allowed";
  EXPECT_EQ(with("v=spf1 a:no1.example a:no2.example -all"), fail);
  EXPECT_EQ(with("v=spf1 a:no1.example a:no2.example a:no3.example -all"), permerror);
  EXPECT_EQ(with("v=spf1 include:example.org -all"), permerror) << "a circle";
  EXPECT_EQ(with("v=spf1 redirect=example.org"), permerror);
  zone_.hosts["example.org"] = std::vector<std::string>(11, "mail.example.org");
  EXPECT_EQ(with("v=spf1 mx -all"), permerror);
  EXPECT_LT(zone_.asked, 100);
}

TEST_F(Spf, ptr_wants_a_name_that_leads_back) {
  zone_.names["192.0.2.1"] = {"evil.example", "mail.example.org"};
  zone_.addresses["mail.example.org"] = {"192.0.2.1"};
  EXPECT_EQ(with("v=spf1 ptr -all"), pass);
  EXPECT_EQ(with("v=spf1 ptr:example.net -all"), fail);
  zone_.addresses["mail.example.org"] = {"192.0.2.2"};
  EXPECT_EQ(with("v=spf1 ptr -all"), fail);
}

TEST_F(Spf, the_term_that_decided_is_told) {
  with("v=spf1 ip4:192.0.2.1 ~all");
  EXPECT_EQ(check("192.0.2.1").term, "ip4:192.0.2.1");
  EXPECT_EQ(check("192.0.2.2").term, "~all");
}

}  // namespace
}  // namespace tidings::wire
