#include "delivery/ledger.h"

#include <functional>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "audience/suppressions.h"
#include "db/testing/databases.h"
#include "db/testing/expect_plan.h"
#include "delivery/testing/ledger_fixture.h"

namespace tidings::delivery {
namespace {

INSTANTIATE_TEST_SUITE_P(On, LedgerTest, testing::ValuesIn(db::testing::databases()),
                         [](const auto& info) { return db::testing::kind_name(info); });

TEST_P(LedgerTest, CountsWhatIsEnqueuedByWhatItIs) {
  std::vector<NewMessage> messages = {message(1), message(2), message(3), message(4)};
  messages[1].state = MessageState::skipped;
  messages[1].reason = "no address";
  messages[2].state = MessageState::skipped;
  messages[2].reason = "do not contact";
  messages[3].state = MessageState::dropped;
  messages[3].reason = "unsubscribed";
  messages[0].about.push_back(ContactId{9});
  write([&](db::Connection& c) { return ledger_.enqueue(c, kKeys, messages, kNow); });
  const CampaignFigures f = figures();
  EXPECT_EQ(f.queued, 1);
  EXPECT_EQ(f.skipped, 2);
  EXPECT_EQ(f.skipped_no_address, 1);
  EXPECT_EQ(f.dropped, 1);
  EXPECT_EQ(f.total(), 4);
  EXPECT_EQ(f.pending() + f.in_flight() + f.completed() + f.all_failed() + f.all_skipped(), 4);
  EXPECT_EQ(events_of(1), 0);
  EXPECT_EQ(events_of(2), 1);
  EXPECT_EQ(number("SELECT COUNT(*) FROM message_about WHERE is_recipient = 1"), 4);
  EXPECT_EQ(number("SELECT contact_id FROM message_about WHERE is_recipient = 0"), 9);
  expect_counters_are_true();
}

TEST_P(LedgerTest, AMessageWithoutACampaignIsASendOutOfItsOwn) {
  std::vector<NewMessage> messages = {message(1), message(2)};
  messages[1].subject = "Your ÉTÉ ticket";
  const CampaignKeys single{
      kOrganisation, {}, ContentVersionId{71}, MessageKind::transactional, {}};
  write([&](db::Connection& c) { return ledger_.enqueue(c, single, messages, kNow); });
  EXPECT_EQ(number("SELECT COUNT(*) FROM message WHERE campaign_id IS NULL"), 2);
  EXPECT_EQ(number("SELECT COUNT(*) FROM send_out WHERE type = 1 AND has_attachments = 0"), 2);
  EXPECT_EQ(number("SELECT id FROM send_out WHERE subject_key = 'your été ticket'"), 2);
  EXPECT_EQ(figures().total(), 0);
}

TEST_P(LedgerTest, CountsAmongTheBouncedThoseWhoseProviderRefusedUs) {
  enqueue(3);
  claim(ledger_, 3);
  auto refused = settlement(1, OutcomeKind::bounced);
  refused.outcome.reason = "policy";
  settle({refused, settlement(2, OutcomeKind::bounced), settlement(3, OutcomeKind::sent)});
  EXPECT_EQ(figures().bounced, 2);
  EXPECT_EQ(figures().blocked, 1);
  expect_counters_are_true();
}

TEST_P(LedgerTest, SettlesEveryKindOfOutcomeOnceWithItsEventAndBody) {
  enqueue(5);
  EXPECT_EQ(claim(ledger_, 10).size(), 5u);
  EXPECT_EQ(figures().sending, 5);
  const std::vector all = {settlement(1, OutcomeKind::sent), settlement(2, OutcomeKind::deferred),
                           settlement(3, OutcomeKind::bounced), settlement(4, OutcomeKind::failed),
                           settlement(5, OutcomeKind::uncertain)};
  EXPECT_EQ(settle(all), std::vector<bool>(5, true));
  const std::vector states = {3, 1, 4, 5, 6};
  const std::vector statuses = {3, 2, 7, 12, 15};
  for (int id = 1; id <= 5; ++id) {
    const auto at = static_cast<std::size_t>(id - 1);
    EXPECT_EQ(state_of(id), states[at]);
    EXPECT_EQ(status_of(id), statuses[at]);
    EXPECT_EQ(events_of(id), 1);
  }
  EXPECT_EQ(number("SELECT COUNT(*) FROM message_body"), 5);
  EXPECT_EQ(number("SELECT is_ambiguous FROM message WHERE id = 5"), 1);
  EXPECT_EQ(number("SELECT SUM(is_ambiguous) FROM message WHERE id < 5"), 0);
  expect_counters_are_true();
  // A journal read again changes nothing.
  EXPECT_EQ(settle(all), std::vector<bool>(5, false));
  EXPECT_EQ(number("SELECT COUNT(*) FROM event"), 5);
  expect_counters_are_true();
}

TEST_P(LedgerTest, SettlesThoseThatEndAlikeTogetherAndSaysWhichWereNotLeased) {
  enqueue(70);
  EXPECT_EQ(claim(ledger_, 69).size(), 69u);
  std::vector<Settlement> all;
  for (int id = 1; id <= 70; ++id) all.push_back(settlement(id, OutcomeKind::sent));
  all.push_back(settlement(1, OutcomeKind::sent));  // told twice
  std::vector<bool> applied(71, true);
  applied[69] = applied[70] = false;
  EXPECT_EQ(settle(all), applied);
  EXPECT_EQ(state_of(69), 3);
  EXPECT_EQ(state_of(70), 0);
  EXPECT_EQ(number("SELECT COUNT(*) FROM event"), 69);
  EXPECT_EQ(number("SELECT COUNT(*) FROM message_body"), 69);
  expect_counters_are_true();
}

// No reference of the database's sees to it.
TEST_P(LedgerTest, OfAMessageThatIsNotThereNothingIsStored) {
  enqueue(1);
  EXPECT_EQ(settle({settlement(9, OutcomeKind::sent)}), std::vector{false});
  EXPECT_EQ(settle({settlement(9, OutcomeKind::deferred)}), std::vector{false});
  write([&](db::Connection& c) -> Result<void> {
    const auto recorded = ledger_.record(
        c, {.organisation_id = kKeys.organisation_id, .message_id = MessageId{9}}, kNow);
    EXPECT_EQ(recorded.error().code, "message.not_found");
    return {};
  });
  EXPECT_EQ(number("SELECT COUNT(*) FROM event"), 0);
  EXPECT_EQ(number("SELECT COUNT(*) FROM message_body"), 0);
}

TEST_P(LedgerTest, LeavesAloneWhatAnotherNodeHolds) {
  enqueue(2);
  EXPECT_EQ(claim(other_, 1).size(), 1u);
  EXPECT_EQ(settle({settlement(1, OutcomeKind::sent)}), std::vector{false});
  EXPECT_EQ(settle({settlement(2, OutcomeKind::sent)}), std::vector{false});
  write([&](db::Connection& c) {
    return ledger_.release(c, std::vector{settlement(1, OutcomeKind::sent)}, kNow);
  });
  write([&](db::Connection& c) {
    return ledger_.drop_suppressed(c, ledger_.node(), kKeys, std::vector{MessageId{1}}, kNow);
  });
  EXPECT_EQ(state_of(1), 2);
  EXPECT_EQ(state_of(2), 0);
  EXPECT_EQ(number("SELECT COUNT(*) FROM event"), 0);
  EXPECT_EQ(settle({settlement(1, OutcomeKind::sent)}, other_.node()), std::vector{true});
  expect_counters_are_true();
}

TEST_P(LedgerTest, ASettlementOfAnEarlierAttemptDoesNotTouchALaterOne) {
  enqueue(1);
  claim(ledger_, 1);
  settle({settlement(1, OutcomeKind::deferred)});
  EXPECT_TRUE(claim(ledger_, 1, kLater - Duration(1)).empty());
  const auto again = claim(ledger_, 1, kLater);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].attempts, 1);
  EXPECT_EQ(again[0].record, "record of attempt 1");
  EXPECT_EQ(settle({settlement(1, OutcomeKind::deferred)}), std::vector{false});
  EXPECT_EQ(state_of(1), 2);
  Settlement second = settlement(1, OutcomeKind::sent, 2);
  second.record = "of attempt 2";
  EXPECT_EQ(settle({second}), std::vector{true});
  // What was sent first is what is kept.
  EXPECT_EQ(number("SELECT COUNT(*) FROM message_body"), 1);
  expect_counters_are_true();
}

