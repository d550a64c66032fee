#include "delivery/recovery.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "db/testing/databases.h"
#include "delivery/journal.h"
#include "delivery/testing/make_campaign.h"
#include "identity/nodes.h"

namespace tidings::delivery {
namespace {

constexpr OrganisationId kOrganisation{7};
constexpr CampaignId kCampaign{70};
constexpr std::string_view kFolder = "this folder's key";
constexpr std::string_view kOtherFolder = "another's folder";

// A node sends six messages and is killed; the next one in the folder recovers.
class RecoveryTest : public testing::TestWithParam<db::testing::Kind> {
 protected:
  RecoveryTest() {
    write([&](db::Connection& c) -> Result<void> {
      TRY(make_campaigns(c, kOrganisation, {kCampaign}));
      std::vector<NewMessage> messages;
      for (int id = 1; id <= 6; ++id) {
        NewMessage message;
        message.id = MessageId{id};
        message.address = message.normalised = std::to_string(id) + "@x.org";
        message.values = "{}";
        messages.push_back(std::move(message));
      }
      const identity::Node first = TRY(identity::open_node(c, kFolder, clock_.now()));
      dead_ = first.id;
      dead_ledger_ = std::make_unique<Ledger>(ids_, first.id, first.number);
      return dead_ledger_->enqueue(c, {kOrganisation, kCampaign, ContentVersionId{71}, {}, {}},
                                   messages, clock_.now());
    });
    write([&](db::Connection& c) -> Result<void> {
      TRY(dead_ledger_->claim(c, kOrganisation, kCampaign, 5, clock_.now()));
      return {};
    });
    write([&](db::Connection& c) -> Result<void> {
      const identity::Node second = TRY(identity::open_node(c, kFolder, clock_.now()));
      ledger_ = std::make_unique<Ledger>(ids_, second.id, second.number);
      return {};
    });
  }
  ~RecoveryTest() override { std::filesystem::remove_all(folder_); }

