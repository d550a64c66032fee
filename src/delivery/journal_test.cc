#include "delivery/journal.h"

#include <algorithm>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/bytes.h"

namespace tidings::delivery {
namespace {

class JournalTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("journal-" + to_hex(random_bytes(8)));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static Intent intent(std::int64_t id, int attempt = 1) {
    return {OrganisationId{1}, CampaignId{2}, MessageId{id}, attempt, from_micros(id * 10), {}};
  }
  static Settlement settlement(std::int64_t id, OutcomeKind kind = OutcomeKind::sent) {
    Settlement value{OrganisationId{1}, CampaignId{2}, 1, {}, from_micros(77), {}};
    value.outcome = {
        MessageId{id}, kind,          Scope::recipient,     "refused",      550, "5.1.1",
        "no\nñ",       "mx [::1]:25", from_micros(id * 10), from_micros(99)};
    return value;
  }
  std::vector<std::filesystem::path> files() const {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      found.push_back(entry.path());
    }
    std::ranges::sort(found);
    return found;
  }
  // What a kill -9 leaves: the files as they are now.
  std::vector<Replay> read() const { return read_journal(folder_).value(); }

  std::filesystem::path folder_;
};

TEST_F(JournalTest, ReturnsSettlementsWithTheRecordOfTheirIntentAndOpenIntents) {
  auto journal = Journal::open(folder_, NodeId{9}).value();
  journal->append_intent(intent(1), "body one");
  journal->append_intent(intent(2), std::string_view("\0x", 2));
  ASSERT_TRUE(journal->flush());
  journal->append_settlement(settlement(1, OutcomeKind::bounced));
  ASSERT_TRUE(journal->flush());
  const auto replays = read();
  ASSERT_EQ(replays.size(), 1u);
  EXPECT_EQ(replays[0].node, NodeId{9});
  ASSERT_EQ(replays[0].settlements.size(), 1u);
  const Settlement& found = replays[0].settlements[0];
  EXPECT_EQ(found.outcome.kind, OutcomeKind::bounced);
  EXPECT_EQ(found.outcome.reply_text, "no\nñ");
  EXPECT_EQ(found.outcome.ended_at, from_micros(99));
  EXPECT_EQ(found.due_at, from_micros(77));
  EXPECT_EQ(found.record, "body one");
  ASSERT_EQ(replays[0].open_intents.size(), 1u);
  EXPECT_EQ(replays[0].open_intents[0].message_id, MessageId{2});
  EXPECT_EQ(replays[0].open_intents[0].record, std::string_view("\0x", 2));
}

TEST_F(JournalTest, ATornTailAtAnyByteLosesOnlyWhatWasNotWhole) {
  {
    auto journal = Journal::open(folder_, NodeId{9}).value();
    for (int i = 1; i <= 3; ++i) journal->append_intent(intent(i), "body");
    ASSERT_TRUE(journal->flush());
  }
  const auto path = files().at(0);
  std::ifstream in(path, std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(in)), {});
  std::size_t last = 0;
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << whole.substr(0, size);
    const auto replays = read();
    const std::size_t found = replays.empty() ? 0 : replays[0].open_intents.size();
    EXPECT_GE(found, last);
    last = found;
  }
  EXPECT_EQ(last, 3u);
}

TEST_F(JournalTest, ADamagedByteIsNeverReadAsARecord) {
  {
    auto journal = Journal::open(folder_, NodeId{9}).value();
    journal->append_intent(intent(1), "body");
    ASSERT_TRUE(journal->flush());
  }
  const auto path = files().at(0);
  std::ifstream in(path, std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(in)), {});
  for (std::size_t at = 26; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    std::ofstream(path, std::ios::binary | std::ios::trunc) << damaged;
    const auto replays = read();
    EXPECT_TRUE(replays.empty() || replays[0].open_intents.empty()) << at;
  }
}

TEST_F(JournalTest, DeletesASegmentOnceEverythingInItIsSettled) {
  auto journal = Journal::open(folder_, NodeId{9}, {.segment_bytes = 200}).value();
  for (int i = 1; i <= 40; ++i) {
    journal->append_intent(intent(i), "body");
    ASSERT_TRUE(journal->flush());
  }
  const std::size_t many = files().size();
  EXPECT_GT(many, 5u);
  for (int i = 1; i <= 39; ++i) journal->settled(MessageId{i});
  EXPECT_LE(files().size(), 2u);
  EXPECT_EQ(journal->unsettled(), 1u);
  EXPECT_EQ(read()[0].open_intents.back().message_id, MessageId{40});
  journal->settled(MessageId{40});
  journal.reset();
  EXPECT_TRUE(files().empty());
}

TEST_F(JournalTest, ASecondAttemptMovesTheMessageToItsNewerSegment) {
  auto journal = Journal::open(folder_, NodeId{9}, {.segment_bytes = 60}).value();
  journal->append_intent(intent(1), "body");
  ASSERT_TRUE(journal->flush());
  journal->append_settlement(settlement(1, OutcomeKind::deferred));
  journal->append_intent(intent(1, 2), "");
  ASSERT_TRUE(journal->flush());
  ASSERT_EQ(read()[0].open_intents.size(), 1u);
  EXPECT_EQ(read()[0].open_intents[0].attempt, 2);
  journal->settled(MessageId{1});
  EXPECT_EQ(journal->unsettled(), 0u);
}

TEST_F(JournalTest, AFileThatIsNoJournalStopsTheStartInsteadOfBeingIgnored) {
  std::filesystem::create_directories(folder_);
  std::ofstream(folder_ / "x.journal") << "this is a text of somebody else, long enough";
  const auto replays = read_journal(folder_);
  ASSERT_FALSE(replays.has_value());
  EXPECT_EQ(replays.error().kind, ErrorKind::corrupt);
}

}  // namespace
}  // namespace tidings::delivery
