#include "compose/content_check.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tidings::compose {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Draft html(std::string source) {
  Draft draft;
  draft.html = std::move(source);
  return draft;
}
std::vector<std::string> codes(const std::vector<Finding>& findings) {
  std::vector<std::string> list;
  for (const Finding& finding : findings) list.push_back(finding.code);
  return list;
}

TEST(ContentCheck, LiquidErrorsStandAtTheirLineAndColumn) {
  Draft draft = html("<p>\n<b>{% if x %}</b>");
  draft.subject = "Hi {{ name";
  draft.text = "fine";
  const auto findings = check_liquid(draft);
  ASSERT_THAT(codes(findings), ElementsAre("liquid.syntax", "liquid.syntax"));
  EXPECT_EQ(findings[0].part, "subject");
  EXPECT_EQ(findings[1].part, "html");
  EXPECT_EQ(findings[1].line, 2);
  EXPECT_EQ(findings[1].column, 4);
  EXPECT_EQ(findings[1].severity, Severity::blocking);
}

TEST(ContentCheck, UnknownTagsAreNamedWithTheNearestKnownOne) {
  const std::vector<std::string> known = {"contact.first_name", "unsubscribe_url"};
  Draft draft = html("\n  {{ contact.frist_name }} {{ contact.first_name }}");
  draft.preheader = "{{ whatever }}";
  const auto findings = check_tags(draft, known);
  ASSERT_THAT(findings, SizeIs(2));
  EXPECT_EQ(findings[0].part, "preheader");
  EXPECT_EQ(findings[1].line, 2);
  EXPECT_EQ(findings[1].column, 6);
  EXPECT_THAT(findings[1].sentence, HasSubstr("contact.first_name"));
}

TEST(ContentCheck, OfManyTheFirstAreShownAndAllAreCounted) {
  std::string many;
  for (int i = 0; i < 50; ++i) many += "<a href=\"\">x</a>";
  const auto findings = check_html(html(many));
  ASSERT_THAT(findings, SizeIs(kFindingsOfAKindMax));
  EXPECT_EQ(findings.back().count, 50);
}

TEST(ContentCheck, LinksThatLeadNowhereAreBroken) {
  for (const std::string_view url :
       {"", "  ", "www.example.org", "example.org/page", "/page", "http://", "https:///x",
        "http://exa mple.org", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x",
        "file:///etc/passwd", "jan@example.org", "htp://example.org", "http:/example.org",
        "&#106;avascript:alert(1)"}) {
    const auto findings = check_html(html("<a href=\"" + std::string(url) + "\">x</a>"));
    ASSERT_THAT(findings, SizeIs(1)) << url;
    EXPECT_EQ(findings[0].code, "broken_link") << url;
    EXPECT_EQ(findings[0].severity, Severity::blocking) << url;
  }
}

TEST(ContentCheck, LinksThatOnlyWorkAtHomeAreWarnings) {
  for (const std::string_view url :
       {"http://localhost:8080/x", "https://127.0.0.1/", "http://192.168.1.4/a", "http://10.0.0.1",
        "http://[::1]/", "http://printer.local/", "http://intranet/x", "#"}) {
    const auto findings = check_html(html("<a href='" + std::string(url) + "'>x</a>"));
    ASSERT_THAT(findings, SizeIs(1)) << url;
    EXPECT_EQ(findings[0].severity, Severity::warning) << url;
  }
}

TEST(ContentCheck, GoodLinksAndTagsArePassedOver) {
  for (const std::string_view url :
       {"https://example.org", "HTTPS://Example.org/a?b=c&amp;d=e#f", "http://user@example.org:80/",
        "mailto:a@example.org", "tel:+31201234567", "{{ unsubscribe_url }}",
        "https://example.org/{{ contact.id }}", "https://{{ contact.site }}/x", "#top",
        "{% if x %}https://a.nl{% endif %}", "https://bücher.example/", "http://[2001:db8::1]/"}) {
    EXPECT_THAT(check_html(html("<a href=\"" + std::string(url) + "\">x</a>")), IsEmpty()) << url;
  }
  EXPECT_THAT(check_html(html("<a name=top>x</a>")), IsEmpty());
  EXPECT_THAT(check_html(html("<!-- <a href=''> --><style>a{}</style>")), IsEmpty());
}

TEST(ContentCheck, ImagesNeedAWebAddressAndAlternativeText) {
  EXPECT_THAT(codes(check_html(html("<img src=\"https://example.org/i.png\">"))),
              ElementsAre("no_alt_text"));
  EXPECT_THAT(codes(check_html(html("<img src=\"images/i.png\" alt=\"\">"))),
              ElementsAre("broken_image"));
  EXPECT_THAT(codes(check_html(html("<img alt=x>"))), ElementsAre("broken_image"));
  EXPECT_THAT(check_html(html("<img src=\"https://example.org/i.png\" alt=\"\">")), IsEmpty());
  const auto inlined = check_html(html("<img src=\"data:image/png;base64,AAAA\" alt=x>"));
  ASSERT_THAT(inlined, SizeIs(1));
  EXPECT_EQ(inlined[0].severity, Severity::warning);
}

TEST(ContentCheck, SubjectsThatShoutAreHeard) {
  const auto code_of = [](std::string subject) {
    Draft draft;
    draft.subject = std::move(subject);
    draft.text = "x";
    const auto findings = check_words(draft);
    return findings.empty() ? std::string() : findings[0].code;
  };
  EXPECT_EQ(code_of("READ THIS NOW PLEASE"), "shouting_subject");
  EXPECT_EQ(code_of("Read this!!"), "shouting_subject");
  EXPECT_EQ(code_of("  "), "no_subject");
  EXPECT_EQ(code_of("NATO and the EU"), "");
  EXPECT_EQ(code_of("AGM 2026"), "");
  EXPECT_EQ(code_of("Welcome, {{ contact.FIRST_NAME_IN_CAPITALS }}!"), "");
}

TEST(ContentCheck, MassMailUnsubscribesAndSaysWhoWrites) {
  const std::string good =
      "<a href=\"{{ unsubscribe_url }}\">x</a>{{ organisation.postal_address }}";
  EXPECT_THAT(check_obligations(html(good), MessageKind::campaign, "Kade 1"), IsEmpty());
  EXPECT_THAT(codes(check_obligations(html(good), MessageKind::campaign, " ")),
              ElementsAre("no_postal_address"));
  EXPECT_THAT(codes(check_obligations(html("<p>x</p>"), MessageKind::campaign, "Kade 1")),
              ElementsAre("no_unsubscribe_link", "no_postal_address"));
  EXPECT_THAT(codes(check_obligations(html("<!-- {{ unsubscribe }} -->Kade 1"),
                                      MessageKind::campaign, "Kade 1")),
              ElementsAre("no_unsubscribe_link"));
  EXPECT_THAT(check_obligations(html("<p>x</p>"), MessageKind::transactional, ""), IsEmpty());
}

}  // namespace
}  // namespace tidings::compose