TEST_P(LedgerTest, ReleasedMessagesWaitWhereTheyWaitedBefore) {
  enqueue(2);
  claim(ledger_, 1);
  settle({settlement(1, OutcomeKind::deferred)});
  EXPECT_EQ(claim(ledger_, 2, kLater).size(), 2u);
  write([&](db::Connection& c) {
    return ledger_.release(
        c, std::vector{settlement(1, OutcomeKind::sent, 2), settlement(2, OutcomeKind::sent)},
        kNow);
  });
  EXPECT_EQ(state_of(1), 1);
  EXPECT_EQ(status_of(1), 2);
  EXPECT_EQ(state_of(2), 0);
  EXPECT_EQ(status_of(2), 0);
  EXPECT_EQ(figures().queued, 1);
  EXPECT_EQ(figures().deferred, 1);
  expect_counters_are_true();
  EXPECT_EQ(claim(other_, 5, kLater).size(), 2u);
}

TEST_P(LedgerTest, CancelsWhatIsUnsentAndNothingElse) {
  enqueue(5);
  claim(ledger_, 3);
  settle({settlement(1, OutcomeKind::sent), settlement(2, OutcomeKind::deferred)});
  const auto cancel = [&](int limit) {
    return value([&](db::Connection& c) {
      return ledger_.cancel_unsent(c, kOrganisation, kCampaign, limit, kNow);
    });
  };
  EXPECT_EQ(cancel(2), 2);
  EXPECT_EQ(cancel(2), 1);
  EXPECT_EQ(cancel(2), 0);
  EXPECT_EQ(state_of(1), 3);
  EXPECT_EQ(state_of(2), 9);
  EXPECT_EQ(state_of(3), 2);
  EXPECT_EQ(state_of(4), 9);
  EXPECT_EQ(events_of(4), 1);
  EXPECT_EQ(figures().cancelled, 3);
  EXPECT_TRUE(claim(ledger_, 5, kLater).empty());
  expect_counters_are_true();
}

