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

// Optimisation: both forms are written for each message.
void put_digits(std::string& text, std::size_t at, int count, std::int64_t number) {
  for (std::size_t i = at + static_cast<std::size_t>(count); i-- > at; number /= 10) {
    text[i] = static_cast<char>('0' + number % 10);
  }
}

// Four digits, but for times that nobody lives in.
std::string year_text(const Civil& civil) {
  const int year = int(civil.date.year());
  if (year < 0 || year > 9999) return fmt::format("{:04}", year);
  std::string text = "0000";
  put_digits(text, 0, 4, year);
  return text;
}

// "00:00:00"
void put_time(std::string& text, std::size_t at, const Civil& civil) {
  put_digits(text, at, 2, civil.time.hours().count());
  put_digits(text, at + 3, 2, civil.time.minutes().count());
  put_digits(text, at + 6, 2, civil.time.seconds().count());
}

}  // namespace

std::string to_rfc3339(Instant at) {
  const Civil civil = to_civil(at);
  std::string text = year_text(civil);
  const std::size_t at_month = text.size() + 1;
  text += "-00-00T00:00:00.000000Z";
  put_digits(text, at_month, 2, unsigned(civil.date.month()));
  put_digits(text, at_month + 3, 2, unsigned(civil.date.day()));
  put_time(text, at_month + 6, civil);
  put_digits(text, at_month + 15, 6, civil.time.subseconds().count());
  return text;
}

std::string to_rfc5322_date(Instant at) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const Civil civil = to_civil(at);
  const unsigned day = unsigned(civil.date.day());
  std::string text = kDays[civil.weekday.c_encoding()];
  text += ", ";
  if (day >= 10) text += static_cast<char>('0' + day / 10);
  text += static_cast<char>('0' + day % 10);
  text += ' ';
  text += kMonths[unsigned(civil.date.month()) - 1];
  text += ' ';
  text += year_text(civil);
  const std::size_t at_time = text.size() + 1;
  text += " 00:00:00 +0000";
  put_time(text, at_time, civil);
  return text;
}

namespace {

// `count` digits at the front of `text`, which are taken off; nothing when one is missing.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int number = 0;
  for (const char c : text.substr(0, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  text.remove_prefix(count);
  return number;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::chrono::sys_days> take_date(std::string_view& text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, "-")) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, "-")) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day || *year < 1900 || *year > 2200) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date);
}

// "." and digits, of which the first six count.
std::optional<Duration> take_fraction(std::string_view& text) {
  std::int64_t micros = 0;
  int digits = 0;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1)) {
    if (digits++ < 6) micros = micros * 10 + (text.front() - '0');
  }
  if (digits == 0 || digits > 30) return std::nullopt;
  for (; digits < 6; ++digits) micros *= 10;
  return Duration(micros);
}

std::optional<std::chrono::minutes> take_offset(std::string_view& text) {
  if (take(text, "Zz")) return std::chrono::minutes(0);
  const bool is_west = text.starts_with('-');
  if (!take(text, "+-")) return std::nullopt;
  const auto hours = take_digits(text, 2);
  if (!hours || !take(text, ":")) return std::nullopt;
  const auto minutes = take_digits(text, 2);
  if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const std::chrono::minutes offset(*hours * 60 + *minutes);
  return is_west ? -offset : offset;
}

}  // namespace

std::optional<std::chrono::sys_days> parse_date(std::string_view text) {
  const auto date = take_date(text);
  return date && text.empty() ? date : std::nullopt;
}

std::optional<Instant> parse_rfc3339(std::string_view text) {
  const auto date = take_date(text);
  if (!date || !take(text, "Tt ")) return std::nullopt;
  const auto hour = take_digits(text, 2);
  if (!hour || !take(text, ":")) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || !take(text, ":")) return std::nullopt;
  const auto second = take_digits(text, 2);
  if (!second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  std::optional<Duration> fraction = Duration(0);
  if (take(text, ".")) fraction = take_fraction(text);
  const auto offset = take_offset(text);
  if (!fraction || !offset || !text.empty()) return std::nullopt;
  return Instant(*date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second) + *fraction - *offset;
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
