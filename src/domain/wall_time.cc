#include "domain/wall_time.h"

#include <charconv>
#include <exception>
#include <optional>

#include <date/tz.h>
#include <fmt/format.h>

namespace tidings {

namespace {

constexpr std::size_t kZoneMax = 64;

// date-tz throws for a name it does not have, and when the system has no zones at all.
const date::time_zone* find_zone(std::string_view name) {
  if (name.empty() || name.size() > kZoneMax) return nullptr;
  try {
    return date::locate_zone(name);
  } catch (const std::exception&) {
    return nullptr;
  }
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// YYYY-MM-DD(T| )HH:MM(:SS)
std::optional<date::local_seconds> read_local(std::string_view text) {
  if (text.size() != 16 && text.size() != 19) return std::nullopt;
  if (text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != ' ') || text[13] != ':' ||
      (text.size() == 19 && text[16] != ':')) {
    return std::nullopt;
  }
  const auto year = number(text.substr(0, 4));
  const auto month = number(text.substr(5, 2));
  const auto day = number(text.substr(8, 2));
  const auto hour = number(text.substr(11, 2));
  const auto minute = number(text.substr(14, 2));
  const auto second = text.size() == 19 ? number(text.substr(17, 2)) : std::optional(0);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const auto date = date::year(*year) / date::month(static_cast<unsigned>(*month)) /
                    date::day(static_cast<unsigned>(*day));
  if (!date.ok() || *year < 1970 || *year > 9998 || *hour > 23 || *minute > 59 || *second > 59) {
    return std::nullopt;
  }
  return date::local_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second);
}

std::string text_of(date::local_seconds local) {
  const auto day = date::floor<date::days>(local);
  const date::year_month_day date(day);
  const auto time = date::make_time(local - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", int(date.year()),
                     unsigned(date.month()), unsigned(date.day()), time.hours().count(),
                     time.minutes().count(), time.seconds().count());
}

Instant instant_of(date::sys_seconds at) { return Instant(at.time_since_epoch()); }

std::string short_text(date::local_seconds local) { return text_of(local).substr(11, 5); }

}  // namespace

Result<ResolvedTime> resolve_wall_time(std::string_view local, std::string_view zone, Fold fold) {
  const date::time_zone* found = find_zone(zone);
  if (found == nullptr) {
    return fail(ErrorKind::invalid, "schedule.zone",
                fmt::format("There is no time zone \"{}\". Give one like Europe/Brussels.",
                            zone.substr(0, kZoneMax)));
  }
  const auto wanted = read_local(local);
  if (!wanted) {
    return fail(ErrorKind::invalid, "schedule.time",
                fmt::format("\"{}\" is not a date and time. Write it like 2026-12-01 08:00.",
                            local.substr(0, 40)));
  }
  const date::local_info info = found->get_info(*wanted);
  ResolvedTime resolved;
  resolved.local = text_of(*wanted);
  if (info.result == date::local_info::nonexistent) {
    // `first` ends where the gap begins; `second` begins where the gap ends.
    const date::local_seconds before(info.first.end.time_since_epoch() + info.first.offset -
                                     std::chrono::minutes(1));
    const date::local_seconds after(info.second.begin.time_since_epoch() + info.second.offset);
    return fail(
        ErrorKind::invalid, "schedule.gap",
        fmt::format("{} does not exist in {}: the clocks go forward over it. The nearest "
                    "times are {} and {}.",
                    resolved.local.substr(0, 16), zone, short_text(before), short_text(after)));
  }
  resolved.is_ambiguous = info.result == date::local_info::ambiguous;
  const auto offset =
      resolved.is_ambiguous && fold == Fold::later ? info.second.offset : info.first.offset;
  resolved.at = instant_of(date::sys_seconds(wanted->time_since_epoch() - offset));
  return resolved;
}

std::string wall_time_text(Instant at, std::string_view zone) {
  const auto seconds = date::floor<std::chrono::seconds>(
      date::sys_time<std::chrono::microseconds>(at.time_since_epoch()));
  const date::time_zone* found = find_zone(zone);
  if (found == nullptr) return text_of(date::local_seconds(seconds.time_since_epoch()));
  return text_of(found->to_local(seconds));
}

bool is_time_zone(std::string_view zone) { return find_zone(zone) != nullptr; }

Instant start_of_wall(Instant at, std::string_view zone, WallUnit unit) {
  const date::time_zone* found = find_zone(zone);
  const date::sys_seconds then(std::chrono::floor<std::chrono::seconds>(at).time_since_epoch());
  const auto offset = found == nullptr ? std::chrono::seconds(0) : found->get_info(then).offset;
  const date::local_seconds local(then.time_since_epoch() + offset);
  if (unit == WallUnit::hour) {
    return instant_of(
        date::sys_seconds(date::floor<std::chrono::hours>(local).time_since_epoch() - offset));
  }
  const date::local_seconds midnight = date::floor<date::days>(local);
  return found == nullptr ? instant_of(date::sys_seconds(midnight.time_since_epoch()))
                          : instant_of(found->to_sys(midnight, date::choose::earliest));
}

}  // namespace tidings