  void write(const db::Database::Work& work) {
    const auto wrote = database_->write(db::Priority::ledger, work);
    ASSERT_TRUE(wrote) << wrote.error().message;
  }
  Settlement settlement(int id, OutcomeKind kind) const {
    Settlement made{kOrganisation, kCampaign, 1, {}, clock_.now(), {}};
    made.outcome.message_id = MessageId{id};
    made.outcome.kind = kind;
    made.outcome.started_at = made.outcome.ended_at = clock_.now();
    return made;
  }
  // What the dead node's journal holds: intents for 1 to `intents`, then these settlements. The
  // files are copied before it closes, as a kill -9 leaves them.
  void leave_journal(int intents, const std::vector<Settlement>& settlements) {
    const auto live = folder_ / "live";
    {
      auto journal = Journal::open(live, dead_).value();
      for (int id = 1; id <= intents; ++id) {
        journal->append_intent({kOrganisation, kCampaign, MessageId{id}, 1, clock_.now(), {}},
                               "body");
      }
      ASSERT_TRUE(journal->flush());
      for (const Settlement& each : settlements) journal->append_settlement(each);
      ASSERT_TRUE(journal->flush());
      std::filesystem::copy(live, journal_,
                            std::filesystem::copy_options::recursive |
                                std::filesystem::copy_options::overwrite_existing);
    }
    std::filesystem::remove_all(live);
  }
  RecoveryReport recover_now() {
    auto report = recover(*database_, *ledger_, clock_, kFolder, journal_);
    EXPECT_TRUE(report) << report.error().message;
    return report.value_or(RecoveryReport());
  }
  std::vector<int> states() {
    std::vector<int> found;
    write([&](db::Connection& c) {
      return c.query({"", "SELECT state FROM message ORDER BY id"}, {}, [&](const db::Row& row) {
        found.push_back(static_cast<int>(row.integer(0)));
      });
    });
    return found;
  }
  std::int64_t number(std::string_view sql) {
    std::int64_t found = -1;
    write([&](db::Connection& c) {
      return c.query({"", sql}, {}, [&](const db::Row& row) { found = row.integer(0); });
    });
    return found;
  }
  void expect_true_counters() {
    write([&](db::Connection& c) -> Result<void> {
      const auto kept = TRY(Ledger::figures(c, kOrganisation, kCampaign));
      const auto counted = TRY(Ledger::recount(c, kOrganisation, kCampaign));
      EXPECT_EQ(kept.total(), 6);
      EXPECT_EQ(std::tuple(kept.queued, kept.sending, kept.deferred, kept.sent, kept.uncertain),
                std::tuple(counted.queued, counted.sending, counted.deferred, counted.sent,
                           counted.uncertain));
      return {};
    });
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("recovery-" + to_hex(random_bytes(8)));
  std::filesystem::path journal_ = folder_ / "journal";
  db::testing::TestDatabase database_{GetParam()};
  SystemClock clock_;
  IdSource ids_{clock_, 1};
  NodeId dead_;
  std::unique_ptr<Ledger> dead_ledger_;
  std::unique_ptr<Ledger> ledger_;
};

INSTANTIATE_TEST_SUITE_P(On, RecoveryTest, testing::ValuesIn(db::testing::databases()),
                         [](const auto& info) { return db::testing::kind_name(info); });

TEST_P(RecoveryTest, SettlesWhatTheJournalKnowsAndReturnsWhatWasNeverAttempted) {
  leave_journal(4, {settlement(1, OutcomeKind::sent), settlement(2, OutcomeKind::deferred),
                    settlement(3, OutcomeKind::bounced)});
  const RecoveryReport report = recover_now();
  EXPECT_EQ(report.settlements, 3);
  EXPECT_EQ(report.uncertain, 1);
  EXPECT_EQ(report.returned, 1);
  EXPECT_EQ(report.dead_nodes, 1);
  EXPECT_EQ(states(), (std::vector{3, 1, 4, 6, 0, 0}));
  EXPECT_EQ(number("SELECT COUNT(*) FROM message_body"), 4);
  EXPECT_EQ(number("SELECT is_ambiguous FROM message WHERE id = 4"), 1);
  EXPECT_TRUE(std::filesystem::is_empty(journal_));
  expect_true_counters();
}

TEST_P(RecoveryTest, DoneAgainChangesNothing) {
  const std::vector known = {settlement(1, OutcomeKind::sent)};
  leave_journal(2, known);
  recover_now();
  const auto once = states();
  const std::int64_t events = number("SELECT COUNT(*) FROM event");
  // Killed before the files were deleted.
  leave_journal(2, known);
  const RecoveryReport again = recover_now();
  EXPECT_EQ(again.settlements, 0);
  EXPECT_EQ(again.uncertain, 0);
  EXPECT_EQ(again.returned, 0);
  EXPECT_EQ(again.dead_nodes, 0);
  EXPECT_EQ(states(), once);
  EXPECT_EQ(number("SELECT COUNT(*) FROM event"), events);
  expect_true_counters();
}

TEST_P(RecoveryTest, WhatTheDatabaseKnowsAlreadyIsNotToldTwice) {
  const std::vector known = {settlement(1, OutcomeKind::sent), settlement(2, OutcomeKind::sent)};
  write([&](db::Connection& c) -> Result<void> {
    TRY(dead_ledger_->settle(c, dead_, std::span(known).first(1), clock_.now()));
    return {};
  });
  leave_journal(2, known);
  EXPECT_EQ(recover_now().settlements, 1);
  EXPECT_EQ(states(), (std::vector{3, 3, 0, 0, 0, 0}));
  EXPECT_EQ(number("SELECT COUNT(*) FROM event"), 2);
  expect_true_counters();
}

TEST_P(RecoveryTest, AnIntentWhoseSettlementWasTornIsUncertain) {
  leave_journal(1, {settlement(1, OutcomeKind::sent)});
  for (const auto& entry : std::filesystem::directory_iterator(journal_)) {
    std::filesystem::resize_file(entry.path(), std::filesystem::file_size(entry.path()) - 1);
  }
  const RecoveryReport report = recover_now();
  EXPECT_EQ(report.settlements, 0);
  EXPECT_EQ(report.uncertain, 1);
  EXPECT_EQ(states(), (std::vector{6, 0, 0, 0, 0, 0}));
  expect_true_counters();
}

TEST_P(RecoveryTest, WithoutAJournalEverythingLeasedReturnsToWaiting) {
  const RecoveryReport report = recover_now();
  EXPECT_EQ(report.returned, 5);
  EXPECT_EQ(states(), std::vector(6, 0));
  expect_true_counters();
}

TEST_P(RecoveryTest, AForeignFileInTheJournalFolderStopsItBeforeAnythingChanges) {
  std::filesystem::create_directories(journal_);
  std::ofstream(journal_ / "0000000000001-1.journal") << "this is a file of somebody else entirely";
  const auto report = recover(*database_, *ledger_, clock_, kFolder, journal_);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, "journal.open");
  EXPECT_EQ(states(), (std::vector{2, 2, 2, 2, 2, 0}));
}

TEST_P(RecoveryTest, NodesOfAnotherFolderAreLeftAloneUntilTheyAreLost) {
  const auto report = recover(*database_, *ledger_, clock_, kOtherFolder, journal_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->dead_nodes, 0);
  EXPECT_EQ(states(), (std::vector{2, 2, 2, 2, 2, 0}));
  EXPECT_EQ(take_over_lost_nodes(*database_, *ledger_, clock_, std::chrono::hours(1)), 0);
  const std::int64_t lost =
      take_over_lost_nodes(*database_, *ledger_, clock_, -std::chrono::hours(48)).value_or(-1);
  EXPECT_EQ(lost, 5);
  EXPECT_EQ(states(), (std::vector{6, 6, 6, 6, 6, 0}));
  EXPECT_EQ(number("SELECT COUNT(*) FROM node WHERE closed_at IS NULL"), 1);
  expect_true_counters();
}

}  // namespace
}  // namespace tidings::delivery
