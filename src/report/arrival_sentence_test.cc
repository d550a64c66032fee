#include "report/arrival_sentence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tidings::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ArrivalFacts facts(Status status) {
  return {.subject = "Trip {at}",
          .address = "anna@x.org",
          .status = status,
          .reason = "mailbox_full",
          .at = *parse_rfc3339("2026-11-22T08:00:30Z"),
          .next_at = {},
          .remote = "mx.x.org",
          .time_zone = "Europe/Amsterdam"};
}

TEST(ArrivalSentence, every_status_has_a_whole_sentence_in_every_language) {
  for (const std::string_view locale : {"en", "nl-BE", "pl", "fr"}) {
    for (int i = 0; i < kStatusCount; ++i) {
      const auto sentence =
          arrival_sentence(facts(static_cast<Status>(i)), sentence_language(locale));
      EXPECT_TRUE(sentence.ends_with('.')) << sentence;
      EXPECT_THAT(sentence, HasSubstr("Trip {at}")) << "what people wrote is no template";
      EXPECT_THAT(sentence, HasSubstr("anna@x.org"));
    }
  }
}

TEST(ArrivalSentence, it_promises_no_more_than_is_known) {
  const auto sent = arrival_sentence(facts(Status::sent), SentenceLanguage::english);
  EXPECT_THAT(sent, HasSubstr("mx.x.org on 2026-11-22 09:00 (Europe/Amsterdam)"));
  EXPECT_THAT(sent, HasSubstr("not known"));
  EXPECT_FALSE(sent.starts_with("Yes"));
  EXPECT_TRUE(arrival_sentence(facts(Status::delivered), SentenceLanguage::english)
                  .ends_with("That is no proof of the inbox."));
  EXPECT_TRUE(arrival_sentence(facts(Status::uncertain), SentenceLanguage::dutch)
                  .starts_with("Het is niet zeker"));
}

TEST(ArrivalSentence, what_is_not_known_is_not_left_blank) {
  ArrivalFacts none = facts(Status::skipped);
  none.address = {};
  none.reason = {};
  none.time_zone = "Nowhere/Town";
  EXPECT_EQ(arrival_sentence(none, SentenceLanguage::english),
            "No: “Trip {at}” was not sent to nobody (there is no address): no reason was given.");
  none.status = Status::cancelled;
  EXPECT_THAT(arrival_sentence(none, SentenceLanguage::english), HasSubstr("08:00 (UTC)"));
  none.status = Status::deferred;
  EXPECT_THAT(arrival_sentence(none, SentenceLanguage::english), HasSubstr("attempt soon"));
}

TEST(ArrivalSentence, a_reason_is_words) {
  const auto bounced = arrival_sentence(facts(Status::bounced), SentenceLanguage::english);
  EXPECT_THAT(bounced, HasSubstr("mailbox full"));
  EXPECT_THAT(bounced, Not(HasSubstr("mailbox_full")));
}

TEST(ArrivalSentence, nothing_is_told_honestly) {
  EXPECT_THAT(nothing_sentence(NothingToTell::erased, SentenceLanguage::english),
              HasSubstr("known here no more"));
  EXPECT_THAT(nothing_sentence(NothingToTell::unknown, sentence_language("de")),
              HasSubstr("no person, and no message"));
}

}  // namespace
}  // namespace tidings::report
