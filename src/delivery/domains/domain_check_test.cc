#include "delivery/domains/domain_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wire/testing/dns_table.h"

namespace tidings::domains {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using enum CheckStatus;

constexpr std::string_view kName = "news.school.org";

DomainKey key(std::int64_t id, std::string selector, std::string public_key, KeyState state) {
  DomainKey made;
  made.id = DomainKeyId{id};
  made.selector = std::move(selector);
  made.public_key = std::move(public_key);
  made.created_at = from_micros(1'795'334'400'000'000);
  if (state != KeyState::waiting) made.activated_at = made.created_at;
  if (state == KeyState::retired) made.retired_at = made.created_at;
  return made;
}

// Everything is as it should be, until a test changes it.
class DomainCheck : public ::testing::Test {
 protected:
  DomainCheck() {
    domain_.name = kName;
    domain_.keys = {key(1, "t1", "AAAA", KeyState::active)};
    facts_.sending.addresses = {"198.51.100.7"};
    facts_.link_host = "links.school.org";
    dns_.texts["t1._domainkey.news.school.org"] = {"v=DKIM1; k=rsa; p=AAAA"};
    dns_.texts["news.school.org"] = {"v=spf1 ip4:198.51.100.7 -all", "site-verification=1"};
    dns_.texts["_dmarc.school.org"] = {"v=DMARC1; p=none"};
    dns_.names["198.51.100.7"] = {"mail.school.org"};
    dns_.addresses["mail.school.org"] = {"198.51.100.7"};
    dns_.addresses["links.school.org"] = {"9.9.9.9"};
  }

  DomainReport check() { return check_domain(domain_, facts_, dns_); }
  CheckFinding find(std::string_view what) {
    for (CheckFinding& each : check().findings) {
      if (each.check == what) return std::move(each);
    }
    ADD_FAILURE() << "no finding about " << what;
    return {};
  }
  CheckStatus status(std::string_view what) { return find(what).status; }
  std::vector<std::string>& key_record() { return dns_.texts["t1._domainkey.news.school.org"]; }

  SendingDomain domain_;
  CheckFacts facts_;
  wire::testing::DnsTable dns_;
};

TEST_F(DomainCheck, a_domain_with_all_its_records_is_verified) {
  const auto report = check();
  for (const CheckFinding& each : report.findings) {
    EXPECT_EQ(each.status, each.check == "mta_sts" ? not_needed : good)
        << each.check << ": " << each.sentence;
  }
  EXPECT_EQ(report.is_verified, true);
  EXPECT_THAT(report.published, ElementsAre(DomainKeyId{1}));
}

TEST_F(DomainCheck, a_return_path_needs_a_way_back_and_its_own_spf) {
  domain_.return_path_domain = "bounces.school.org";
  facts_.sending.inbound_host = "in.school.org";
  EXPECT_EQ(status("return_path"), problem) << "nothing is there";
  dns_.hosts["bounces.school.org"] = {"in.school.org"};
  EXPECT_THAT(find("return_path").sentence, HasSubstr("no SPF record"));
  dns_.texts["bounces.school.org"] = {"v=spf1 ip4:198.51.100.7 -all"};
  EXPECT_EQ(status("return_path"), good) << find("return_path").sentence;
  dns_.texts["bounces.school.org"] = {"v=spf1 -all"};
  EXPECT_EQ(status("return_path"), problem) << "receivers ask for this SPF record";
  EXPECT_EQ(check().is_verified, true) << "senders are verified all the same";
  dns_.texts["bounces.school.org"] = {"v=spf1 ip4:198.51.100.7 -all"};
  dns_.hosts["bounces.school.org"] = {"mx.provider.org"};
  EXPECT_EQ(status("return_path"), warning) << "another server takes them in";
}

TEST_F(DomainCheck, a_key_counts_only_as_it_is) {
  key_record() = {"v=DKIM1; k=rsa; p=AA\tAA"};
  EXPECT_EQ(status("dkim"), good) << "white space inside is none";
  for (const auto& [record, told] : std::vector<std::pair<std::string, std::string>>{
           {"v=DKIM1; k=rsa; p=AAAB", "another key"},
           {"v=DKIM1; k=ed25519; p=AAAA", "another key"},
           {"v=DKIM1; k=rsa; p=", "another key"},
           {"v=DKIM1; h=sha1; p=AAAA", "cannot be read"},
           {"hello", "cannot be read"}}) {
    key_record() = {record};
    EXPECT_EQ(status("dkim"), problem) << record;
    EXPECT_THAT(find("dkim").sentence, HasSubstr(told)) << record;
    EXPECT_EQ(check().is_verified, false) << record;
    EXPECT_THAT(check().published, IsEmpty()) << record;
  }
  key_record() = {"v=DKIM1; k=rsa; p=AAAA", "v=DKIM1; k=rsa; p=BBBB"};
  EXPECT_EQ(status("dkim"), problem) << "receivers may take either";
  key_record().clear();
  EXPECT_THAT(find("dkim").sentence, HasSubstr("not there"));
  key_record() = {"v=DKIM1; t=y; p=AAAA"};
  EXPECT_EQ(status("dkim"), warning);
}

TEST_F(DomainCheck, a_waiting_key_is_published_or_waits_on) {
  domain_.keys.insert(domain_.keys.begin(), key(2, "t2", "BBBB", KeyState::waiting));
  domain_.keys.push_back(key(0, "t0", "CCCC", KeyState::retired));
  EXPECT_EQ(status("dkim"), good) << "the one that signs is there";
  EXPECT_THAT(check().published, ElementsAre(DomainKeyId{1}));
  dns_.texts["t2._domainkey.news.school.org"] = {"v=DKIM1; p=BBBB"};
  EXPECT_THAT(check().published, ElementsAre(DomainKeyId{2}, DomainKeyId{1}));
  domain_.keys = {key(3, "t3", "DDDD", KeyState::waiting)};
  EXPECT_EQ(status("dkim"), problem) << "nothing signs yet";
}

TEST_F(DomainCheck, spf_authorises_where_mail_leaves_from) {
  facts_.sending.addresses.push_back("2001:db8::7");
  EXPECT_EQ(status("spf"), problem);
  EXPECT_THAT(find("spf").sentence, HasSubstr("2001:db8::7"));
  EXPECT_THAT(find("spf").found, ElementsAre("v=spf1 ip4:198.51.100.7 -all"));
  EXPECT_EQ(check().is_verified, false);
  dns_.texts["news.school.org"] = {"other"};
  EXPECT_THAT(find("spf").sentence, HasSubstr("no SPF record"));
  dns_.texts["news.school.org"] = {"v=spf1 nonsense -all"};
  EXPECT_THAT(find("spf").sentence, HasSubstr("nonsense"));
}

TEST_F(DomainCheck, a_relay_that_is_not_authorised_may_be_fine) {
  facts_.sending = {{"relay.provider.example"}, {}};
  dns_.addresses["relay.provider.example"] = {"203.0.113.9"};
  EXPECT_EQ(status("spf"), warning) << "it may send from elsewhere";
  EXPECT_EQ(check().is_verified, true);
  dns_.texts["news.school.org"] = {"v=spf1 a:relay.provider.example -all"};
  EXPECT_EQ(status("spf"), good);
  EXPECT_EQ(status("ptr"), not_needed) << "the relay's affair";
  facts_.sending = {};
  EXPECT_EQ(status("spf"), warning) << "nothing is known to leave from anywhere";
  dns_.texts["news.school.org"].clear();
  EXPECT_EQ(status("spf"), problem) << "but there is no record at all";
}

TEST_F(DomainCheck, dmarc_is_looked_for_where_the_organisation_begins) {
  dns_.texts["_dmarc.news.school.org"] = {"v=DMARC1; p=reject; adkim=s"};
  EXPECT_EQ(status("dmarc"), warning);
  dns_.texts["_dmarc.news.school.org"] = {"v=DMARC1; p=reject", "v=DMARC1; p=none"};
  EXPECT_EQ(status("dmarc"), problem);
  dns_.texts["_dmarc.news.school.org"] = {"unrelated"};
  EXPECT_EQ(status("dmarc"), good) << "the organisation's counts";
  dns_.texts["_dmarc.school.org"] = {"v=DMARC1; p=nonsense"};
  EXPECT_EQ(status("dmarc"), problem);
  dns_.texts.erase("_dmarc.school.org");
  EXPECT_THAT(find("dmarc").sentence, HasSubstr("_dmarc.school.org"));
  EXPECT_EQ(check().is_verified, false);
}

TEST_F(DomainCheck, an_address_wants_a_name_that_leads_back) {
  dns_.addresses["mail.school.org"] = {"198.51.100.8"};
  EXPECT_EQ(status("ptr"), problem);
  EXPECT_EQ(check().is_verified, true) << "told, but not what proves whose the domain is";
  dns_.names["198.51.100.7"] = {"x.fail.example", "other.school.org"};
  dns_.addresses["other.school.org"] = {"198.51.100.7"};
  EXPECT_EQ(status("ptr"), good);
}

TEST_F(DomainCheck, links_lead_to_a_host_that_is_there) {
  dns_.addresses.erase("links.school.org");
  EXPECT_EQ(status("links"), problem);
  dns_.addresses["links.school.org"] = {"10.0.0.1"};
  EXPECT_EQ(status("links"), warning) << "nobody outside gets there";
  for (const char* host : {"", "localhost", "127.0.0.1"}) {
    facts_.link_host = host;
    EXPECT_EQ(status("links"), warning) << host;
  }
}

TEST_F(DomainCheck, mta_sts_is_told_and_never_required) {
  dns_.texts["_mta-sts.news.school.org"] = {"v=STSv1; id=1;"};
  EXPECT_EQ(status("mta_sts"), warning) << "no host for the policy";
  dns_.addresses["mta-sts.news.school.org"] = {"9.9.9.9"};
  EXPECT_EQ(status("mta_sts"), good);
  dns_.texts["_mta-sts.news.school.org"] = {"v=STSv1;"};
  EXPECT_EQ(status("mta_sts"), warning);
  EXPECT_EQ(check().is_verified, true);
}

TEST_F(DomainCheck, a_domain_stays_what_it_was_while_dns_is_silent) {
  domain_.name = "school.fail.example";
  const auto report = check();
  EXPECT_EQ(report.is_verified, std::nullopt);
  for (const char* what : {"dkim", "spf", "dmarc"}) EXPECT_EQ(status(what), unknown) << what;
}

TEST_F(DomainCheck, what_strangers_publish_does_no_harm_where_it_is_shown) {
  dns_.texts["news.school.org"] = {std::string("v=spf1 \0\x1b[31m -all\xff\r\n", 20)};
  const auto found = find("spf").found;
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].find_first_of(std::string_view("\0\x1b\r\n", 4)), std::string::npos);
  dns_.texts["news.school.org"] = std::vector<std::string>(50, "v=spf1 " + std::string(5000, 'a'));
  EXPECT_EQ(find("spf").found.size(), kFoundMax);
  EXPECT_LE(find("spf").found[0].size(), 1010u);
}

TEST(Findings, survive_being_stored) {
  const std::vector<CheckFinding> findings = {{"dkim", problem, "Not \"there\".", {"a", "b"}},
                                              {"spf", good, "", {}}};
  const auto again = findings_from_json(findings_to_json(findings));
  ASSERT_EQ(again.size(), 2u);
  EXPECT_EQ(again[0].sentence, "Not \"there\".");
  EXPECT_EQ(again[0].status, problem);
  EXPECT_THAT(again[0].found, ElementsAre("a", "b"));
  for (const char* text : {"", "{}", "[1, {}, {\"status\": \"odd\"}]", "null"}) {
    EXPECT_THAT(findings_from_json(text), IsEmpty()) << text;
  }
}

TEST(HostOfUrl, is_what_dns_knows) {
  EXPECT_EQ(host_of_url("https://Links.School.org:8443/x"), "links.school.org");
  EXPECT_EQ(host_of_url("http://[2001:db8::1]:80"), "2001:db8::1");
  EXPECT_EQ(host_of_url("http://localhost:8080"), "localhost");
  EXPECT_EQ(host_of_url("nothing"), "");
}

}  // namespace
}  // namespace tidings::domains