TEST_P(LedgerTest, TakesBackFromADeadNodeAsItsJournalAllows) {
  enqueue(6);
  claim(ledger_, 3);
  claim(other_, 3);
  const auto take_back = [&](NodeId node, Ledger::Holding holding) {
    return value([&](db::Connection& c) { return ledger_.take_back(c, node, holding, kNow); });
  };
  EXPECT_EQ(take_back(NodeId{6}, Ledger::Holding::nothing_left), 3);
  EXPECT_EQ(take_back(NodeId{6}, Ledger::Holding::nothing_left), 0);
  EXPECT_EQ(figures().queued, 3);
  expect_counters_are_true();
  EXPECT_EQ(take_back(NodeId{5}, Ledger::Holding::may_have_left), 3);
  EXPECT_EQ(figures().uncertain, 3);
  EXPECT_EQ(number("SELECT SUM(is_ambiguous) FROM message"), 3);
  expect_counters_are_true();
  // The lost node comes back with an outcome: too late, it was told already.
  EXPECT_EQ(settle({settlement(1, OutcomeKind::sent)}), std::vector{false});
}

TEST_P(LedgerTest, DropsAtClaimWhatBecameSuppressed) {
  enqueue(3);
  write([&](db::Connection& c) -> Result<void> {
    TRY(audience::suppress(c, ids_, kOrganisation,
                           {.normalised = "person2@x.org", .reason = "unsubscribed"}, kNow));
    return {};
  });
  const auto claimed = claim(ledger_, 3);
  ASSERT_EQ(claimed.size(), 2u);
  EXPECT_EQ(claimed[0].id, MessageId{1});
  EXPECT_EQ(claimed[1].id, MessageId{3});
  EXPECT_EQ(state_of(2), 8);
  EXPECT_EQ(status_of(2), 10);
  EXPECT_EQ(number("SELECT COUNT(*) FROM message WHERE id = 2 AND reason = 'unsubscribed'"), 1);
  EXPECT_EQ(events_of(2), 1);
  expect_counters_are_true();
}

