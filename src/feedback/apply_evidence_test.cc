// From what a report, a provider or a server says to status, figures, suppression and the list of
// addresses that need a person, on both databases.
#include "feedback/apply_evidence.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "audience/suppression_check.h"
#include "delivery/testing/ledger_fixture.h"
#include "feedback/apply_refusals.h"
#include "feedback/bounce_consequence.h"
#include "feedback/reading/classify_bounce.h"
#include "identity/organisation_settings.h"

namespace tidings::feedback {
namespace {

using delivery::CampaignFigures;
using delivery::kNow;
using delivery::kOrganisation;
using delivery::Ledger;

constexpr Duration kDay = std::chrono::days(1);

class EvidenceTest : public delivery::LedgerTest {
 protected:
  // Messages first..first+count-1, sent.
  void send(int count, int first = 1) {
    enqueue(count, delivery::kKeys, first);
    claim(ledger_, count);
    std::vector<delivery::Settlement> sent;
    for (int id = first; id < first + count; ++id) {
      sent.push_back(settlement(id, OutcomeKind::sent));
    }
    settle(sent);
  }
  static ReportRecipient about(BounceReason reason, std::string diagnostic = "so it is") {
    return {.address = {},
            .reason = reason,
            .severity = severity_of(reason, false),
            .scope = scope_of(reason),
            .status = "5.1.1",
            .reply_code = 550,
            .diagnostic = std::move(diagnostic)};
  }
  Applied apply(int message, EventType type, ReportRecipient recipient = {}, std::string key = {},
                Instant now = kNow) {
    const Fact fact{.organisation = kOrganisation,
                    .message = MessageId{message},
                    .type = type,
                    .about = std::move(recipient),
                    .occurred_at = now,
                    .source = "report",
                    .dedupe_key = key.empty() ? fmt::format("{}/{}", message, int(type)) : key};
    return value([&](db::Connection& c) { return apply_evidence(c, ledger_, ids_, fact, now); });
  }
  Applied bounce(int message, BounceReason reason, std::string key = {}, Instant now = kNow) {
    return apply(message, EventType::bounced, about(reason), std::move(key), now);
  }
  // Why a message of that kind would be dropped; empty: it would not.
  std::string dropped(const std::string& address, MessageKind kind = MessageKind::campaign,
                      Instant now = kNow) {
    const auto found = value([&](db::Connection& c) {
      return audience::find_suppressed(c, kOrganisation, Channel::email, {.kind = kind, .now = now},
                                       {address});
    });
    return found.empty() ? "" : std::string(drop_reason(found.begin()->second));
  }
  std::int64_t open_problems() {
    return number("SELECT COUNT(*) FROM address_problem WHERE is_open = 1");
  }
  void refuse(int message, Outcome outcome, Instant at = kNow) {
    outcome.message_id = MessageId{message};
    outcome.ended_at = at;
    delivery::Settlement settlement{kOrganisation, delivery::kCampaign, 1, outcome, {}, {}};
    const std::array refused = {&std::as_const(settlement)};
    write([&](db::Connection& c) { return apply_refusals(c, ids_, refused, at); });
  }
  static Outcome refusal(Scope scope, std::uint16_t code, std::string status, std::string text) {
    Outcome outcome;
    outcome.kind = OutcomeKind::bounced;
    outcome.scope = scope;
    outcome.reply_code = code;
    outcome.enhanced_status_code = std::move(status);
    outcome.reply_text = std::move(text);
    return outcome;
  }
};

INSTANTIATE_TEST_SUITE_P(On, EvidenceTest, testing::ValuesIn(db::testing::databases()),
                         db::testing::kind_name<testing::TestParamInfo<db::testing::Kind>>);

TEST_P(EvidenceTest, AReportIsAppliedOnceAndNothingIsSaidOfAMessageThatIsNotThere) {
  send(1);
  EXPECT_EQ(apply(1, EventType::delivered), Applied::applied);
  EXPECT_EQ(apply(1, EventType::delivered), Applied::known);
  EXPECT_EQ(apply(1, EventType::delivered, {}, "told by another"), Applied::applied);
  EXPECT_EQ(apply(9, EventType::delivered), Applied::no_such_message);
  EXPECT_EQ(status_of(1), int(Status::delivered));
  EXPECT_EQ(figures().delivered, 1);
  EXPECT_EQ(figures().sent, 1);
  expect_counters_are_true();
}

TEST_P(EvidenceTest, ABounceAfterItWasSentOrDeliveredIsShownAndCountedAndStaysSent) {
  send(3);
  apply(2, EventType::delivered);
  bounce(1, BounceReason::user_unknown);
  bounce(2, BounceReason::spam_detected);
  bounce(2, BounceReason::user_unknown, "of the same message");
  EXPECT_EQ(status_of(1), int(Status::bounced));
  EXPECT_EQ(status_of(2), int(Status::bounced));
  EXPECT_EQ(state_of(1), int(MessageState::sent));
  EXPECT_EQ(number("SELECT COUNT(*) FROM message WHERE id = 1 AND reason = 'address_unknown'"), 1);
  EXPECT_EQ(number("SELECT COUNT(*) FROM message WHERE id = 2 AND reason = 'spam_detected'"), 1);
  const CampaignFigures counted = figures();
  EXPECT_EQ(counted.sent, 3);
  EXPECT_EQ(counted.bounced, 0);
  EXPECT_EQ(counted.returned, 2);
  EXPECT_EQ(counted.returned_unseen, 2);
  EXPECT_EQ(counted.blocked, 1);
  expect_counters_are_true();
  // A complaint says that it arrived after all.
  apply(1, EventType::marked_as_spam);
  EXPECT_EQ(figures().returned_unseen, 1);
  EXPECT_EQ(figures().marked_as_spam, 1);
  expect_counters_are_true();
}

TEST_P(EvidenceTest, TheOrderInWhichThingsAreToldChangesNothing) {
  const std::vector<EventType> told = {EventType::delivered, EventType::bounced,
                                       EventType::marked_as_spam, EventType::auto_replied,
                                       EventType::delayed};
  std::vector<std::size_t> order = {0, 1, 2, 3, 4};
  int message = 0;
  for (int turn = 0; turn < 12; ++turn) {
    send(1, ++message);
    for (const std::size_t i : order) {
      apply(message, told[i],
            told[i] == EventType::bounced ? about(BounceReason::mailbox_full) : ReportRecipient());
      apply(message, told[i]);  // and again
    }
    EXPECT_EQ(status_of(message), int(Status::marked_as_spam));
    for (int skip = 0; skip < 11; ++skip) std::next_permutation(order.begin(), order.end());
  }
  EXPECT_EQ(figures().delivered, message);
  EXPECT_EQ(figures().marked_as_spam, message);
  EXPECT_EQ(figures().returned, message);
  EXPECT_EQ(figures().returned_unseen, 0);
  expect_counters_are_true();
}

TEST_P(EvidenceTest, WhatProvesThatAnUncertainMessageWasAcceptedMakesItSent) {
  enqueue(2);
  claim(ledger_, 2);
  settle({settlement(1, OutcomeKind::uncertain), settlement(2, OutcomeKind::uncertain)});
  apply(1, EventType::delivered);
  bounce(2, BounceReason::user_unknown);
  EXPECT_EQ(state_of(1), int(MessageState::sent));
  EXPECT_EQ(state_of(2), int(MessageState::sent));
  EXPECT_EQ(figures().uncertain, 0);
  EXPECT_EQ(figures().sent, 2);
  EXPECT_EQ(figures().returned, 1);
  expect_counters_are_true();
}

TEST_P(EvidenceTest, OnlyAHardBounceOfTheRecipientSuppressesAtOnce) {
  // Every reason there is, each of a person of its own.
  send(int(kBounceReasons));
  for (std::size_t i = 0; i < kBounceReasons; ++i) {
    const auto reason = static_cast<BounceReason>(i);
    bounce(int(i) + 1, reason);
    const std::string address = fmt::format("person{}@x.org", i + 1);
    const bool is_dead =
        severity_of(reason, false) == Severity::hard && scope_of(reason) == BounceScope::recipient;
    const std::string why = is_dead                            ? "earlier bounce"
                            : reason == BounceReason::feedback ? "earlier complaint"
                                                               : "";
    EXPECT_EQ(dropped(address), why) << to_string(reason);
    // A dead address gets nothing at all; a complaint stops campaigns.
    EXPECT_EQ(dropped(address, MessageKind::transactional), is_dead ? why : "")
        << to_string(reason);
  }
  EXPECT_EQ(dropped("somebody-else@x.org"), "") << "one day is not enough for a domain";
  expect_counters_are_true();
}

TEST_P(EvidenceTest, WhatIsStillTriedIsNoBounce) {
  send(2);
  ReportRecipient delayed = about(BounceReason::user_unknown);
  delayed.severity = Severity::transient;
  apply(1, EventType::bounced, delayed);
  ReportRecipient arrived = about(BounceReason::delivered);
  apply(2, EventType::bounced, arrived);
  EXPECT_EQ(status_of(1), int(Status::sent));
  EXPECT_EQ(status_of(2), int(Status::delivered));
  EXPECT_EQ(dropped("person1@x.org"), "");
}

TEST_P(EvidenceTest, SoftBouncesSuppressForATimeWhenThereAreTooManyWithinThePeriod) {
  write([](db::Connection& c) -> Result<void> {
    auto settings = TRY(identity::organisation_settings(c, kOrganisation));
    settings.soft_bounce_limit = 3;
    settings.soft_bounce_period_days = 10;
    settings.soft_bounce_pause_days = 20;
    return identity::change_organisation_settings(c, kOrganisation, settings);
  });
  for (int id = 1; id <= 5; ++id) {
    send(1, id);
    write([&](db::Connection& c) -> Result<void> {
      TRY(c.execute({"", "UPDATE message SET normalised = 'full@x.org' WHERE id = $1"}, {id}));
      return {};
    });
  }
  const auto at = [](int day) { return kNow + kDay * day; };
  bounce(1, BounceReason::mailbox_full, {}, at(0));
  bounce(2, BounceReason::mailbox_full, {}, at(8));
  bounce(2, BounceReason::mailbox_full, "the same message again", at(8));
  EXPECT_EQ(dropped("full@x.org", MessageKind::campaign, at(8)), "");
  EXPECT_EQ(open_problems(), 0);
  bounce(3, BounceReason::mailbox_full, {}, at(11));  // the first is too long ago
  EXPECT_EQ(dropped("full@x.org", MessageKind::campaign, at(11)), "");
  bounce(4, BounceReason::suspend, {}, at(12));
  EXPECT_EQ(dropped("full@x.org", MessageKind::campaign, at(12)), "earlier bounce");
  EXPECT_EQ(dropped("full@x.org", MessageKind::transactional, at(12)), "");
  EXPECT_EQ(open_problems(), 1);
  EXPECT_EQ(dropped("full@x.org", MessageKind::campaign, at(33)), "") << "it ends by itself";
  bounce(5, BounceReason::mailbox_full, {}, at(34));
  EXPECT_EQ(dropped("full@x.org", MessageKind::campaign, at(34)), "") << "counted anew";
}

TEST_P(EvidenceTest, ADomainThatDoesNotExistOnThreeDaysIsSuppressedForATime) {
  send(6);
  const auto at = [](int day) { return kNow + kDay * day; };
  for (int id = 1; id <= 3; ++id) bounce(id, BounceReason::host_unknown, {}, at(0));
  EXPECT_EQ(open_problems(), 3) << "each may be a typing error";
  bounce(4, BounceReason::host_unknown, {}, at(1));
  EXPECT_EQ(dropped("new@x.org", MessageKind::campaign, at(1)), "");
  bounce(5, BounceReason::not_accept, {}, at(2));
  EXPECT_EQ(dropped("new@x.org", MessageKind::campaign, at(2)), "domain history");
  EXPECT_EQ(dropped("new@x.org", MessageKind::transactional, at(2)), "domain history");
  EXPECT_EQ(dropped("new@y.x.org", MessageKind::campaign, at(2)), "");
  EXPECT_EQ(dropped("new@x.org", MessageKind::campaign, at(33)), "");
}

TEST_P(EvidenceTest, AComplaintAndAnUnsubscriptionStopWhatIsClaimedNext) {
  send(2);
  apply(1, EventType::marked_as_spam);
  apply(2, EventType::unsubscribed);
  enqueue(2, {kOrganisation, CampaignId{80}, ContentVersionId{71}, {}, {}}, 101);
  write([&](db::Connection& c) -> Result<void> {
    TRY(c.execute({"", "UPDATE message SET normalised = 'person1@x.org' WHERE id = 101"}, {}));
    TRY(c.execute({"", "UPDATE message SET normalised = 'person2@x.org' WHERE id = 102"}, {}));
    return {};
  });
  const auto claimed = value(
      [&](db::Connection& c) { return ledger_.claim(c, kOrganisation, CampaignId{80}, 10, kNow); });
  EXPECT_TRUE(claimed.empty());
  EXPECT_EQ(number("SELECT COUNT(*) FROM message WHERE id = 101 AND reason = 'earlier complaint'"),
            1);
  EXPECT_EQ(number("SELECT COUNT(*) FROM message WHERE id = 102 AND reason = 'unsubscribed'"), 1);
  EXPECT_EQ(status_of(1), int(Status::marked_as_spam));
  EXPECT_EQ(status_of(2), int(Status::unsubscribed));
  EXPECT_EQ(figures().unsubscribed, 1);
  EXPECT_EQ(dropped("person1@x.org", MessageKind::transactional), "");
}

TEST_P(EvidenceTest, TestsAndCopiesChangeNobody) {
  send(2);
  write([](db::Connection& c) -> Result<void> {
    TRY(c.execute({"", "UPDATE message SET kind = id + 2"}, {}));  // a test and a copy
    return {};
  });
  bounce(1, BounceReason::user_unknown);
  apply(2, EventType::marked_as_spam);
  refuse(1, refusal(Scope::recipient, 550, "5.1.1", "User unknown"));
  EXPECT_EQ(status_of(1), int(Status::bounced));
  EXPECT_EQ(number("SELECT COUNT(*) FROM suppression"), 0);
  EXPECT_EQ(number("SELECT COUNT(*) FROM address_problem"), 0);
}

TEST_P(EvidenceTest, WhatAServerSaysAtAnAttemptIsReadByTheSameRules) {
  send(9);
  refuse(1, refusal(Scope::recipient, 550, "5.1.1", "No such user here"));
  refuse(2, refusal(Scope::recipient, 550, "",
                    "550 Requested action not taken: mailbox "
                    "unavailable, user unknown"));
  refuse(3, refusal(Scope::source, 550, "5.7.1", "User unknown, or so we say to spammers"));
  refuse(4, refusal(Scope::recipient, 552, "5.2.2", "Mailbox full"));
  refuse(5, refusal(Scope::message, 554, "5.7.1", "Message looks like spam"));
  Outcome no_domain = refusal(Scope::site, 0, "5.1.2", "There is no domain x.org.");
  no_domain.reason = "domain_unknown";
  refuse(6, no_domain);
  Outcome unusable = refusal(Scope::recipient, 0, "", "The address cannot be used in SMTP.");
  unusable.kind = OutcomeKind::failed;
  unusable.reason = "address_invalid";
  refuse(7, unusable);
  Outcome sandbox = refusal(Scope::recipient, 550, "5.1.1", "User unknown");
  sandbox.remote = "sandbox";
  refuse(8, sandbox);
  Outcome lost = refusal(Scope::session, 0, "", "The connection was lost.");
  lost.kind = OutcomeKind::failed;
  lost.reason = "expired";
  refuse(9, lost);
  for (const int dead : {1, 2}) {
    EXPECT_EQ(dropped(fmt::format("person{}@x.org", dead)), "earlier bounce") << dead;
  }
  for (const int alive : {3, 4, 5, 6, 7, 8, 9}) {
    EXPECT_EQ(dropped(fmt::format("person{}@x.org", alive)), "") << alive;
  }
  EXPECT_EQ(number("SELECT COUNT(*) FROM address_problem WHERE is_open = 1 AND reason IN"
                   " ('userunknown', 'hostunknown', 'address_invalid')"),
            5);
  EXPECT_EQ(open_problems(), 5);
}

TEST_P(EvidenceTest, TheLedgerAppliesRefusalsInTheTransactionThatSettlesThem) {
  const Ledger refusing(ids_, NodeId{5}, 1, apply_refusals);
  enqueue(3);
  claim(refusing, 3);
  auto bounced = settlement(1, OutcomeKind::bounced);
  bounced.outcome.scope = Scope::recipient;
  bounced.outcome.reply_code = 550;
  bounced.outcome.enhanced_status_code = "5.1.1";
  bounced.outcome.reply_text = "No such user";
  auto accepted = settlement(2, OutcomeKind::sent);
  accepted.outcome.reason = kDelivered;
  value([&](db::Connection& c) {
    return refusing.settle(c, NodeId{5},
                           std::vector{bounced, accepted, settlement(3, OutcomeKind::sent)}, kNow);
  });
  EXPECT_EQ(dropped("person1@x.org"), "earlier bounce");
  EXPECT_EQ(status_of(2), int(Status::delivered)) << "by the recipient's own server";
  EXPECT_EQ(status_of(3), int(Status::sent)) << "by a relay";
  EXPECT_EQ(figures().delivered, 1);
  expect_counters_are_true();
}

TEST(RecentBouncesTest, AreBoundedAndReadBackAndNeverCountAMessageTwice) {
  RecentBounces bounces;
  for (int i = 0; i < 50; ++i) {
    bounces.add(MessageId{i}, kNow + kDay * i, kNow, Duration::zero());
    bounces.add(MessageId{i}, kNow + kDay * i, kNow, Duration::zero());
  }
  EXPECT_EQ(bounces.size(), RecentBounces::kMax);
  EXPECT_EQ(RecentBounces::parse(bounces.to_text()).to_text(), bounces.to_text());
  for (const char* text : {"", " ", "x", "1", "1:", "1:2 3:", ":::", "99999999999999999999:1"}) {
    EXPECT_LE(RecentBounces::parse(text).size(), 1U) << text;
  }
  bounces = {};
  bounces.add(MessageId{1}, kNow, kNow, kDay);
  bounces.add(MessageId{2}, kNow + kDay / 2, kNow, kDay);
  EXPECT_EQ(bounces.size(), 1U);
  bounces.add(MessageId{3}, kNow - kDay, kNow, kDay);
  EXPECT_EQ(bounces.size(), 1U) << "too long ago";
}

TEST(BounceConsequenceTest, EveryReasonHasPlainWordsAndSomethingToDo) {
  for (std::size_t i = 0; i < kBounceReasons; ++i) {
    const auto word = to_string(static_cast<BounceReason>(i));
    EXPECT_FALSE(why_in_words(word).contains('_')) << word;
    EXPECT_TRUE(what_to_do(word).ends_with('.')) << word;
    EXPECT_FALSE(outcome_word(static_cast<BounceReason>(i)).empty());
  }
  EXPECT_EQ(why_in_words("something_new"), "something new");
}

}  // namespace
}  // namespace tidings::feedback
