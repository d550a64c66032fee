#include "delivery/domains/published_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tidings::domains {
namespace {

using ::testing::ElementsAre;

SendingDomain school() {
  SendingDomain domain;
  domain.name = "mail.school.co.uk";
  domain.created_at = from_micros(1'795'334'400'000'000);
  DomainKey active;
  active.selector = "t1-rsa";
  active.public_key = std::string(392, 'A');
  active.activated_at = domain.created_at;
  DomainKey waiting = active;
  waiting.selector = "t2-ed25519";
  waiting.algorithm = wire::DkimAlgorithm::ed25519_sha256;
  waiting.public_key = "BBBB";
  waiting.activated_at.reset();
  DomainKey retired = active;
  retired.selector = "t0-rsa";
  retired.retired_at = domain.created_at;
  domain.keys = {waiting, active, retired};
  return domain;
}

TEST(PublishedRecords, every_record_is_told_as_it_stands_in_a_zone) {
  std::vector<std::string> lines;
  for (const auto& record : records_to_publish(school(), {{"mail.provider.example"}, {}})) {
    lines.push_back(record.zone_line());
  }
  EXPECT_THAT(lines,
              ElementsAre("t2-ed25519._domainkey.mail.school.co.uk. IN TXT \"v=DKIM1; k=ed25519; "
                          "p=BBBB\"",
                          "t1-rsa._domainkey.mail.school.co.uk. IN TXT \"v=DKIM1; k=rsa; p=" +
                              std::string(237, 'A') + "\" \"" + std::string(155, 'A') + "\"",
                          "mail.school.co.uk. IN TXT \"v=spf1 a:mail.provider.example ~all\"",
                          "_dmarc.school.co.uk. IN TXT \"v=DMARC1; p=none\"",
                          "_mta-sts.mail.school.co.uk. IN TXT \"v=STSv1; id=20261122\""));
}

TEST(PublishedRecords, spf_names_each_way_out_once) {
  EXPECT_EQ(spf_record_for({{"192.0.2.1", "Relay.Example.org", "relay.example.org", "2001:db8::1"},
                            {"192.0.2.1", "198.51.100.7"}}),
            "v=spf1 ip4:192.0.2.1 ip4:198.51.100.7 a:relay.example.org ip6:2001:db8::1 ~all");
  EXPECT_EQ(spf_record_for({}), "");
  EXPECT_EQ(spf_record_for({{"localhost", "a b -all"}, {}}), "") << "what is no public host";
}

TEST(SendingDomains, a_domain_name_is_read_as_people_write_it) {
  EXPECT_EQ(read_domain_name(" Example.ORG. ").value_or(""), "example.org");
  EXPECT_EQ(read_domain_name("schüle.example.org").value_or(""), "xn--schle-mva.example.org");
  for (const char* bad : {"", "@", "a@example.org", "example", "[192.0.2.1]", "192.0.2.1",
                          "a b.org", "example..org", "http://example.org"}) {
    ASSERT_FALSE(read_domain_name(bad)) << bad;
    EXPECT_EQ(read_domain_name(bad).error().code, "domain.name") << bad;
  }
  EXPECT_EQ(read_domain_name("co.uk").error().code, "domain.public_suffix");
}

TEST(SendingDomains, keys_are_made_as_wished) {
  const Instant now = from_micros(1'795'334'400'000'000);
  const auto both = make_keys({}, now);
  ASSERT_TRUE(both);
  ASSERT_EQ(both->size(), 2u);
  EXPECT_EQ(both->at(0).selector, "t20261122-rsa");
  EXPECT_EQ(both->at(0).key.bits(), 2048);
  EXPECT_EQ(both->at(1).selector, "t20261122-ed25519");
  const auto one = make_keys({{wire::DkimAlgorithm::ed25519_sha256}, "Mail", ""}, now);
  ASSERT_TRUE(one);
  EXPECT_EQ(one->at(0).selector, "mail");
  EXPECT_EQ(make_keys({{}, "a b", ""}, now).error().code, "domain.selector");
  EXPECT_EQ(make_keys({{}, "", "-----BEGIN PRIVATE KEY-----"}, now).error().code,
            "domain.selector");
  EXPECT_EQ(make_keys({{}, "mail", "-----BEGIN PRIVATE KEY-----"}, now).error().code, "dkim.key");
}

}  // namespace
}  // namespace tidings::domains
