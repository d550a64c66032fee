#include "wire/email_address.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace tidings::wire {
namespace {

std::string code_of(std::string_view typed, DomainRule rule = DomainRule::dotted) {
  const auto address = parse_email_address(typed, rule);
  return address ? "accepted as " + address->normalised : address.error().code;
}

std::string normalised(std::string_view typed, DomainRule rule = DomainRule::dotted) {
  const auto address = parse_email_address(typed, rule);
  return address ? address->normalised : address.error().code;
}

std::string key(std::string_view typed) { return comparison_key(*parse_email_address(typed)); }

TEST(EmailAddress, KeepsTheTypedFormAndLowersTheDomain) {
  const auto address = parse_email_address("  Jan.Piet@Example.ORG\r\n");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->typed, "Jan.Piet@Example.ORG");
  EXPECT_EQ(address->normalised, "Jan.Piet@example.org");
  EXPECT_EQ(address->local_part(), "Jan.Piet");
  EXPECT_EQ(address->domain(), "example.org");
  EXPECT_FALSE(address->needs_smtputf8);
}

TEST(EmailAddress, AcceptsEveryCharacterOfADotAtom) {
  EXPECT_EQ(normalised("!#$%&'*+-/=?^_`{|}~@example.org"), "!#$%&'*+-/=?^_`{|}~@example.org");
  EXPECT_EQ(normalised("a@b.c"), "a@b.c");
  EXPECT_EQ(normalised("user+tag@sub-domain.example.museum"), "user+tag@sub-domain.example.museum");
}

TEST(EmailAddress, WritesInternationalDomainsAsALabels) {
  EXPECT_EQ(normalised("info@Bücher.example"), "info@xn--bcher-kva.example");
  EXPECT_EQ(normalised("info@XN--BCHER-KVA.example"), "info@xn--bcher-kva.example");
  EXPECT_EQ(normalised("a@пример.испытание"), "a@xn--e1afmkfd.xn--80akhbyknj4f");
  // Ideographic full stop separates labels (UTS 46).
  EXPECT_EQ(normalised("a@例え。テスト"), "a@xn--r8jz45g.xn--zckzah");
  EXPECT_EQ(normalised("a@straße.example"), "a@xn--strae-oqa.example");
}

TEST(EmailAddress, MarksNonAsciiLocalPartsAsNeedingSmtputf8) {
  const auto address = parse_email_address("jörg@bücher.example");
  ASSERT_TRUE(address);
  EXPECT_TRUE(address->needs_smtputf8);
  EXPECT_EQ(address->normalised, "jörg@xn--bcher-kva.example");
  // Decomposed o + diaeresis is composed.
  EXPECT_EQ(normalised("jo\xcc\x88rg@example.org"), "jörg@example.org");
}

TEST(EmailAddress, ReadsQuotedLocalPartsAndDropsNeedlessQuotes) {
  EXPECT_EQ(normalised("\"jan piet\"@example.org"), "\"jan piet\"@example.org");
  EXPECT_EQ(normalised("\"jan.piet\"@example.org"), "jan.piet@example.org");
  EXPECT_EQ(normalised("\"\\j\\a\\n\"@example.org"), "jan@example.org");
  EXPECT_EQ(normalised("\"a@b\"@example.org"), "\"a@b\"@example.org");
  EXPECT_EQ(normalised("\"a\\\"b\\\\c\"@example.org"), "\"a\\\"b\\\\c\"@example.org");
  EXPECT_EQ(normalised("\"a..b\"@example.org"), "\"a..b\"@example.org");
  EXPECT_EQ(normalised("\"\"@example.org"), "\"\"@example.org");
}

