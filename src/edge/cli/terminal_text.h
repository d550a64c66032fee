// Text for a terminal: what came from outside made harmless, columns that line up, local times.
// Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace tidings::cli {

// UTF-8 in which nothing can move the cursor, change colours or turn the direction of what follows:
// control and bidirectional formatting characters become spaces, what is no UTF-8 U+FFFD.
// Line breaks stay when `keep_lines` is set.
std::string harmless(std::string_view text, bool keep_lines = false);
// Columns of a terminal that `text` takes: wide characters two, combining ones none.
std::size_t display_width(std::string_view text);
// Exactly `width` columns: filled up with spaces, or cut and ended with …
std::string fitted(std::string_view text, std::size_t width);
std::string right_aligned(std::string_view text, std::size_t width);
// In the machine's time zone, named: 2026-11-21 10:30 CET. Seconds on demand.
std::string local_time(Instant at, bool with_seconds = false);
// 12,345
std::string grouped(std::int64_t number);
// Columns of the terminal on standard output; 0 when it is none.
std::size_t terminal_width();

}  // namespace tidings::cli