TEST_P(LedgerTest, EvidenceIsStoredOnceAndAnUnsubscriptionCanBeTakenBack) {
  enqueue(1);
  claim(ledger_, 1);
  settle({settlement(1, OutcomeKind::sent)});
  Evidence evidence{kOrganisation, MessageId{1}, EventType::unsubscribed, kNow, "page", "{}", "a"};
  const auto record = [&] {
    return value([&](db::Connection& c) { return ledger_.record(c, evidence, kNow); });
  };
  EXPECT_TRUE(record());
  EXPECT_FALSE(record());
  EXPECT_EQ(status_of(1), 9);
  EXPECT_EQ(figures().unsubscribed, 1);
  evidence.dedupe_key = "b";
  EXPECT_TRUE(record());  // unsubscribed again: counted once
  EXPECT_EQ(figures().unsubscribed, 1);
  evidence.type = EventType::resubscribed;
  evidence.dedupe_key = "c";
  EXPECT_TRUE(record());
  EXPECT_EQ(status_of(1), 3);
  EXPECT_EQ(figures().unsubscribed, 0);
  EXPECT_EQ(figures().sent, 1);
  expect_counters_are_true();
  evidence.message_id = MessageId{99};
  evidence.dedupe_key = "d";
  const auto wrote = database_->write(db::Priority::ledger, [&](db::Connection& c) -> Result<void> {
    TRY(ledger_.record(c, evidence, kNow));
    return {};
  });
  ASSERT_FALSE(wrote);
  EXPECT_EQ(wrote.error().code, "message.not_found");
}

TEST_P(LedgerTest, TwoNodesNeverHoldTheSameMessage) {
  enqueue(40);
  enqueue(5, {kOrganisation, CampaignId{80}, ContentVersionId{71}, {}, {}}, 100);
  std::set<std::int64_t> seen;
  for (bool is_more = true; is_more;) {
    is_more = false;
    for (const Ledger* ledger : {&ledger_, &other_}) {
      for (const ClaimedMessage& message : claim(*ledger, 7)) {
        EXPECT_TRUE(seen.insert(message.id.value).second) << message.id.value;
        is_more = true;
      }
    }
  }
  EXPECT_EQ(seen.size(), 40u);
  EXPECT_LE(*seen.rbegin(), 40);
  expect_counters_are_true();
}