TEST(EmailAddress, NamesEachFault) {
  EXPECT_EQ(code_of(""), "address.empty");
  EXPECT_EQ(code_of(" \t "), "address.empty");
  EXPECT_EQ(code_of("jan.example.org"), "address.no_at");
  EXPECT_EQ(code_of("jan@piet@example.org"), "address.two_at");
  EXPECT_EQ(code_of("a@b.org, c@d.org"), "address.two_at");
  EXPECT_EQ(code_of("@example.org"), "address.no_local_part");
  EXPECT_EQ(code_of("jan@"), "address.no_domain");
  EXPECT_EQ(code_of("j\xf6rg@example.org"), "address.not_utf8");
  EXPECT_EQ(code_of("jan@b\xfc.org"), "address.not_utf8");
  EXPECT_EQ(code_of(std::string_view("j\0n@example.org", 15)), "address.control_character");
  EXPECT_EQ(code_of(std::string_view("jan@exa\0ple.org", 15)), "address.control_character");
  EXPECT_EQ(code_of("jan@example.org\r\nBcc: x"), "address.control_character");
  EXPECT_EQ(code_of("\"jan\r\nRCPT TO:<x>\"@example.org"), "address.control_character");
  EXPECT_EQ(code_of("j\xc2\x85n@example.org"), "address.control_character");
  EXPECT_EQ(code_of("jan piet@example.org"), "address.white_space");
  EXPECT_EQ(code_of("jan@exa mple.org"), "address.white_space");
  EXPECT_EQ(code_of("j\xe2\x80\x8bn@example.org"), "address.invisible_character");
  EXPECT_EQ(code_of("jan@exa\xe2\x80\xaempl.org"), "address.invisible_character");
  EXPECT_EQ(code_of("jan,piet@example.org"), "address.bad_character");
  EXPECT_EQ(code_of("<jan@example.org>"), "address.bad_character");
  EXPECT_EQ(code_of("mailto:jan@example.org"), "address.bad_character");
  EXPECT_EQ(code_of("jan(work)@example.org"), "address.bad_character");
  EXPECT_EQ(code_of("jan\xcd\xbepiet@example.org"), "address.bad_character")
      << "a semicolon in NFC";
  EXPECT_EQ(code_of(".jan@example.org"), "address.dot_position");
  EXPECT_EQ(code_of("jan.@example.org"), "address.dot_position");
  EXPECT_EQ(code_of("ja..n@example.org"), "address.dot_position");
  EXPECT_EQ(code_of("\"jan@example.org"), "address.bad_quoting");
  EXPECT_EQ(code_of("\"jan\"piet@example.org"), "address.bad_quoting");
  EXPECT_EQ(code_of("ja\"n@example.org"), "address.bad_quoting");
  EXPECT_EQ(code_of("\"jan\\\"@example.org"), "address.bad_quoting");
  EXPECT_EQ(code_of("jan@localhost"), "address.no_dot");
  EXPECT_EQ(code_of("jan@.org"), "address.domain_dot");
  EXPECT_EQ(code_of("jan@example.org."), "address.domain_dot");
  EXPECT_EQ(code_of("jan@example..org"), "address.domain_dot");
  EXPECT_EQ(code_of("jan@-a.org"), "address.domain_label");
  EXPECT_EQ(code_of("jan@a-.org"), "address.domain_label");
  EXPECT_EQ(code_of("jan@" + std::string(64, 'a') + ".org"), "address.domain_label");
  EXPECT_EQ(code_of("jan@exa_mple.org"), "address.domain_character");
  EXPECT_EQ(code_of("jan@example.org>"), "address.domain_character");
  EXPECT_EQ(code_of("jan@xn--a-ecp.org.xn--0"), "address.domain_character");
  EXPECT_EQ(code_of("jan@192.0.2.1"), "address.domain_numeric");
  EXPECT_EQ(code_of("jan@[192.0.2.1]"), "address.domain_literal");
  EXPECT_EQ(code_of("jan@[192.0.2.1"), "address.domain_literal");
}

TEST(EmailAddress, ErrorsAreSentencesWithoutTheAddress) {
  const auto address = parse_email_address("secret.person.example.org");
  ASSERT_FALSE(address);
  EXPECT_EQ(address.error().kind, ErrorKind::invalid);
  EXPECT_EQ(address.error().message, "The address has no @: it should look like name@example.org.");
}

