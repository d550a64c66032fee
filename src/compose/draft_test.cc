#include "compose/draft.h"

#include <boost/json.hpp>

#include <gtest/gtest.h>

namespace tidings::compose {
namespace {

Draft full() {
  Draft draft;
  draft.sender_id = SenderId{77};
  draft.reply_to = "Office <office@example.org>";
  draft.subject = "Hallo {{ contact.first_name }}, zażółć gęślą jaźń";
  draft.preheader = "What is new";
  draft.html = "<!--[if mso]>\r\n<table>\t</table><![endif]-->\r\n<p>\u00e9 &amp; \"q\"</p>\n\n";
  draft.text = "line one\r\n\r\n\tline two ";
  draft.attachments.push_back({MediaId{5}, "jaarverslag é.pdf", "Report", "application/pdf", 12});
  draft.locale = "nl-BE";
  draft.topic_id = TopicId{9};
  return draft;
}

TEST(Draft, SurvivesItsJsonByteForByte) {
  const Draft draft = full();
  const auto again = draft_from_text(draft_text(draft));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*again, draft);
}

TEST(Draft, EmptyOneIsFineAndSurvives) {
  EXPECT_TRUE(check_draft({}).empty());
  const auto again = draft_from_text("{}");
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, Draft{});
  EXPECT_EQ(*draft_from_text(draft_text({})), Draft{});
}

TEST(Draft, UnknownMembersArePassedOver) {
  const auto draft = draft_from_text(R"({"subject":"a","from_the_future":[1]})");
  ASSERT_TRUE(draft);
  EXPECT_EQ(draft->subject, "a");
}

TEST(Draft, WrongTypesAreNamed) {
  for (const std::string_view text :
       {R"({"subject":1})", R"({"attachments":{}})", R"({"attachments":[1]})",
        R"({"attachments":[{"media_id":"###","file_name":"a"}]})", R"({"sender_id":"!"})",
        R"({"attachments":[{"size":-1}]})", "[]", "", "{"}) {
    const auto draft = draft_from_text(text);
    ASSERT_FALSE(draft) << text;
    EXPECT_EQ(draft.error().code, "draft.malformed") << text;
  }
}

std::vector<std::string> problem_fields(const Draft& draft) {
  std::vector<std::string> fields;
  for (const auto& problem : check_draft(draft)) fields.push_back(problem.field);
  return fields;
}

TEST(Draft, AFullOneIsFine) { EXPECT_TRUE(check_draft(full()).empty()); }

TEST(Draft, LineBreaksInWhatBecomesAHeaderAreFieldErrors) {
  Draft draft = full();
  draft.subject = "Hello\r\nBcc: victim@example.org";
  draft.reply_to = "a@example.org\nBcc: victim@example.org";
  draft.preheader = "a\nb";
  draft.attachments[0].file_name = "a\r\nContent-Type: text/html";
  draft.attachments[0].description = "x\ry";
  EXPECT_EQ(problem_fields(draft),
            (std::vector<std::string>{"/reply_to", "/subject", "/preheader",
                                      "/attachments/0/file_name", "/attachments/0/description"}));
}

TEST(Draft, AReplyToThatIsNoAddressIsAFieldError) {
  Draft draft;
  draft.reply_to = "not an address";
  ASSERT_EQ(problem_fields(draft), std::vector<std::string>{"/reply_to"});
  EXPECT_NE(check_draft(draft)[0].message.find("reply-to"), std::string::npos);
}

TEST(Draft, BoundsAreExact) {
  Draft draft;
  draft.subject.assign(kSubjectMax, 'a');
  draft.html.assign(kHtmlMax, 'a');
  EXPECT_TRUE(check_draft(draft).empty());
  draft.subject += 'a';
  draft.html += 'a';
  EXPECT_EQ(problem_fields(draft), (std::vector<std::string>{"/subject", "/html"}));
  Draft crowded;
  crowded.attachments.assign(kAttachmentsMax, {MediaId{1}, "a.pdf", "", "", 0});
  EXPECT_TRUE(check_draft(crowded).empty());
  crowded.attachments.push_back(crowded.attachments[0]);
  EXPECT_EQ(problem_fields(crowded), std::vector<std::string>{"/attachments"});
}

TEST(Draft, BytesThatAreNoTextAreFieldErrors) {
  Draft draft;
  draft.html = std::string("a\0b", 3);
  draft.text = "\xff";
  EXPECT_EQ(problem_fields(draft), (std::vector<std::string>{"/html", "/text"}));
}

}  // namespace
}  // namespace tidings::compose
