#include <algorithm>
#include <array>
#include <chrono>

#include <date/tz.h>
#include <fmt/format.h>

#include "liquid/date.h"
#include "liquid/text.h"

namespace tidings::liquid {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};
constexpr std::size_t kLongest = 65536;

struct Fields {
  std::int64_t year = 0;
  int month = 0, day = 0, hour = 0, minute = 0, second = 0;
  int weekday = 0;   // 0 Sunday
  int year_day = 0;  // 0..365
};

Fields fields_of(const Moment& moment) {
  const std::int64_t days =
      moment.wall >= 0 ? moment.wall / 86400 : -((86399 - moment.wall) / 86400);
  const auto rest = static_cast<int>(moment.wall - days * 86400);
  // Gregorian arithmetic on days, good for any year a 64-bit second reaches.
  const std::int64_t z = days + 719468;
  const std::int64_t era = (z >= 0 ? z : z - 146096) / 146097;
  const std::int64_t of_era = z - era * 146097;
  const std::int64_t year_of_era =
      (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  const std::int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted = (5 * of_year + 2) / 153;
  Fields f;
  f.day = static_cast<int>(of_year - (153 * shifted + 2) / 5 + 1);
  f.month = static_cast<int>(shifted < 10 ? shifted + 3 : shifted - 9);
  f.year = year_of_era + era * 400 + (f.month <= 2 ? 1 : 0);
  f.hour = rest / 3600;
  f.minute = rest / 60 % 60;
  f.second = rest % 60;
  f.weekday = static_cast<int>(((days % 7) + 11) % 7);
  const bool leap = (f.year % 4 == 0 && f.year % 100 != 0) || f.year % 400 == 0;
  static constexpr std::array<int, 12> kBefore = {0,   31,  59,  90,  120, 151,
                                                  181, 212, 243, 273, 304, 334};
  f.year_day =
      kBefore[static_cast<std::size_t>(f.month - 1)] + f.day - 1 + (leap && f.month > 2 ? 1 : 0);
  return f;
}

// ISO 8601 week and the year it belongs to.
std::pair<int, std::int64_t> iso_week(const Fields& f) {
  const auto weeks_in = [](std::int64_t year) {
    const auto p = [](std::int64_t y) { return (y + y / 4 - y / 100 + y / 400) % 7; };
    return p(year) == 4 || p(year - 1) == 3 ? 53 : 52;
  };
  const int day = f.weekday == 0 ? 7 : f.weekday;
  const int week = (f.year_day + 1 - day + 10) / 7;
  if (week < 1) return {weeks_in(f.year - 1), f.year - 1};
  if (week > weeks_in(f.year)) return {1, f.year + 1};
  return {week, f.year};
}

struct Directive {
  char pad = 0;  // 0: the directive's own; '-': none
  bool upper = false, swap = false;
  int colons = 0;
  int width = -1;
};

class Formatter {
 public:
  explicit Formatter(const Moment& moment) : moment_(moment), f_(fields_of(moment)) {}

  std::string run(std::string_view format, int depth = 0) {
    std::string out;
    for (std::size_t i = 0; i < format.size() && out.size() < kLongest;) {
      if (format[i] != '%' || i + 1 >= format.size()) {
        out += format[i++];
        continue;
      }
      std::size_t j = i + 1;
      Directive d;
      for (; j < format.size() &&
             std::string_view("-0^#_:").find(format[j]) != std::string_view::npos;
           ++j) {
        switch (format[j]) {
          case '-':
            d.pad = '-';
            break;
          case '0':
            d.pad = '0';
            break;
          case '_':
            d.pad = ' ';
            break;
          case '^':
            d.upper = true;
            break;
          case '#':
            d.swap = true;
            break;
          default:
            ++d.colons;
        }
      }
      for (; j < format.size() && is_digit(format[j]); ++j) {
        d.width = std::min(std::max(d.width, 0) * 10 + (format[j] - '0'), 1024);
      }
      while (j < format.size() && (format[j] == ':')) ++d.colons, ++j;
      if (j < format.size() && (format[j] == 'E' || format[j] == 'O') && j + 1 < format.size()) ++j;
      if (j >= format.size() || !one(out, format[j], d, depth)) {
        out += format.substr(i, std::min(j + 1, format.size()) - i);
      }
      i = j + 1;
    }
    return out;
  }

 private:
  void number(std::string& out, std::int64_t value, int width, char pad, const Directive& d) {
    const char with = d.pad == 0 ? pad : d.pad;
    const int wide = d.width >= 0 ? d.width : width;
    const bool negative = value < 0;
    std::string digits = fmt::format("{}", negative ? -value : value);
    const auto missing = static_cast<std::ptrdiff_t>(wide) -
                         static_cast<std::ptrdiff_t>(digits.size()) - (negative ? 1 : 0);
    const std::string fill(with == '-' || missing < 0 ? 0 : static_cast<std::size_t>(missing),
                           with == ' ' ? ' ' : '0');
    if (negative && with != ' ') out += '-';
    out += fill;
    if (negative && with == ' ') out += '-';
    out += digits;
  }

  void text(std::string& out, std::string value, const Directive& d, bool swaps_to_lower = false) {
    if (d.upper || (d.swap && !swaps_to_lower)) {
      std::ranges::transform(value, value.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
      });
    } else if (d.swap) {
      std::ranges::transform(value, value.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
      });
    }
    if (d.width > static_cast<int>(value.size()) && d.pad != '-') {
      out.append(static_cast<std::size_t>(d.width) - value.size(), d.pad == '0' ? '0' : ' ');
    }
    out += value;
  }

  void zone_offset(std::string& out, const Directive& d) {
    const std::int64_t size = std::abs(moment_.offset);
    std::string rest;
    switch (d.colons) {
      case 0:
        rest = fmt::format("{:02}", size / 60 % 60);
        break;
      case 1:
        rest = fmt::format(":{:02}", size / 60 % 60);
        break;
      default:
        rest = fmt::format(":{:02}:{:02}", size / 60 % 60, size % 60);
    }
    const char sign = moment_.offset < 0 ? '-' : '+';
    const int hours_width = std::max(2, d.width - 1 - static_cast<int>(rest.size()));
    if (d.pad == '-') {
      out += fmt::format("{}{}", sign, size / 3600);
    } else if (d.pad == ' ') {
      out += fmt::format("{:>{}}", fmt::format("{}{}", sign, size / 3600), hours_width + 1);
    } else {
      out += fmt::format("{}{:0{}}", sign, size / 3600, hours_width);
    }
    out += rest;
  }

  void fraction(std::string& out, int digits, const Directive& d) {
    const int wide = d.width > 0 ? d.width : digits;
    std::string nanos = fmt::format("{:09}", moment_.nanos);
    nanos.resize(static_cast<std::size_t>(wide), '0');
    out += nanos;
  }

  bool composite(std::string& out, std::string_view format, const Directive& d, int depth) {
    if (depth > 0) return false;
    text(out, run(format, depth + 1), d);
    return true;
  }

  bool one(std::string& out, char c, const Directive& d, int depth) {
    return date_part(out, c, d) || time_part(out, c, d) || other(out, c, d, depth);
  }

  bool date_part(std::string& out, char c, const Directive& d) {
    switch (c) {
      case 'Y':
        number(out, f_.year, f_.year < 0 ? 5 : 4, '0', d);
        return true;
      case 'C':
        number(out, (f_.year - ((f_.year % 100) + 100) % 100) / 100, 2, '0', d);
        return true;
      case 'y':
        number(out, ((f_.year % 100) + 100) % 100, 2, '0', d);
        return true;
      case 'm':
        number(out, f_.month, 2, '0', d);
        return true;
      case 'B':
        text(out, std::string(kMonths[static_cast<std::size_t>(f_.month - 1)]), d);
        return true;
      case 'b':
      case 'h':
        text(out, std::string(kMonths[static_cast<std::size_t>(f_.month - 1)].substr(0, 3)), d);
        return true;
      case 'd':
        number(out, f_.day, 2, '0', d);
        return true;
      case 'e':
        number(out, f_.day, 2, ' ', d);
        return true;
      case 'j':
        number(out, f_.year_day + 1, 3, '0', d);
        return true;
      case 'A':
        text(out, std::string(kDays[static_cast<std::size_t>(f_.weekday)]), d);
        return true;
      case 'a':
        text(out, std::string(kDays[static_cast<std::size_t>(f_.weekday)].substr(0, 3)), d);
        return true;
      case 'u':
        number(out, f_.weekday == 0 ? 7 : f_.weekday, 1, '0', d);
        return true;
      case 'w':
        number(out, f_.weekday, 1, '0', d);
        return true;
      case 'G':
        number(out, iso_week(f_).second, 4, '0', d);
        return true;
      case 'g':
        number(out, ((iso_week(f_).second % 100) + 100) % 100, 2, '0', d);
        return true;
      case 'V':
        number(out, iso_week(f_).first, 2, '0', d);
        return true;
      case 'U':
        number(out, (f_.year_day + 7 - f_.weekday) / 7, 2, '0', d);
        return true;
      case 'W':
        number(out, (f_.year_day + 7 - (f_.weekday + 6) % 7) / 7, 2, '0', d);
        return true;
      default:
        return false;
    }
  }

  bool time_part(std::string& out, char c, const Directive& d) {
    const int twelve = f_.hour % 12 == 0 ? 12 : f_.hour % 12;
    switch (c) {
      case 'H':
        number(out, f_.hour, 2, '0', d);
        return true;
      case 'k':
        number(out, f_.hour, 2, ' ', d);
        return true;
      case 'I':
        number(out, twelve, 2, '0', d);
        return true;
      case 'l':
        number(out, twelve, 2, ' ', d);
        return true;
      case 'M':
        number(out, f_.minute, 2, '0', d);
        return true;
      case 'S':
        number(out, f_.second, 2, '0', d);
        return true;
      case 'L':
        fraction(out, 3, d);
        return true;
      case 'N':
        fraction(out, 9, d);
        return true;
      case 'p':
        text(out, f_.hour < 12 ? "AM" : "PM", d, true);
        return true;
      case 'P':
        text(out, f_.hour < 12 ? "am" : "pm", d);
        return true;
      case 's':
        number(out, moment_.wall - moment_.offset, 1, '0', d);
        return true;
      case 'z':
        zone_offset(out, d);
        return true;
      case 'Z':
        text(out, moment_.zone, d, true);
        return true;
      default:
        return false;
    }
  }

  bool other(std::string& out, char c, const Directive& d, int depth) {
    switch (c) {
      case '%':
        text(out, "%", d);
        return true;
      case 'n':
        text(out, "\n", d);
        return true;
      case 't':
        text(out, "\t", d);
        return true;
      case 'c':
        return composite(out, "%a %b %e %H:%M:%S %Y", d, depth);
      case 'D':
      case 'x':
        return composite(out, "%m/%d/%y", d, depth);
      case 'F':
        return composite(out, "%Y-%m-%d", d, depth);
      case 'v':
        return composite(out, "%e-%^b-%Y", d, depth);
      case 'T':
      case 'X':
        return composite(out, "%H:%M:%S", d, depth);
      case 'R':
        return composite(out, "%H:%M", d, depth);
      case 'r':
        return composite(out, "%I:%M:%S %p", d, depth);
      default:
        return false;
    }
  }

  const Moment& moment_;
  const Fields f_;
};

}  // namespace

Moment moment_of(std::int64_t epoch_seconds, std::int64_t nanos, std::string_view zone) {
  constexpr std::int64_t kFar =
      8'000'000'000'000;  // about year 250,000: beyond it no zone is known
  if (!zone.empty() && zone != "UTC" && std::abs(epoch_seconds) < kFar) {
    try {
      const auto info =
          ::date::locate_zone(std::string(zone))
              ->get_info(std::chrono::sys_seconds(std::chrono::seconds(epoch_seconds)));
      return {epoch_seconds + info.offset.count(), nanos, info.offset.count(), info.abbrev};
    } catch (const std::exception&) {
      // An unknown zone: UTC is shown, and %z says so.
    }
  }
  return {epoch_seconds, nanos, 0, "UTC"};
}

std::string format_moment(const Moment& moment, std::string_view format) {
  return Formatter(moment).run(format);
}

}  // namespace tidings::liquid