// Random steps of two nodes, some of them repeated or meant for somebody else: the counters stay
// what counting the messages gives.
TEST_P(LedgerTest, CountersEqualARecountAfterAnySteps) {
  for (unsigned seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto below = [&](int limit) { return static_cast<int>(random() % unsigned(limit)); };
    const int first = static_cast<int>(seed) * 1000;
    enqueue(12, kKeys, first);
    std::vector<ClaimedMessage> held[2];
    for (int step = 0; step < 40; ++step) {
      const int who = below(2);
      const Ledger& ledger = who == 0 ? ledger_ : other_;
      const Instant now = kNow + std::chrono::hours(2 * step);
      std::vector<Settlement> some;
      for (const ClaimedMessage& message : held[below(2)]) {
        if (below(2) == 0) continue;
        some.push_back(
            settlement(message.id.value, static_cast<OutcomeKind>(below(5)), message.attempts + 1));
        some.back().due_at = now;
      }
      switch (below(6)) {
        case 0:
        case 1:
          for (auto& message : claim(ledger, 1 + below(5), now)) held[who].push_back(message);
          break;
        case 2:
        case 3:
          settle(some, ledger.node());
          break;
        case 4:
          write([&](db::Connection& c) { return ledger.release(c, some, now); });
          break;
        default:
          static constexpr std::array kKinds = {EventType::unsubscribed, EventType::resubscribed,
                                                EventType::delivered, EventType::marked_as_spam};
          Evidence evidence{kOrganisation,
                            MessageId{first + below(12)},
                            kKinds[static_cast<std::size_t>(below(4))],
                            now,
                            "page",
                            "{}",
                            std::to_string(below(30))};
          value([&](db::Connection& c) { return ledger.record(c, evidence, now); });
      }
      expect_counters_are_true();
    }
    value([&](db::Connection& c) {
      return ledger_.cancel_unsent(c, kOrganisation, kCampaign, 5, kNow);
    });
    for (const NodeId node : {ledger_.node(), other_.node()}) {
      value([&](db::Connection& c) {
        return ledger_.take_back(c, node, Ledger::Holding::may_have_left, kNow);
      });
    }
    expect_counters_are_true();
  }
}

TEST_P(LedgerTest, NoStatementReadsAWholeTable) {
  for (const db::StatementPair& each : ledger_statements()) {
    const db::Statement& statement = each.in(database_->dialect());
    if (statement.name.contains("deferred")) {
      // In the order of an index that holds deferred messages only, and of one campaign or lane.
      EXPECT_TRUE(db::testing::plan_of(*database_, statement).value().contains("message_deferred"))
          << statement.name;
    }
    db::testing::expect_plan(*database_, statement,
                             {"message", "event", "message_body", "campaign_counter"});
  }
}

// --- messages that belong to no campaign

INSTANTIATE_TEST_SUITE_P(On, DirectTest, testing::ValuesIn(db::testing::databases()),
                         db::testing::kind_name<testing::TestParamInfo<db::testing::Kind>>);

TEST_P(DirectTest, ALaneClaimsItsOwnMessagesAndNoCampaignsNorTheOtherWayRound) {
  enqueue(3);
  add(11);
  add(12);
  const auto lanes = value([](db::Connection& c) { return open_direct_lanes(c); });
  ASSERT_EQ(lanes.size(), 1u);
  EXPECT_EQ(lanes[0].transport_id, kTransport);
  EXPECT_EQ(lanes[0].organisation_id, kOrganisation);
  const auto claimed = claim_direct(10);
  ASSERT_EQ(claimed.size(), 2u);
  EXPECT_EQ(claimed[0].id, MessageId{11});
  EXPECT_EQ(claimed[0].kind, MessageKind::transactional);
  EXPECT_EQ(claimed[0].campaign_id, kLane);
  EXPECT_EQ(claim(ledger_, 10).size(), 3u);
  EXPECT_EQ(settle({outcome(11, OutcomeKind::sent), outcome(12, OutcomeKind::sent)}),
            (std::vector<bool>{true, true}));
  EXPECT_TRUE(value([](db::Connection& c) { return open_direct_lanes(c); }).empty());
}

TEST_P(DirectTest, WhatIsUncertainIsTriedAgainWithTheSameOctetsUntilItsTimeIsOver) {
  add(11);
  ASSERT_EQ(claim_direct(10).size(), 1u);
  settle({outcome(11, OutcomeKind::uncertain)});
  EXPECT_EQ(state_and_status(11), std::pair(1, 15));  // deferred, and shown as uncertain
  EXPECT_TRUE(claim_direct(10, kNow).empty());
  const auto again = claim_direct(10, kLater);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].record, "record of attempt 1");
  EXPECT_EQ(again[0].attempts, 1);
  settle({outcome(11, OutcomeKind::deferred, 2, kLater)});
  EXPECT_EQ(state_and_status(11), std::pair(1, 15));
  ASSERT_EQ(claim_direct(10, kLater).size(), 1u);
  settle({outcome(11, OutcomeKind::uncertain, 3, Instant())});
  EXPECT_EQ(state_and_status(11), std::pair(6, 15));
}

