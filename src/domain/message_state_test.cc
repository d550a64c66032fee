// The status of a message: what P37 of the product says of every order, repetition and pair of
// events.
#include "domain/message_state.h"

#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tidings {
namespace {

constexpr int kEventTypes = 21;

std::vector<EventType> every_event() {
  std::vector<EventType> all;
  for (int i = 0; i < kEventTypes; ++i) all.push_back(static_cast<EventType>(i));
  return all;
}

// Anything but a resubscription, which answers what came before it.
rc::Gen<std::vector<EventType>> any_events() {
  return rc::gen::container<std::vector<EventType>>(rc::gen::map(
      rc::gen::suchThat(rc::gen::inRange(0, kEventTypes),
                        [](int i) { return static_cast<EventType>(i) != EventType::resubscribed; }),
      [](int i) { return static_cast<EventType>(i); }));
}

Status one_by_one(const std::vector<EventType>& events) {
  Status status = Status::queued;
  for (const EventType event : events) status = after_event(status, event);
  return status;
}

RC_GTEST_PROP(StatusTest, AnyOrderAndAnyDuplicationOfEventsGivesTheSameStatus, ()) {
  const auto events = *any_events();
  auto shuffled = events;
  // Every event again as often as chance has it, and all of them in another order.
  for (const EventType event : events) {
    for (int again = *rc::gen::inRange(0, 3); again > 0; --again) shuffled.push_back(event);
  }
  const auto keys =
      *rc::gen::container<std::vector<int>>(shuffled.size(), rc::gen::arbitrary<int>());
  std::vector<std::pair<int, EventType>> keyed;
  for (std::size_t i = 0; i < shuffled.size(); ++i) keyed.emplace_back(keys[i], shuffled[i]);
  std::ranges::sort(keyed, {}, &std::pair<int, EventType>::first);
  for (std::size_t i = 0; i < keyed.size(); ++i) shuffled[i] = keyed[i].second;
  RC_ASSERT(status_of_events(shuffled) == status_of_events(events));
  RC_ASSERT(one_by_one(shuffled) == status_of_events(events));
}

RC_GTEST_PROP(StatusTest, ALaterEventNeverLowersWhatIsShown, ()) {
  const auto events = *any_events();
  Status status = Status::queued;
  for (const EventType event : events) {
    const Status next = after_event(status, event);
    RC_ASSERT(rank(next) >= rank(status));
    status = next;
  }
}

RC_GTEST_PROP(StatusTest, WhatIsLeftAfterAResubscriptionIsAsIfItHadNotBeenUnsubscribed, ()) {
  auto events = *any_events();
  auto without = events;
  std::erase(without, EventType::unsubscribed);
  events.push_back(EventType::resubscribed);
  RC_ASSERT(status_of_events(events) == status_of_events(without));
}

TEST(StatusTest, ThePrecedenceIsThatOfTheProduct) {
  // Each of these outranks all that stand in later groups; within a group the order is ours.
  const std::vector<std::vector<Status>> groups = {
      {Status::marked_as_spam},
      {Status::unsubscribed},
      {Status::clicked},
      {Status::opened},
      {Status::bounced, Status::failed},
      {Status::delivered},
      {Status::sent},
      {Status::uncertain},
      {Status::dropped, Status::skipped, Status::cancelled},
      {Status::deferred},
      {Status::sending},
      {Status::held, Status::queued}};
  std::set<int> ranks;
  int least = 1000;
  for (const auto& group : groups) {
    int lowest = least;
    for (const Status status : group) {
      EXPECT_LT(rank(status), least) << to_string(status);
      EXPECT_TRUE(ranks.insert(rank(status)).second) << "two statuses of one rank";
      lowest = std::min(lowest, rank(status));
    }
    least = lowest;
  }
  EXPECT_EQ(ranks.size(), std::size_t{kStatusCount});
}

TEST(StatusTest, ABounceAfterDeliveryShowsAsBounced) {
  EXPECT_EQ(after_event(Status::delivered, EventType::bounced), Status::bounced);
  EXPECT_EQ(after_event(Status::bounced, EventType::delivered), Status::bounced);
  EXPECT_EQ(after_event(Status::failed, EventType::bounced), Status::bounced);
}

TEST(StatusTest, WhatNoPersonDidRaisesNothing) {
  for (const EventType event :
       {EventType::image_loaded, EventType::link_followed, EventType::auto_replied,
        EventType::replied, EventType::delayed, EventType::resubscribed, EventType::queued}) {
    for (int i = 0; i < kStatusCount; ++i) {
      EXPECT_EQ(after_event(static_cast<Status>(i), event), static_cast<Status>(i));
    }
  }
}

TEST(StatusTest, AResubscriptionTakesBackWhatCameBeforeIt) {
  using enum EventType;
  EXPECT_EQ(status_of_events(std::vector{sent, unsubscribed}), Status::unsubscribed);
  EXPECT_EQ(status_of_events(std::vector{sent, unsubscribed, resubscribed}), Status::sent);
  EXPECT_EQ(status_of_events(std::vector{sent, unsubscribed, resubscribed, unsubscribed}),
            Status::unsubscribed);
  EXPECT_EQ(status_of_events({}, Status::sending), Status::sending);
  EXPECT_EQ(status_of_events({}, Status::bounced), Status::queued) << "that an event would tell";
}

TEST(StatusTest, EveryEventHasAWordOfItsOwn) {
  std::set<std::string_view> words;
  for (const EventType event : every_event()) words.insert(to_string(event));
  EXPECT_EQ(words.size(), std::size_t{kEventTypes});
}

TEST(StatusTest, AnEventOfANewerProgramRaisesNothing) {
  for (const EventType event : {static_cast<EventType>(kEventTypes), EventType{255}}) {
    EXPECT_EQ(to_string(event), "unknown");
    EXPECT_EQ(status_of_events(std::array{EventType::sent, event}), Status::sent);
  }
}

TEST(StatusTest, NothingFollowsByItselfOnlyOnAFinalState) {
  for (int i = 0; i <= int(MessageState::held); ++i) {
    const auto state = static_cast<MessageState>(i);
    const bool goes_on = state == MessageState::waiting || state == MessageState::deferred ||
                         state == MessageState::leased || state == MessageState::held;
    EXPECT_EQ(is_final(state), !goes_on) << i;
  }
}

TEST(StatusTest, EveryWordIsReadBack) {
  for (int i = 0; i < kStatusCount; ++i) {
    const auto status = static_cast<Status>(i);
    EXPECT_EQ(parse_status(to_string(status)), status);
  }
  EXPECT_EQ(parse_status("lost"), std::nullopt);
}

TEST(StatusTest, EveryOutcomeHasItsStateItsEventAndItsStatus) {
  struct Row {
    OutcomeKind kind;
    MessageState state;
    Status status;
  };
  for (const auto& [kind, state, status] :
       std::array{Row{OutcomeKind::sent, MessageState::sent, Status::sent},
                  Row{OutcomeKind::deferred, MessageState::deferred, Status::deferred},
                  Row{OutcomeKind::bounced, MessageState::bounced, Status::bounced},
                  Row{OutcomeKind::failed, MessageState::failed, Status::failed},
                  Row{OutcomeKind::uncertain, MessageState::uncertain, Status::uncertain}}) {
    EXPECT_EQ(state_after(kind), state);
    EXPECT_EQ(after_event(Status::sending, event_of(kind)), status);
  }
}

}  // namespace
}  // namespace tidings
