#include "feedback/hit_journal.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "feedback/hit_applier.h"

namespace tidings::feedback {
namespace {

namespace fs = std::filesystem;
using delivery::Hit;

class HitJournalTest : public ::testing::Test {
 protected:
  HitJournalTest() { fs::remove_all(folder_); }
  ~HitJournalTest() override { fs::remove_all(folder_); }

  std::unique_ptr<HitJournal> open(HitJournalOptions options = {}) {
    auto journal = HitJournal::open(folder_, ids_, options);
    EXPECT_TRUE(journal) << journal.error().message;
    return *std::move(journal);
  }
  static Hit hit(int number) {
    return {.organisation_id = {1},
            .message_id = {100},
            .is_total = number % 2 == 0,
            .number = number,
            .occurred_at = from_micros(1000 + number),
            .address = "192.0.2.7",
            .user_agent = "Browser/" + std::to_string(number)};
  }
  static void add(HitJournal& journal, int from, int to) {
    for (int i = from; i < to; ++i) ASSERT_TRUE(journal.add(hit(i)));
  }
  // Everything that waits, done as it is read.
  static std::vector<int> drained(HitJournal& journal, std::size_t most = 7) {
    std::vector<int> numbers;
    for (;;) {
      const auto batch = journal.next(most);
      EXPECT_TRUE(batch) << batch.error().message;
      if (!batch || batch->segment.empty()) return numbers;
      EXPECT_LE(batch->hits.size(), most);
      for (const Hit& each : batch->hits) numbers.push_back(each.number);
      journal.done(batch->segment, batch->to);
    }
  }
  static std::vector<int> numbers(int from, int to) {
    std::vector<int> all;
    for (int i = from; i < to; ++i) all.push_back(i);
    return all;
  }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  const fs::path folder_ = fs::temp_directory_path() / fmt::format("tidings_hits_{}", ::getpid());
  SystemClock clock_;
  IdSource ids_{clock_, 1};
};

TEST_F(HitJournalTest, GivesBackWhatWasAddedInOrder) {
  const auto journal = open();
  add(*journal, 1, 30);
  const auto batch = journal->next(1);
  ASSERT_TRUE(batch && batch->hits.size() == 1);
  const Hit& first = batch->hits[0];
  EXPECT_EQ(first.organisation_id, OrganisationId{1});
  EXPECT_EQ(first.message_id, MessageId{100});
  EXPECT_FALSE(first.is_total);
  EXPECT_EQ(first.occurred_at, from_micros(1001));
  EXPECT_EQ(first.address, "192.0.2.7");
  EXPECT_EQ(first.user_agent, "Browser/1");
  EXPECT_EQ(drained(*journal), numbers(1, 30));
  EXPECT_EQ(journal->waiting(), 0U);
}

TEST_F(HitJournalTest, WhatADeadProcessLeftIsReadFirst) {
  {
    const auto journal = open();
    add(*journal, 1, 5);
  }
  EXPECT_EQ(files(), 1U);
  const auto journal = open();
  add(*journal, 5, 9);
  EXPECT_EQ(drained(*journal), numbers(1, 9));
  EXPECT_EQ(files(), 1U) << "the old file is gone";
}

TEST_F(HitJournalTest, NothingIsLeftWhenAllWasDone) {
  {
    const auto journal = open();
    add(*journal, 1, 5);
    EXPECT_EQ(drained(*journal), numbers(1, 5));
  }
  EXPECT_EQ(files(), 0U);
}

TEST_F(HitJournalTest, FilesAreDeletedAsTheyAreDone) {
  const auto journal = open({.segment_bytes = 500});
  add(*journal, 1, 101);
  EXPECT_GT(files(), 10U);
  EXPECT_EQ(drained(*journal), numbers(1, 101));
  EXPECT_EQ(files(), 1U);
}

TEST_F(HitJournalTest, ATornTailEndsItsFileAndNotTheOthers) {
  {
    const auto journal = open({.segment_bytes = 400});
    add(*journal, 1, 9);
  }
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(folder_)) paths.push_back(entry.path());
  std::ranges::sort(paths);
  ASSERT_GT(paths.size(), 1U);
  fs::resize_file(paths[0], fs::file_size(paths[0]) - 3);
  std::ofstream(folder_ / "0000000000000.hits") << "TIDI";  // its header was being written
  const auto journal = open();
  std::vector<int> got = drained(*journal);
  EXPECT_EQ(got.back(), 8);
  EXPECT_EQ(got.size(), 7U) << "the one that was torn";
  EXPECT_EQ(files(), 0U);
}

TEST_F(HitJournalTest, EveryCutOfAFileIsReadUpToTheCut) {
  {
    const auto journal = open();
    add(*journal, 1, 4);
  }
  const fs::path path = fs::directory_iterator(folder_)->path();
  std::ifstream in(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    std::ofstream(path, std::ios::binary) << bytes.substr(0, cut);
    const auto journal = open();
    const auto got = drained(*journal);
    EXPECT_EQ(got, numbers(1, 1 + static_cast<int>(got.size()))) << cut;
    EXPECT_EQ(got.size() == 3, cut == bytes.size()) << cut;
  }
}

TEST_F(HitJournalTest, AtItsBoundHitsAreRefusedAndCountedUntilThereIsRoom) {
  const auto journal = open({.bytes_max = 400, .segment_bytes = 100});
  int taken = 0;
  while (journal->add(hit(taken + 1))) ++taken;
  EXPECT_GT(taken, 2);
  EXPECT_EQ(journal->lost(), 1U);
  EXPECT_EQ(journal->add(hit(0)).error().code, "hits.full");
  EXPECT_EQ(drained(*journal), numbers(1, taken + 1));
  EXPECT_TRUE(journal->add(hit(1)));
  EXPECT_EQ(journal->lost(), 2U);
}

TEST_F(HitJournalTest, ManyAtOnceLoseNothing) {
  const auto journal = open({.segment_bytes = 20'000});
  constexpr int kThreads = 8;
  constexpr int kEach = 500;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kEach; ++i) EXPECT_TRUE(journal->add(hit(1 + t * kEach + i)));
      });
    }
  }
  auto got = drained(*journal, 300);
  std::ranges::sort(got);
  EXPECT_EQ(got, numbers(1, 1 + kThreads * kEach));
}

