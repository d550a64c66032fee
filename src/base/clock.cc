#include "base/clock.h"

#include <charconv>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace tidings {

Instant SystemClock::now() const {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

namespace {

struct Civil {
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<Duration> time;
  std::chrono::weekday weekday;
};

Civil to_civil(Instant at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  return {std::chrono::year_month_day(day), std::chrono::hh_mm_ss<Duration>(at - day),
          std::chrono::weekday(day)};
}

}  // namespace

std::string to_rfc3339(Instant at) {
  const Civil civil = to_civil(at);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", int(civil.date.year()),
                     unsigned(civil.date.month()), unsigned(civil.date.day()),
                     civil.time.hours().count(), civil.time.minutes().count(),
                     civil.time.seconds().count(), civil.time.subseconds().count());
}

std::string to_rfc5322_date(Instant at) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const Civil civil = to_civil(at);
  return fmt::format("{}, {} {} {:04} {:02}:{:02}:{:02} +0000", kDays[civil.weekday.c_encoding()],
                     unsigned(civil.date.day()), kMonths[unsigned(civil.date.month()) - 1],
                     int(civil.date.year()), civil.time.hours().count(),
                     civil.time.minutes().count(), civil.time.seconds().count());
}

std::optional<Duration> parse_duration(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !(number >= -4e9 && number <= 4e9)) return std::nullopt;
  const std::string_view unit(end, text.data() + text.size());
  double micros = 0;
  if (unit == "us")
    micros = number;
  else if (unit == "ms")
    micros = number * 1e3;
  else if (unit == "s")
    micros = number * 1e6;
  else if (unit == "m")
    micros = number * 60e6;
  else if (unit == "h")
    micros = number * 3600e6;
  else if (unit == "d")
    micros = number * 86400e6;
  else if (unit.empty() && number == 0)
    micros = 0;
  else
    return std::nullopt;
  if (micros < -3.2e15 || micros > 3.2e15) return std::nullopt;
  return Duration(static_cast<std::int64_t>(micros));
}

std::string to_duration_text(Duration duration) {
  const std::int64_t micros = duration.count();
  if (micros == 0) return "0";
  if (micros % 86'400'000'000 == 0) return fmt::format("{}d", micros / 86'400'000'000);
  if (micros % 3'600'000'000 == 0) return fmt::format("{}h", micros / 3'600'000'000);
  if (micros % 60'000'000 == 0) return fmt::format("{}m", micros / 60'000'000);
  if (micros % 1'000'000 == 0) return fmt::format("{}s", micros / 1'000'000);
  if (micros % 1'000 == 0) return fmt::format("{}ms", micros / 1'000);
  return fmt::format("{}us", micros);
}

}  // namespace tidings
