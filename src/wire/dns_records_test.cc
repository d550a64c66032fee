#include "wire/dns_records.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tidings::wire {
namespace {

using std::string_literals::operator""s;

TEST(DnsRecords, AnMxRecordHasPreferenceAndHost) {
  EXPECT_EQ(read_mx("\0\x0a\4Mail\7example\3ORG\0"s), (MxRecord{10, "mail.example.org"}));
  EXPECT_EQ(read_mx("\xff\xff\1a\0"s), (MxRecord{65535, "a"}));
  EXPECT_EQ(read_mx("\0\0\0"s), (MxRecord{0, ""}));  // RFC 7505
}

TEST(DnsRecords, ADamagedRecordIsNone) {
  for (const std::string& data :
       {""s, "\0"s, "\0\x0a"s, "\0\x0a\4Mail"s, "\0\x0a\x40"s + std::string(64, 'a') + "\0"s,
        "\0\x0a\1a\0x"s, "\0\x0a\3a.b\0"s, "\0\x0a\3a b\0"s, "\0\x0a\xc0\x0c"s}) {
    EXPECT_FALSE(read_mx(data));
  }
  EXPECT_FALSE(read_txt(""));
  EXPECT_FALSE(read_txt("\5abc"));
  EXPECT_FALSE(read_tlsa("\3\1\1"s));
  EXPECT_FALSE(read_ptr("\3abc"));
}

TEST(DnsRecords, AnOverlongNameIsNone) {
  std::string data = "\0\x0a"s;
  for (int i = 0; i < 5; ++i) data += "\x3f" + std::string(63, 'a');
  EXPECT_FALSE(read_mx(data + '\0'));
}

TEST(DnsRecords, TheStringsOfATextAreJoined) {
  EXPECT_EQ(read_txt("\7v=spf1 \4-all"), "v=spf1 -all");
  EXPECT_EQ(read_txt("\0"s), "");
  EXPECT_EQ(read_txt("\2a\0\1b"s), "a\0b"s);
}

TEST(DnsRecords, ATlsaRecordKeepsItsOctets) {
  EXPECT_EQ(read_tlsa("\3\1\1\xab\xcd"), (TlsaRecord{3, 1, 1, "\xab\xcd"}));
}

TEST(DnsRecords, OnlySomeTlsaRecordsSayWhichCertificate) {
  const std::string sha256(32, 'x');
  for (const TlsaRecord& usable :
       {TlsaRecord{3, 1, 1, sha256}, TlsaRecord{2, 0, 1, sha256},
        TlsaRecord{3, 0, 2, std::string(64, 'x')}, TlsaRecord{3, 0, 0, "certificate"}}) {
    EXPECT_TRUE(is_usable_tlsa(usable));
  }
  for (const TlsaRecord& not_usable :
       {TlsaRecord{0, 1, 1, sha256}, TlsaRecord{1, 1, 1, sha256}, TlsaRecord{4, 1, 1, sha256},
        TlsaRecord{3, 2, 1, sha256}, TlsaRecord{3, 1, 3, sha256}, TlsaRecord{3, 1, 1, "short"},
        TlsaRecord{3, 1, 2, sha256}, TlsaRecord{3, 1, 0, ""}}) {
    EXPECT_FALSE(is_usable_tlsa(not_usable));
  }
}

TEST(DnsRecords, OnlyNamesThatCanExistAreAskedFor) {
  for (const std::string_view name :
       {"a", "example.org", "_25._tcp.mx.example.org", "xn--e1a.de"}) {
    EXPECT_TRUE(is_dns_name(name)) << name;
  }
  for (const std::string& name : {""s, "."s, "a..b"s, ".a"s, "a."s, "a b"s, "[127.0.0.1]"s, "é.be"s,
                                  std::string(64, 'a'), std::string(254, 'a'), "a\0b"s}) {
    EXPECT_FALSE(is_dns_name(name)) << name;
  }
}

RC_GTEST_PROP(DnsRecords, AnythingIsReadOrRefused, (const std::string& data)) {
  if (const auto mx = read_mx(data)) RC_ASSERT(mx->exchange.size() <= 253u);
  if (const auto text = read_txt(data)) RC_ASSERT(text->size() < data.size());
  read_ptr(data);
  read_tlsa(data);
}

}  // namespace
}  // namespace tidings::wire
