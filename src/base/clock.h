// Clock: where "now" comes from. Decisions take an Instant as an argument; only edges ask a Clock,
// so the simulator and the tests run the same code under a time of their own.
// Thread: implementations are safe from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tidings {

// UTC, microseconds: the precision that is stored.
using Instant = std::chrono::sys_time<std::chrono::microseconds>;
using Duration = std::chrono::microseconds;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Instant now() const override;
};

// As stored: microseconds since 1970-01-01T00:00:00Z.
constexpr std::int64_t to_micros(Instant at) { return at.time_since_epoch().count(); }
constexpr Instant from_micros(std::int64_t micros) { return Instant(Duration(micros)); }

// RFC 3339 in UTC with microseconds: 2026-11-21T09:30:00.000000Z.
std::string to_rfc3339(Instant at);
// RFC 3339 §5.6 with any offset: "2026-11-22T08:00:00Z", "2026-11-22T09:00:00.5+01:00". Fractions
// beyond microseconds are cut off. Nothing for another form, a day or time that does not exist, a
// leap second, or a year outside 1900..2200.
std::optional<Instant> parse_rfc3339(std::string_view text);
// RFC 3339 full-date: "2026-11-22". Nothing for a day that does not exist, or as above.
std::optional<std::chrono::sys_days> parse_date(std::string_view text);
// RFC 5322 §3.3, in UTC: Sat, 21 Nov 2026 09:30:00 +0000.
std::string to_rfc5322_date(Instant at);
// "90s", "5m", "2h", "1d", "250ms", "0": nothing for anything else or beyond ±100 years.
std::optional<Duration> parse_duration(std::string_view text);
std::string to_duration_text(Duration duration);

}  // namespace tidings
