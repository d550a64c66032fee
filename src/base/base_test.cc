#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"

namespace tidings {
namespace {

class StoppedClock final : public Clock {
 public:
  Instant now() const override { return at; }
  Instant at = from_micros(1'800'000'000'000'000);
};

TEST(IdTest, KeepsRisingWhileTheClockStandsStillOrGoesBack) {
  StoppedClock clock;
  IdSource ids(clock, 7);
  std::int64_t last = 0;
  for (int i = 0; i < 10'000; ++i) {
    if (i == 5'000) clock.at -= std::chrono::hours(1);
    const std::int64_t next = ids.next();
    ASSERT_GT(next, last);
    ASSERT_EQ(next >> 12 & 1023, 7);
    last = next;
  }
}

TEST(IdTest, TextRoundTripsAndRefusesStrangers) {
  for (const std::int64_t id :
       {std::int64_t(1), std::int64_t(123'456'789'012'345'678), INT64_MAX}) {
    EXPECT_EQ(parse_id(to_text(id)), id);
  }
  EXPECT_EQ(parse_id("123456789012345678"), 123'456'789'012'345'678);
  for (const char* text :
       {"", "0000000000000", "zzzzzzzzzzzzz", "00000000000u0", "12", "../../etc"}) {
    EXPECT_EQ(parse_id(text), std::nullopt) << text;
  }
}

TEST(BytesTest, EncodingsMatchRfc4648Section10) {
  EXPECT_EQ(to_base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(to_base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(to_base64("foob"), "Zm9vYg==");
  EXPECT_EQ(to_base32("fooba"), "mzxw6ytb");
  EXPECT_EQ(to_base32("f"), "my");
  EXPECT_EQ(to_hex("foobar"), "666f6f626172");
}

TEST(BytesTest, DecodingUndoesEncodingAndRefusesOtherForms) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
    EXPECT_EQ(from_base64url(to_base64url(bytes)), bytes);
    EXPECT_EQ(from_base32(to_base32(bytes)), bytes);
    EXPECT_EQ(from_hex(to_hex(bytes)), bytes);
    bytes.push_back(static_cast<char>(i * 37));
  }
  EXPECT_EQ(from_base64("Zm9vYh=="), std::nullopt);  // stray bits
  EXPECT_EQ(from_base64("Zm9"), std::nullopt);
  EXPECT_EQ(from_base32("mzx"), std::nullopt);
  EXPECT_EQ(from_base64url("a b"), std::nullopt);
}

TEST(BytesTest, HmacMatchesRfc4231Case2) {
  EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(ClockTest, FormatsInstants) {
  const Instant at = from_micros(1'795'253'400'000'123);
  EXPECT_EQ(to_rfc3339(at), "2026-11-21T09:30:00.000123Z");
  EXPECT_EQ(to_rfc5322_date(at), "Sat, 21 Nov 2026 09:30:00 +0000");
}

TEST(ClockTest, ReadsDurationsAndRefusesTheRest) {
  EXPECT_EQ(parse_duration("90s"), Duration(90'000'000));
  EXPECT_EQ(parse_duration("1.5h"), Duration(5'400'000'000));
  EXPECT_EQ(parse_duration("0"), Duration(0));
  for (const char* text : {"", "s", "10", "5 m", "1e99d", "nan", "inf s"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
  EXPECT_EQ(to_duration_text(std::chrono::minutes(90)), "90m");
}

Result<int> twice(Result<int> input) { return 2 * TRY(std::move(input)); }

TEST(ResultTest, TryPassesValuesOnAndErrorsUp) {
  EXPECT_EQ(twice(21).value(), 42);
  const auto failed = twice(fail(ErrorKind::limit, "a.b", "Full."));
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code, "a.b");
  EXPECT_EQ(Error(failed.error()).within("disk").message, "disk: Full.");
}

TEST(Clock, rfc3339_is_read_with_any_offset_and_only_when_the_time_exists) {
  const auto at = parse_rfc3339("2026-11-22T08:00:00Z");
  ASSERT_TRUE(at);
  EXPECT_EQ(to_rfc3339(*at), "2026-11-22T08:00:00.000000Z");
  EXPECT_EQ(parse_rfc3339("2026-11-22T09:00:00+01:00"), at);
  EXPECT_EQ(parse_rfc3339("2026-11-22t03:30:00.000-04:30"), at);
  EXPECT_EQ(to_rfc3339(*parse_rfc3339("2024-02-29T23:59:59.1234567z")),
            "2024-02-29T23:59:59.123456Z");
  for (const auto* wrong :
       {"", "2026-11-22", "2026-11-22T08:00:00", "2026-11-22T08:00Z", "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-11-22T24:00:00Z", "2026-11-22T08:60:00Z",
        "2026-11-22T08:00:60Z", "2026-11-22T08:00:00.Z", "2026-11-22T08:00:00+0100",
        "2026-11-22T08:00:00+24:00", "2026-11-22T08:00:00Z ", " 2026-11-22T08:00:00Z",
        "1899-12-31T00:00:00Z", "9999-01-01T00:00:00Z", "2026-1-22T08:00:00Z",
        "+026-11-22T08:00:00Z"}) {
    EXPECT_FALSE(parse_rfc3339(wrong)) << wrong;
  }
  EXPECT_TRUE(parse_date("2026-11-22"));
  for (const auto* wrong : {"", "2026-11-31", "2026-11-22T", "22-11-2026", "2026-11-2"}) {
    EXPECT_FALSE(parse_date(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace tidings
