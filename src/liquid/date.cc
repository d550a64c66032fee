#include "liquid/date.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <vector>

#include "liquid/text.h"

namespace tidings::liquid {
namespace {

constexpr std::string_view kMonthNames = "janfebmaraprmayjunjulaugsepoctnovdec";
constexpr std::string_view kDayNames = "sunmontuewedthufrisat";

struct Zone {
  std::string_view name;
  int hours;
};
constexpr std::array<Zone, 13> kZones = {{{"utc", 0},
                                          {"gmt", 0},
                                          {"z", 0},
                                          {"est", -5},
                                          {"edt", -4},
                                          {"cst", -6},
                                          {"cdt", -5},
                                          {"mst", -7},
                                          {"mdt", -6},
                                          {"pst", -8},
                                          {"pdt", -7},
                                          {"cet", 1},
                                          {"cest", 2}}};

// What has been read so far; -1 is missing.
struct Parts {
  std::int64_t year = -1;
  int month = -1, day = -1, hour = -1, minute = -1, second = -1;
  std::int64_t nanos = 0;
  bool has_year = false;
  std::optional<std::int64_t> offset;
  std::string zone;
};

class Reader {
 public:
  explicit Reader(std::string text) : text_(std::move(text)) {}

  std::optional<Parts> read() {
    while (at_ < text_.size()) {
      if (unreadable_) return std::nullopt;
      const char c = text_[at_];
      if (is_digit(c)) {
        if (!number()) return std::nullopt;
      } else if (c >= 'a' && c <= 'z') {
        if (!word()) return std::nullopt;
      } else if ((c == '+' || c == '-') && parts_.hour >= 0 && !parts_.offset &&
                 digits_at(at_ + 1) > 0) {
        offset();
      } else {
        ++at_;
      }
    }
    settle();
    const bool anything = parts_.has_year || parts_.month > 0 || parts_.day > 0 || parts_.hour >= 0;
    if (!anything) return std::nullopt;
    return parts_;
  }

 private:
  std::size_t digits_at(std::size_t i) const {
    std::size_t n = 0;
    while (i + n < text_.size() && is_digit(text_[i + n])) ++n;
    return n;
  }
  char at(std::size_t i) const { return i < text_.size() ? text_[i] : '\0'; }
  int value(std::size_t from, std::size_t count) const {
    int v = 0;
    for (std::size_t i = from; i < from + count && i < text_.size(); ++i)
      v = v * 10 + (text_[i] - '0');
    return v;
  }

  bool number() {
    const std::size_t n = digits_at(at_);
    if (n > 14) return false;
    const char after = at(at_ + n);
    if (n <= 2 && after == ':' && digits_at(at_ + n + 1) > 0 && parts_.hour < 0) return clock(n);
    if (n <= 2 && parts_.hour < 0 && meridiem(at_ + n)) return clock(n);
    if ((after == '-' || after == '/' || after == '.') && !parts_.has_year && parts_.month < 0 &&
        n <= 4 && numeric_date(n, after)) {
      return true;
    }
    if ((n == 8 || n == 14) && !parts_.has_year) return compact_date(n);
    if ((n == 6 || n == 4) && parts_.has_year && parts_.day > 0 && parts_.hour < 0 && at_ > 0 &&
        text_[at_ - 1] == 't') {
      parts_.hour = value(at_, 2);
      parts_.minute = value(at_ + 2, 2);
      parts_.second = n == 6 ? value(at_ + 4, 2) : 0;
      at_ += n;
      return true;
    }
    const bool quoted_year = at_ > 0 && text_[at_ - 1] == '\'';
    if (n > 4) return false;
    loose_.push_back({value(at_, n), n > 2 || quoted_year, n});
    at_ += n;
    if (text_.substr(at_, 2) == "st" || text_.substr(at_, 2) == "nd" ||
        text_.substr(at_, 2) == "rd" || text_.substr(at_, 2) == "th") {
      at_ += 2;
    }
    return true;
  }

  // am or pm behind a number; 0 for none, else its length with blanks.
  std::size_t meridiem(std::size_t i) const {
    std::size_t j = i;
    while (at(j) == ' ') ++j;
    if ((at(j) == 'a' || at(j) == 'p') && at(j + 1) == 'm' && !is_word(at(j + 2))) return j + 2 - i;
    return 0;
  }

