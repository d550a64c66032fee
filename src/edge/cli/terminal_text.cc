#include "edge/cli/terminal_text.h"

#include <cstdint>
#include <ctime>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>
#include <unistd.h>

namespace tidings::cli {

namespace {

constexpr UChar32 kReplacement = 0xFFFD;

// Calls `each(character, begin, end)` for every character; what is no UTF-8 is a negative one.
template <typename F>
void for_each_character(std::string_view text, F each) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int64_t>(text.size());
  for (std::int64_t at = 0; at < size;) {
    const std::int64_t begin = at;
    UChar32 character = 0;
    U8_NEXT(bytes, at, size, character);
    each(character, static_cast<std::size_t>(begin), static_cast<std::size_t>(at));
  }
}

bool is_harmful(UChar32 character) {
  const bool is_direction = (character >= 0x200E && character <= 0x200F) ||
                            (character >= 0x202A && character <= 0x202E) ||
                            (character >= 0x2066 && character <= 0x2069) || character == 0x061C;
  const bool is_break = character == 0x2028 || character == 0x2029;
  return is_direction || is_break || u_charType(character) == U_CONTROL_CHAR;
}

std::size_t width_of(UChar32 character) {
  if (character < 0) return 1;
  switch (u_charType(character)) {
    case U_NON_SPACING_MARK:
    case U_ENCLOSING_MARK:
    case U_FORMAT_CHAR:
      return 0;
    default:
      break;
  }
  const int wide = u_getIntPropertyValue(character, UCHAR_EAST_ASIAN_WIDTH);
  return wide == U_EA_WIDE || wide == U_EA_FULLWIDTH ? 2 : 1;
}

}  // namespace

std::string harmless(std::string_view text, bool keep_lines) {
  std::string result;
  result.reserve(text.size());
  for_each_character(text, [&](UChar32 character, std::size_t begin, std::size_t end) {
    if (character < 0 || character == kReplacement) {
      result += "\uFFFD";
    } else if (keep_lines && character == '\r') {
      return;
    } else if (is_harmful(character) && !(keep_lines && character == '\n')) {
      result += ' ';
    } else {
      result += text.substr(begin, end - begin);
    }
  });
  return result;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for_each_character(
      text, [&](UChar32 character, std::size_t, std::size_t) { width += width_of(character); });
  return width;
}

std::string fitted(std::string_view text, std::size_t width) {
  const std::size_t whole = display_width(text);
  if (whole <= width) return std::string(text) + std::string(width - whole, ' ');
  if (width == 0) return {};
  std::size_t used = 0;
  std::size_t kept = 0;
  bool is_full = false;
  for_each_character(text, [&](UChar32 character, std::size_t, std::size_t end) {
    is_full = is_full || used + width_of(character) > width - 1;
    if (is_full) return;
    used += width_of(character);
    kept = end;
  });
  return std::string(text.substr(0, kept)) + "…" + std::string(width - 1 - used, ' ');
}

std::string right_aligned(std::string_view text, std::size_t width) {
  const std::size_t whole = display_width(text);
  return (whole < width ? std::string(width - whole, ' ') : std::string()) + std::string(text);
}

std::string local_time(Instant at, bool with_seconds) {
  const std::time_t seconds =
      std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  std::tm parts{};
  if (::localtime_r(&seconds, &parts) == nullptr) return to_rfc3339(at);
  char text[64];
  const char* format = with_seconds ? "%Y-%m-%d %H:%M:%S %Z" : "%Y-%m-%d %H:%M %Z";
  return {text, std::strftime(text, sizeof text, format, &parts)};
}

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  const std::size_t first = number < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::size_t terminal_width() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

}  // namespace tidings::cli