TEST(EmailAddress, HoldsTheLimitsOfRfc5321) {
  const std::string local64(64, 'l');
  EXPECT_EQ(normalised(local64 + "@example.org"), local64 + "@example.org");
  EXPECT_EQ(code_of("l" + local64 + "@example.org"), "address.local_part_too_long");
  // 32 characters of two octets are the limit too.
  std::string umlauts;
  for (int i = 0; i < 32; ++i) umlauts += "ö";
  EXPECT_EQ(normalised(umlauts + "@example.org"), umlauts + "@example.org");
  EXPECT_EQ(code_of(umlauts + "x@example.org"), "address.local_part_too_long");
  const std::string label(62, 'd');
  const std::string domain252 = label + "." + label + "." + label + "." + label + "a";
  EXPECT_EQ(domain252.size(), 252u);
  EXPECT_EQ(normalised("a@" + domain252).size(), 254u);
  EXPECT_EQ(code_of("ab@" + domain252), "address.too_long");
  EXPECT_EQ(code_of("a@" + domain252 + ".abcdef"), "address.domain_too_long");
  EXPECT_EQ(code_of(std::string(100'000, 'a') + "@example.org"), "address.too_long");
}

TEST(EmailAddress, AcceptsSingleLabelsAndLiteralsOnlyWhenAsked) {
  EXPECT_EQ(normalised("root@LocalHost", DomainRule::any), "root@localhost");
  EXPECT_EQ(normalised("a@[192.0.2.1]", DomainRule::any), "a@[192.0.2.1]");
  EXPECT_EQ(normalised("a@[IPv6:2001:db8::1]", DomainRule::any), "a@[IPv6:2001:db8::1]");
  EXPECT_EQ(code_of("a@[300.0.2.1]", DomainRule::any), "address.domain_literal");
  EXPECT_EQ(code_of(std::string_view("a@[IPv6:2001:db8::\0]", 19), DomainRule::any),
            "address.domain_literal");
  EXPECT_EQ(code_of("a@[]", DomainRule::any), "address.domain_literal");
  EXPECT_EQ(code_of("a@[192.0.2.1\r\n]", DomainRule::any), "address.domain_literal");
}

TEST(EmailAddress, RemovesInvisibleSpaceAroundPastedAddresses) {
  EXPECT_EQ(normalised("\xef\xbb\xbf jan@example.org\xc2\xa0\xe2\x80\x8b"), "jan@example.org");
}

TEST(EmailAddress, ComparesLocalPartsWithoutCase) {
  EXPECT_EQ(key("Jan@Example.org"), key("jAN@example.ORG"));
  EXPECT_EQ(key("JÖRG@example.org"), key("jo\xcc\x88rg@example.org"));
  EXPECT_EQ(key("\"jan\"@example.org"), key("jan@example.org"));
  EXPECT_NE(key("jan@example.org"), key("jan@example.net"));
  EXPECT_NE(key("jan.piet@example.org"), key("janpiet@example.org"));
}

TEST(Mailbox, ReadsEveryUsualForm) {
  const auto read = [](std::string_view typed) {
    const auto mailbox = parse_mailbox(typed);
    return mailbox ? mailbox->display_name + "|" + mailbox->address.normalised
                   : mailbox.error().code;
  };
  EXPECT_EQ(read("a@b.org"), "|a@b.org");
  EXPECT_EQ(read("<a@b.org>"), "|a@b.org");
  EXPECT_EQ(read(" Jan Piet < a@B.org > "), "Jan Piet|a@b.org");
  EXPECT_EQ(read("Jan<a@b.org>"), "Jan|a@b.org");
  EXPECT_EQ(read("\"Piet, \\\"Jan\\\"\" <a@b.org>"), "Piet, \"Jan\"|a@b.org");
  EXPECT_EQ(read("Office, Inc. <a@b.org>"), "Office, Inc.|a@b.org");
  EXPECT_EQ(read("Jan\tPiet <a@b.org>"), "Jan Piet|a@b.org");
  EXPECT_EQ(read("Łódź 😀 <a@b.org>"), "Łódź 😀|a@b.org");
  EXPECT_EQ(read("\"<x@y.org>\" <a@b.org>"), "<x@y.org>|a@b.org");
  EXPECT_EQ(read("Jan <a.b.org>"), "address.no_at");
  EXPECT_EQ(read("Jan a@b.org"), "address.white_space");
  EXPECT_EQ(read("\"Jan <a@b.org>"), "address.bad_quoting");
  EXPECT_EQ(read("Jan\r\nBcc: x <a@b.org>"), "address.bad_name");
  EXPECT_EQ(read("\"Jan\nBcc: x\" <a@b.org>"), "address.bad_name");
  EXPECT_EQ(read("J\xf6rg <a@b.org>"), "address.bad_name");
  EXPECT_EQ(read(std::string(501, 'n') + " <a@b.org>"), "address.bad_name");
  EXPECT_EQ(read("Jan <>"), "address.empty");
  EXPECT_EQ(read("<"), "address.no_at");
  EXPECT_EQ(read(">"), "address.no_at");
}

TEST(Mailbox, ReadsBackWhatItShows) {
  for (const std::string_view typed :
       {"a@b.org", "Jan <a@b.org>", "\"Piet, \\\"Jan\\\\\" <a@b.org>", "Łódź <a@b.org>"}) {
    const auto mailbox = parse_mailbox(typed);
    ASSERT_TRUE(mailbox) << typed;
    EXPECT_EQ(to_text(*mailbox), typed);
  }
}

TEST(EmailAddress, AcceptingIsStableOverArbitraryInput) {
  EXPECT_TRUE(rc::check("what is accepted is accepted again, unchanged, within the limits", [] {
    const auto piece = rc::gen::element<std::string>("a", "Z", "9", ".", "@", "\"", "\\", "-", " ",
                                                     "ö", "o\xcc\x88", "ß", "xn--", "\xff", "例",
                                                     "example.org", "İ", "<", "[", "\xe2\x80\x8d");
    const auto pieces = *rc::gen::container<std::vector<std::string>>(piece);
    std::string typed;
    for (const std::string& p : pieces) typed += p;
    for (const std::string& text : {typed, typed + "@example.org", "x@" + typed}) {
      const auto once = parse_email_address(text, DomainRule::any);
      if (!once) continue;
      RC_ASSERT(once->local_part().size() <= kMaxLocalPart);
      RC_ASSERT(once->normalised.size() <= kMaxAddress);
      const auto twice = parse_email_address(once->normalised, DomainRule::any);
      RC_ASSERT(twice.has_value());
      RC_ASSERT(twice->normalised == once->normalised);
      RC_ASSERT(comparison_key(*twice) == comparison_key(*once));
    }
  }));
}

}  // namespace
}  // namespace tidings::wire