  bool clock(std::size_t n) {
    parts_.hour = value(at_, n);
    at_ += n;
    parts_.minute = parts_.second = 0;
    if (at(at_) == ':') {
      const std::size_t m = digits_at(++at_);
      if (m > 2) return false;
      parts_.minute = value(at_, m);
      at_ += m;
      if (at(at_) == ':' && digits_at(at_ + 1) > 0) {
        const std::size_t s = digits_at(++at_);
        if (s > 2) return false;
        parts_.second = value(at_, s);
        at_ += s;
        if ((at(at_) == '.' || at(at_) == ',') && digits_at(at_ + 1) > 0) {
          const std::size_t f = digits_at(++at_);
          for (std::size_t i = 0; i < 9; ++i) {
            parts_.nanos = parts_.nanos * 10 + (i < f ? text_[at_ + i] - '0' : 0);
          }
          at_ += f;
        }
      }
    }
    if (const std::size_t length = meridiem(at_)) {
      const bool afternoon = text_[at_ + length - 2] == 'p';
      parts_.hour = parts_.hour % 12 + (afternoon ? 12 : 0);
      at_ += length;
    }
    return parts_.hour <= 24 && parts_.minute <= 59 && parts_.second <= 60;
  }

  // 2026-07-04, 4.7.2026, 04/07/2026 (day first), 2026-185.
  bool numeric_date(std::size_t n, char separator) {
    const std::size_t second = at_ + n + 1;
    const std::size_t m = digits_at(second);
    if (n == 4 && m == 3 && separator == '-') return ordinal_date(second);
    if (m == 0 || m > 2) return false;
    const bool third = at(second + m) == separator && digits_at(second + m + 1) > 0;
    const std::size_t k = third ? digits_at(second + m + 1) : 0;
    if (n >= 3) {
      if (!third && separator == '-')
        return unreadable();  // the reference engine reads none either
      parts_.year = value(at_, n);
      parts_.has_year = true;
      parts_.month = value(second, m);
      if (third && k <= 2) parts_.day = value(second + m + 1, k);
    } else if (third && k >= 3) {
      parts_.day = value(at_, n);
      parts_.month = value(second, m);
      parts_.year = value(second + m + 1, k);
      parts_.has_year = true;
    } else if (third) {
      set_year(value(at_, n), 2);
      parts_.month = value(second, m);
      parts_.day = value(second + m + 1, k);
    } else if (separator == '/') {
      parts_.month = value(at_, n);
      parts_.day = value(second, m);
    } else {
      return false;
    }
    at_ = second + m + (third ? k + 1 : 0);
    if (at(at_) == 't' && is_digit(at(at_ + 1))) ++at_;
    return true;
  }

  // 2026-185: the day of the year.
  bool ordinal_date(std::size_t day_at) {
    const int day = value(day_at, 3);
    if (day < 1 || day > 366) return unreadable();
    const std::chrono::year_month_day date(
        std::chrono::sys_days(std::chrono::year(value(at_, 4)) / std::chrono::January / 1) +
        std::chrono::days(day - 1));
    parts_.year = static_cast<int>(date.year());
    parts_.has_year = true;
    parts_.month = static_cast<int>(static_cast<unsigned>(date.month()));
    parts_.day = static_cast<int>(static_cast<unsigned>(date.day()));
    at_ = day_at + 3;
    return true;
  }

  bool unreadable() {
    unreadable_ = true;
    return true;
  }

  bool compact_date(std::size_t n) {
    parts_.year = value(at_, 4);
    parts_.has_year = true;
    parts_.month = value(at_ + 4, 2);
    parts_.day = value(at_ + 6, 2);
    if (n == 14) {
      parts_.hour = value(at_ + 8, 2);
      parts_.minute = value(at_ + 10, 2);
      parts_.second = value(at_ + 12, 2);
    }
    at_ += n;
    return true;
  }

  bool word() {
    std::size_t end = at_;
    while (end < text_.size() && text_[end] >= 'a' && text_[end] <= 'z') ++end;
    const std::string_view word(text_.data() + at_, end - at_);
    at_ = end;
    const auto index_in = [&](std::string_view names) {
      if (word.size() < 3) return -1;
      const std::size_t i = names.find(word.substr(0, 3));
      return i == names.npos || i % 3 != 0 ? -1 : static_cast<int>(i / 3);
    };
    if (const int month = index_in(kMonthNames); month >= 0) {
      if (parts_.month < 0) parts_.month = month + 1;
      return true;
    }
    if (word == "w" && is_digit(at(at_))) return false;  // weeks: the reference engine reads none
    if (index_in(kDayNames) >= 0) return true;           // the date says it already
    const auto* const zone = std::ranges::find(kZones, word, &Zone::name);
    if (zone != kZones.end() && parts_.hour >= 0) {
      parts_.offset = zone->hours * 3600;
      parts_.zone = word == "z" ? "UTC" : std::string(word);
      std::ranges::transform(parts_.zone, parts_.zone.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
      });
      if (parts_.zone == "GMT") parts_.zone = "UTC";
    }
    return true;  // other words say nothing
  }