TEST_F(HitJournalTest, WhatIsNotedIsWrittenTogetherWhenItIsSettled) {
  {
    const auto journal = open();
    for (int i = 1; i < 6; ++i) journal->note(hit(i));
    EXPECT_EQ(files(), 0U);
    EXPECT_TRUE(journal->settle());
    EXPECT_TRUE(journal->settle());
    EXPECT_EQ(journal->noted(), 5U);
    EXPECT_EQ(drained(*journal), numbers(1, 6));
    for (int i = 6; i < 9; ++i) journal->note(hit(i));
  }
  // Who had no answer yet when it ended is counted as well. How far the file was stored, the
  // database knows.
  EXPECT_EQ(drained(*open()), numbers(1, 9));
}

TEST_F(HitJournalTest, ADiskThatDoesNotConfirmIsToldAndItsFileIsWrittenToNoMore) {
  std::atomic<bool> is_failing = true;
  const auto journal = open({.sync_interval = std::chrono::milliseconds(2), .sync = [&](int) {
                               errno = EIO;
                               return is_failing ? -1 : 0;
                             }});
  add(*journal, 1, 4);
  while (journal->trouble().empty()) std::this_thread::yield();
  EXPECT_TRUE(journal->trouble().contains("Input/output error")) << journal->trouble();
  EXPECT_EQ(journal->unconfirmed(), 3U);
  is_failing = false;
  add(*journal, 4, 6);
  EXPECT_EQ(files(), 2U);
  while (!journal->trouble().empty()) std::this_thread::yield();
  EXPECT_EQ(journal->unconfirmed(), 3U);
  EXPECT_EQ(journal->lost(), 0U);
  EXPECT_EQ(drained(*journal), numbers(1, 6));
}

TEST(HitRestTest, LetsThoseWhoPourInGoFirstAndNotForEver) {
  using namespace std::chrono_literals;
  HitRest rest;
  const HitRest::Moment start = HitRest::Moment() + 1h;
  std::uint64_t noted = 0;
  const auto after = [&](Duration passed, int more) {
    noted += static_cast<std::uint64_t>(more);
    return rest.rests(noted, start + passed);
  };
  EXPECT_FALSE(after(0s, 0));
  EXPECT_FALSE(after(1s, 9'000));
  EXPECT_TRUE(after(2s, 20'000));
  EXPECT_TRUE(after(2s + 50ms, 0));  // too short to tell
  EXPECT_FALSE(after(3s, 100));
  for (int second = 4; second < 32; ++second) {
    EXPECT_TRUE(after(std::chrono::seconds(second), 20'000)) << second;
  }
  EXPECT_FALSE(after(32s, 20'000));
  rest.caught_up();
  EXPECT_TRUE(after(33s, 20'000));
}

TEST_F(HitJournalTest, WhatIsForeignIsBounded) {
  const auto journal = open();
  Hit long_one = hit(1);
  long_one.user_agent.assign(100'000, 'x');
  long_one.address.assign(100'000, '1');
  ASSERT_TRUE(journal->add(long_one));
  const auto batch = journal->next(10);
  ASSERT_TRUE(batch && batch->hits.size() == 1);
  EXPECT_EQ(batch->hits[0].user_agent.size(), delivery::kUserAgentMax);
  EXPECT_EQ(batch->hits[0].address.size(), 64U);
}

}  // namespace
}  // namespace tidings::feedback
