// Dates as people write them, and strftime as Ruby has it. Private to src/liquid.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace tidings::liquid {

// A moment as a clock on a wall shows it, with the distance of that wall from UTC.
struct Moment {
  std::int64_t wall = 0;  // seconds since 1970-01-01T00:00:00 as the wall shows it
  std::int64_t nanos = 0;
  std::int64_t offset = 0;  // seconds east of UTC
  std::string zone;         // name for %Z
};

// `zone`: IANA name, UTC if empty or unknown.
Moment moment_of(std::int64_t epoch_seconds, std::int64_t nanos, std::string_view zone);
// "now", "today", seconds since 1970 in digits, ISO 8601, the dates of mail, "July 4, 2026 5pm" and
// the like. What is missing is taken from `now`; nothing if no date or time is recognised.
std::optional<Moment> read_moment(std::string_view text, Instant now, std::string_view zone);
// At most 64 KiB.
std::string format_moment(const Moment& moment, std::string_view format);

}  // namespace tidings::liquid