  void offset() {
    const bool west = text_[at_++] == '-';
    const std::size_t n = digits_at(at_);
    std::int64_t hours = 0, minutes = 0;
    if (n <= 2) {
      hours = value(at_, n);
      at_ += n;
      if (at(at_) == ':' && digits_at(at_ + 1) == 2) {
        minutes = value(at_ + 1, 2);
        at_ += 3;
      }
    } else {
      hours = value(at_, n - 2 > 2 ? 2 : n - 2);
      minutes = value(at_ + n - 2, 2);
      at_ += n;
    }
    if (hours > 26 || minutes > 59) return;
    parts_.offset = (west ? -1 : 1) * (hours * 3600 + minutes * 60);
  }

  void set_year(int year, std::size_t digits) {
    parts_.year = digits > 2 ? year : year + (year >= 69 ? 1900 : 2000);
    parts_.has_year = true;
  }

  // Numbers that stand alone: a long one is a year, of short ones the first is the day.
  void settle() {
    for (const auto& [value, is_year, digits] : loose_) {
      if (is_year || (parts_.day > 0 && parts_.month > 0)) {
        if (!parts_.has_year) set_year(value, digits);
      } else if (parts_.day < 0 && (parts_.month > 0 || loose_.size() == 1)) {
        parts_.day = value;
      }
    }
  }

  struct Loose {
    int value;
    bool is_year;
    std::size_t digits;
  };
  std::string text_;
  std::size_t at_ = 0;
  Parts parts_;
  bool unreadable_ = false;
  std::vector<Loose> loose_;
};

}  // namespace

std::optional<Moment> read_moment(std::string_view text, Instant now, std::string_view zone) {
  if (text.empty() || text.size() > 128) return std::nullopt;
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  const std::int64_t micros = to_micros(now);
  const std::int64_t now_seconds =
      micros >= 0 ? micros / 1'000'000 : -((999'999 - micros) / 1'000'000);
  const Moment today = moment_of(now_seconds, (micros - now_seconds * 1'000'000) * 1000, zone);
  if (lower == "now" || lower == "today") return today;
  if (std::ranges::all_of(lower, is_digit)) {
    std::int64_t seconds = 0;
    const auto done = std::from_chars(lower.data(), lower.data() + lower.size(), seconds);
    if (done.ec != std::errc() || seconds > 1'000'000'000'000'000) return std::nullopt;
    return moment_of(seconds, 0, zone);
  }
  const auto parts = Reader(std::move(lower)).read();
  if (!parts) return std::nullopt;

  using namespace std::chrono;
  const auto today_days = floor<days>(sys_seconds(seconds(today.wall)));
  const year_month_day current(today_days);
  const bool dated = parts->has_year || parts->month > 0 || parts->day > 0;
  const auto y = parts->has_year ? year(static_cast<int>(parts->year)) : current.year();
  const auto m = parts->month > 0    ? month(static_cast<unsigned>(parts->month))
                 : parts->month == 0 ? month(0)
                 : parts->has_year   ? January
                                     : current.month();
  const auto d = parts->day > 0    ? day(static_cast<unsigned>(parts->day))
                 : parts->day == 0 ? day(0)
                 : dated           ? day(1)
                                   : current.day();
  const year_month_day made(y, m, d);
  if (!made.ok()) return std::nullopt;
  const sys_days on(made);
  Moment moment;
  moment.nanos = parts->nanos;
  moment.wall = on.time_since_epoch().count() * std::int64_t{86400} +
                std::max(parts->hour, 0) * 3600 + std::max(parts->minute, 0) * 60 +
                std::max(parts->second, 0);
  if (parts->offset) {
    moment.offset = *parts->offset;
    moment.zone = parts->zone;
    return moment;
  }
  // No zone is written: the wall is the reader's own. Near a change of the clocks, once is enough.
  const Moment guess = moment_of(moment.wall, 0, zone);
  const Moment there = moment_of(moment.wall - guess.offset, 0, zone);
  moment.offset = there.offset;
  moment.zone = there.zone;
  return moment;
}

}  // namespace tidings::liquid
