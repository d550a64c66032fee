#include "delivery/attempt_log.h"

#include <fstream>

#include <gtest/gtest.h>

#include "base/json_text.h"

namespace tidings::delivery {
namespace {

PreparedMessage letter() {
  PreparedMessage message;
  message.id = MessageId{7};
  message.organisation_id = OrganisationId{3};
  message.domain = "example.org";
  message.recipient = "Ann.O'Neil@Example.org";
  message.queued_at = from_micros(1'000'000);
  message.octets = std::make_shared<const std::string>("Subject: x\r\n\r\n");
  return message;
}

Settlement greylisted() {
  Settlement settlement;
  settlement.outcome.kind = OutcomeKind::deferred;
  settlement.outcome.scope = Scope::site;
  settlement.outcome.reason = "greylisted";
  settlement.outcome.reply_code = 451;
  settlement.outcome.enhanced_status_code = "4.7.1";
  settlement.outcome.started_at = from_micros(2'000'000);
  settlement.outcome.ended_at = from_micros(2'250'000);
  settlement.due_at = from_micros(60'000'000);
  return settlement;
}

boost::json::object line_of(const PreparedMessage& message, const Settlement& settlement) {
  std::string line;
  append_attempt_line(line, message, settlement);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto object = object_of(line);
  EXPECT_TRUE(object) << line;
  return object.value_or(boost::json::object());
}

TEST(AttemptLine, SaysWhatCameOfTheAttempt) {
  const auto line = line_of(letter(), greylisted());
  EXPECT_EQ(text_of(line, "at"), "1970-01-01T00:00:02.250000Z");
  EXPECT_EQ(text_of(line, "message"), to_text(MessageId{7}));
  EXPECT_EQ(text_of(line, "outcome"), "deferred");
  EXPECT_EQ(text_of(line, "scope"), "site");
  EXPECT_EQ(text_of(line, "status"), "4.7.1");
  EXPECT_EQ(text_of(line, "domain"), "example.org");
  EXPECT_EQ(text_of(line, "next_attempt_at"), "1970-01-01T00:01:00.000000Z");
  EXPECT_EQ(line.at("reply_code").as_int64(), 451);
  EXPECT_EQ(line.at("waited_ms").as_int64(), 1250);
  EXPECT_EQ(line.at("took_ms").as_int64(), 250);
  EXPECT_FALSE(line.contains("campaign")) << "it belongs to none";
}

TEST(AttemptLine, KeepsTheWordsOfTheServerOnOneLineAndWithoutTheAddress) {
  auto settlement = greylisted();
  settlement.outcome.reply_text =
      "try \"later\"\r\n<ann.o'neil@example.ORG>: ANN.O'NEIL@EXAMPLE.ORG \x01 \xc3\xa9";
  const auto line = line_of(letter(), settlement);
  EXPECT_EQ(text_of(line, "reply"), "try \"later\"\r\n<<recipient>>: <recipient> \x01 \xc3\xa9");
}

class AttemptLogFiles : public testing::Test {
 protected:
  AttemptLogFiles() { std::filesystem::remove_all(folder_); }
  ~AttemptLogFiles() override { std::filesystem::remove_all(folder_); }

  const std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) / "attempt_log";
  net::EventLoop loop_;
};

TEST_F(AttemptLogFiles, KeepTheLastLinesWithinTheirBytesAndNoneIsCut) {
  constexpr int kAttempts = 300;
  {
    const auto log = AttemptLog::open(folder_ / "new", 40'000, loop_);
    ASSERT_TRUE(log) << log.error().message;
    auto message = letter();
    for (message.attempt = 1; message.attempt <= kAttempts; ++message.attempt) {
      (*log)->write(message, greylisted());
    }
  }
  std::uintmax_t bytes = 0;
  std::int64_t next = kAttempts;
  for (const auto* name :
       {"attempts.jsonl", "attempts.1.jsonl", "attempts.2.jsonl", "attempts.3.jsonl"}) {
    const auto path = folder_ / "new" / name;
    bytes += std::filesystem::file_size(path);
    std::ifstream file(path);
    std::vector<std::int64_t> attempts;
    for (std::string line; std::getline(file, line);) {
      const auto object = object_of(line);
      ASSERT_TRUE(object) << line;
      attempts.push_back(object->at("attempt").as_int64());
    }
    for (auto at = attempts.rbegin(); at != attempts.rend(); ++at) EXPECT_EQ(*at, next--);
  }
  EXPECT_LE(bytes, 40'000U);
  EXPECT_GT(bytes, 30'000U);
  EXPECT_LT(next, kAttempts - 60);
}

TEST_F(AttemptLogFiles, SayWhatToDoWhereTheyCannotBeMade) {
  std::ofstream(folder_) << "a file where the folder should be";
  const auto log = AttemptLog::open(folder_, 40'000, loop_);
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().code, "attempt_log.open");
  EXPECT_NE(log.error().message.find("attempt_log = \"0\""), std::string::npos);
}

}  // namespace
}  // namespace tidings::delivery
