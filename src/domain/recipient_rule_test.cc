#include "domain/recipient_rule.h"

#include <chrono>
#include <initializer_list>

#include <gtest/gtest.h>

namespace tidings {
namespace {

constexpr Instant kNow = from_micros(1'790'000'000'000'000);
constexpr TopicId kNews{5};
constexpr TopicId kTrips{6};

RecipientPolicy campaign(TopicId topic = {}, ConsentRule rule = ConsentRule::by_kind) {
  return {.kind = MessageKind::campaign,
          .now = kNow,
          .inactive_after = std::chrono::days(730),
          .consent = {.rule = rule, .topic_id = topic, .topic_since = from_micros(1'000)}};
}
SuppressionFact refusal(TopicId topic, std::int64_t at = 500) {
  return {.reason = "unsubscribed", .topic_id = topic, .created_at = from_micros(at)};
}

TEST(RecipientRule, a_refusal_of_one_topic_stops_that_topic_only) {
  EXPECT_TRUE(concerns(refusal(kNews), campaign(kNews)));
  EXPECT_FALSE(concerns(refusal(kNews), campaign(kTrips)));
  EXPECT_FALSE(concerns(refusal(kNews), campaign()));
  for (const TopicId topic : {TopicId(), kNews, kTrips}) {
    EXPECT_TRUE(concerns(refusal(kEveryTopic), campaign(topic)));
  }
}

TEST(RecipientRule, everything_else_is_what_has_no_topic_and_topics_newer_than_the_choice) {
  EXPECT_TRUE(concerns(refusal(kOtherTopics), campaign()));
  EXPECT_TRUE(concerns(refusal(kOtherTopics, 999), campaign(kNews))) << "the topic came later";
  EXPECT_FALSE(concerns(refusal(kOtherTopics, 1'000), campaign(kNews)));
}

TEST(RecipientRule, what_is_essential_asks_about_no_choice_and_no_silence_but_bounces_stop_it) {
  const RecipientPolicy closure = campaign(kNews, ConsentRule::essential);
  for (const TopicId topic : {kEveryTopic, kOtherTopics, kNews}) {
    EXPECT_FALSE(concerns(refusal(topic), closure));
  }
  EXPECT_FALSE(concerns({.reason = "no_consent"}, closure));
  EXPECT_TRUE(concerns({.reason = "bounce", .covers_everything = true}, closure));
  EXPECT_TRUE(concerns({.reason = "complaint"}, closure));
  EXPECT_TRUE(concerns({.reason = "manual"}, closure));
  RecipientFacts facts;
  facts.has_address = true;
  facts.last_seen = kNow - std::chrono::days(3'000);
  EXPECT_EQ(decide_recipient(facts, closure).state, MessageState::waiting);
  EXPECT_EQ(decide_recipient(facts, campaign(kNews)).reason, "inactive");
  facts.do_not_contact = true;
  EXPECT_EQ(decide_recipient(facts, closure).reason, "do not contact");
}

TEST(RecipientRule, unsubscribing_stops_switchable_transactional_messages_and_no_locked_one) {
  RecipientPolicy policy{.kind = MessageKind::transactional, .now = kNow};
  EXPECT_FALSE(concerns(refusal(kEveryTopic), policy)) << "locked on";
  policy.consent.rule = ConsentRule::switchable;
  EXPECT_TRUE(concerns(refusal(kEveryTopic), policy));
  EXPECT_FALSE(concerns(refusal(kNews), policy));
  EXPECT_FALSE(concerns(refusal(kOtherTopics), policy));
  EXPECT_FALSE(concerns({.reason = "no_consent"}, policy)) << "nobody refused";
  EXPECT_TRUE(concerns({.reason = "bounce", .covers_everything = true}, policy));
}

TEST(RecipientRule, an_individual_message_to_who_unsubscribed_is_asked_about_first) {
  RecipientPolicy policy{.kind = MessageKind::individual, .now = kNow};
  EXPECT_TRUE(concerns(refusal(kEveryTopic), policy));
  EXPECT_FALSE(concerns(refusal(kNews), policy));
  RecipientFacts facts;
  facts.has_address = true;
  facts.suppression = "unsubscribed";
  EXPECT_EQ(decide_recipient(facts, policy),
            (RecipientDecision{MessageState::held, "unsubscribed", false}));
  policy.is_confirmed = true;
  EXPECT_FALSE(concerns(refusal(kEveryTopic), policy));
  EXPECT_EQ(decide_recipient(facts, policy).state, MessageState::waiting);
  facts.suppression = "bounce";
  EXPECT_EQ(decide_recipient(facts, policy).reason, "earlier bounce") << "confirmed or not";
}

TEST(RecipientRule, tests_and_copies_are_stopped_by_what_covers_everything_alone) {
  for (const MessageKind kind : {MessageKind::test, MessageKind::copy}) {
    const RecipientPolicy policy{.kind = kind, .now = kNow};
    EXPECT_FALSE(concerns(refusal(kEveryTopic), policy));
    EXPECT_TRUE(concerns({.reason = "invalid", .covers_everything = true}, policy));
  }
}

TEST(RecipientRule, what_is_switched_off_goes_to_nobody) {
  RecipientFacts facts;
  facts.has_address = true;
  facts.is_switched_off = true;
  EXPECT_EQ(decide_recipient(facts, {.kind = MessageKind::transactional}),
            (RecipientDecision{MessageState::dropped, "switched off", false}));
}

TEST(RecipientRule, every_reason_has_its_words) {
  for (const auto& [reason, words] :
       std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"bounce", "earlier bounce"},
           {"complaint", "earlier complaint"},
           {"unsubscribed", "unsubscribed"},
           {"no_consent", "no consent"},
           {"invalid", "invalid address"},
           {"domain", "domain history"},
           {"manual", "suppressed"}}) {
    EXPECT_EQ(drop_reason(reason), words);
  }
}

}  // namespace
}  // namespace tidings