TEST_P(DirectTest, ACampaignRepeatsNobodyByItself) {
  enqueue(1);
  ASSERT_EQ(claim(ledger_, 10).size(), 1u);
  settle({settlement(1, OutcomeKind::uncertain)});
  EXPECT_EQ(state_and_status(1), std::pair(6, 15));
}

TEST_P(DirectTest, AnUnsubscriptionFromCampaignsDoesNotStopAMessageOfItsOwnButABounceDoes) {
  const auto suppress = [&](std::string address, std::string reason, int kinds) {
    write([&](db::Connection& c) -> Result<void> {
      TRY(c.execute({"test.suppress",
                     "INSERT INTO suppression (organisation_id, id, channel, normalised, reason,"
                     " kinds, origin, created_at) VALUES ($1, $2, 0, $3, $4, $5, 'test', 0)"},
                    {kOrganisation, 900 + kinds, address, reason, kinds}));
      return {};
    });
  };
  add(11);
  add(12);
  suppress("person11@x.org", "unsubscribed", 0);
  suppress("person12@x.org", "bounce", 1);
  const auto claimed = claim_direct(10);
  ASSERT_EQ(claimed.size(), 1u);
  EXPECT_EQ(claimed[0].id, MessageId{11});
  EXPECT_EQ(state_and_status(12).first, int(MessageState::dropped));
}

TEST_P(DirectTest, OneThatWaitsCanBeCancelledAndNoOther) {
  add(11);
  add(12);
  const auto cancel = [&](int id) {
    return code([&](db::Connection& c) {
      return ledger_.cancel_one(c, kOrganisation, MessageId{id}, "An", kNow);
    });
  };
  EXPECT_EQ(cancel(11), "");
  EXPECT_EQ(state_and_status(11), std::pair(9, 14));
  EXPECT_EQ(cancel(11), "message.ended");
  ASSERT_EQ(claim_direct(10).size(), 1u);
  EXPECT_EQ(cancel(12), "message.sending");
  EXPECT_EQ(cancel(13), "message.not_found");
  add(14, MessageState::dropped);
  EXPECT_EQ(cancel(14), "message.ended");
}

TEST_P(DirectTest, OnlyWhatIsUncertainIsSentAgainAndTheFiguresFollow) {
  enqueue(2);
  ASSERT_EQ(claim(ledger_, 10).size(), 2u);
  settle({settlement(1, OutcomeKind::uncertain), settlement(2, OutcomeKind::sent)});
  const auto again = [&](int id) {
    return code([&](db::Connection& c) {
      return ledger_.send_again(c, kOrganisation, MessageId{id}, "An", kNow);
    });
  };
  EXPECT_EQ(again(2), "message.not_uncertain");
  EXPECT_EQ(again(99), "message.not_found");
  EXPECT_EQ(again(1), "");
  EXPECT_EQ(again(1), "message.not_uncertain");
  const auto figures =
      value([](db::Connection& c) { return Ledger::figures(c, kOrganisation, kCampaign); });
  EXPECT_EQ(figures.uncertain, 0);
  EXPECT_EQ(figures.deferred, 1);
  EXPECT_EQ(figures.total(), 2);
  const auto claimed = claim(ledger_, 10);
  ASSERT_EQ(claimed.size(), 1u);
  EXPECT_EQ(claimed[0].record, "record of attempt 1");
  settle({settlement(1, OutcomeKind::sent, 2)});
  EXPECT_EQ(state_and_status(1), std::pair(3, 3));
}

}  // namespace
}  // namespace tidings::delivery
