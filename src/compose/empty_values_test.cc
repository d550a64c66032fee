#include "compose/empty_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tidings::compose {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> holes(const Draft& draft) {
  std::vector<std::string> list;
  for (const Hole& hole : find_holes(draft)) {
    list.push_back(hole.field + "@" + hole.part + ": " + hole.reads);
  }
  return list;
}
Draft text(std::string source) {
  Draft draft;
  draft.text = std::move(source);
  return draft;
}
Draft html(std::string source) {
  Draft draft;
  draft.html = std::move(source);
  return draft;
}

TEST(EmptyValues, ATagWithoutFallbackLeavesAHole) {
  EXPECT_THAT(holes(text("News\n\nDear {{ contact.first_name }},\n\nbye")),
              ElementsAre("first_name@text: Dear ,"));
  EXPECT_THAT(holes(html("<h1>News</h1><p>Dear {{ contact.first_name | upcase }},</p><p>x</p>")),
              ElementsAre("first_name@html: Dear ,"));
}

TEST(EmptyValues, AFallbackOrAConditionLeavesNone) {
  EXPECT_THAT(holes(text("Dear {{ contact.first_name | default: 'friend' }},")), IsEmpty());
  EXPECT_THAT(holes(text("{% if contact.first_name %}Dear {{ contact.first_name }}{% else %}"
                         "Hello{% endif %}, welcome")),
              IsEmpty());
  EXPECT_THAT(holes(text("Hello{% if contact.first_name %} {{ contact.first_name }}{% endif %}!")),
              IsEmpty());
  EXPECT_THAT(holes(text("Hello")), IsEmpty());
}

TEST(EmptyValues, EachFieldIsNamedOnceWhereItIsFirstMet) {
  Draft draft = html("<p>Hi {{ contact.first_name }} {{ contact.last_name }}!</p>");
  draft.subject = "For {{ contact.first_name }}";
  EXPECT_THAT(holes(draft), ElementsAre("first_name@subject: For", "last_name@html: Hi … !"));
  const auto found = find_holes(draft);
  EXPECT_EQ(found[1].line, 1);
  EXPECT_GT(found[1].column, 20);
}

TEST(EmptyValues, BrokenTemplatesHaveNoHoles) {
  EXPECT_THAT(holes(text("{{ contact.first_name ")), IsEmpty());
  EXPECT_THAT(holes(text("{{ contact.first_name | divided_by: 0 }}")), IsEmpty());
}

TEST(EmptyValues, PeopleAreCountedWithExamplesTheMostFrequentFirst) {
  HoleCounter counter(find_holes(text("{{ contact.a }}-{{ contact.first_name }}")));
  for (int i = 0; i < 13; ++i) counter.add(R"({"a":"x","first_name":""})", "Ann");
  counter.add(R"({"first_name":"Bo"})", "Bo");
  counter.add("{}", "Cy");
  counter.add(R"({"a":0,"first_name":"Bo"})", "Zero is a value");
  const auto findings = counter.findings();
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].count, 14);
  EXPECT_THAT(findings[0].sentence, HasSubstr("14 people have no first name and will read"));
  EXPECT_EQ(findings[0].examples.size(), kExamplesMax);
  EXPECT_THAT(findings[1].examples, ElementsAre("Bo", "Cy"));
  EXPECT_THAT(HoleCounter({}).findings(), IsEmpty());
}

}  // namespace
}  // namespace tidings::compose
