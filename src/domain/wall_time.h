// Wall time: what a person means by "1 December at 08:00 in Brussels".
//
// A schedule is kept as it was said (local time and zone) beside the instant it stands for. Where
// the clocks go forward some local times do not exist: those are refused, with the nearest that do.
// Where they go back some exist twice: the earlier is meant unless the later is asked for.
// Source of zones: the system's time zone database. Thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace tidings {

// Which of two, when a local time exists twice.
enum class Fold : std::uint8_t { earlier, later };

struct ResolvedTime {
  Instant at{};
  std::string local;          // as "2026-12-01T08:00:00"
  bool is_ambiguous = false;  // the local time exists twice; `at` is the one `fold` chose
};

// `local` is "2026-12-01T08:00", with seconds or a space instead of T if you like; `zone` an IANA
// name. Errors (invalid): schedule.time (cannot be read), schedule.zone (no such zone),
// schedule.gap (the clocks jump over it; the sentence names the two nearest times).
Result<ResolvedTime> resolve_wall_time(std::string_view local, std::string_view zone,
                                       Fold fold = Fold::earlier);

// "2026-12-01T08:00:00" in that zone; nothing is wrong with a zone that is unknown: then UTC.
std::string wall_time_text(Instant at, std::string_view zone);

bool is_time_zone(std::string_view zone);

// When the hour or the day of that instant began in that zone; of an unknown zone, in UTC. A day
// whose midnight does not exist begins when the clocks have gone forward.
enum class WallUnit : std::uint8_t { hour, day };
Instant start_of_wall(Instant at, std::string_view zone, WallUnit unit);

}  // namespace tidings
