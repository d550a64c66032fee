#include "wire/encoded_word.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "base/bytes.h"
#include "base/check.h"

namespace tidings::wire {
namespace {

constexpr std::string_view kQOpening = "=?UTF-8?Q?";
constexpr std::string_view kBOpening = "=?UTF-8?B?";
constexpr std::string_view kClosing = "?=";
constexpr std::size_t kMaxLine = 76;     // RFC 2047 §2
constexpr std::size_t kFrame = 10 + 2;   // opening and closing
constexpr std::size_t kRoomWanted = 16;  // less on this line than that: fold instead

// RFC 2047 §5(3): the literal characters of Q in a phrase; the space becomes an underscore.
constexpr std::array<bool, 256> kQLiteral = [] {
  std::array<bool, 256> table{};
  for (int c = 'a'; c <= 'z'; ++c) table[c] = table[c - 32] = true;
  for (int c = '0'; c <= '9'; ++c) table[c] = true;
  for (const char c : std::string_view("!*+-/ ")) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

// Octets of the character that begins `text`; text is valid UTF-8.
std::size_t character_size(std::string_view text) {
  const auto c = static_cast<unsigned char>(text.front());
  return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

std::size_t q_size(std::string_view text) {
  std::size_t size = 0;
  for (const char c : text) size += kQLiteral[static_cast<unsigned char>(c)] ? 1 : 3;
  return size;
}

constexpr std::size_t b_size(std::size_t octets) { return (octets + 2) / 3 * 4; }

void append_q(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char ch : text) {
    const auto c = static_cast<unsigned char>(ch);
    if (c == ' ') {
      out += '_';
    } else if (kQLiteral[c]) {
      out += ch;
    } else {
      out += {'=', kHex[c >> 4], kHex[c & 15]};
    }
  }
}

// The longest beginning of whole characters whose encoding is at most `room` octets.
std::size_t fitting(std::string_view text, std::size_t room, bool q) {
  std::size_t octets = 0;
  std::size_t encoded = 0;
  while (octets < text.size()) {
    const std::size_t next = character_size(text.substr(octets));
    const std::size_t size =
        q ? encoded + q_size(text.substr(octets, next)) : b_size(octets + next);
    if (size > room) break;
    encoded = size;
    octets += next;
  }
  return octets;
}

// The same for B, without padding unless it is the last word: readers that join the payloads of
// neighbouring words (GMime is one) lose what follows padding. 0 if there is no such beginning.
std::size_t fitting_b(std::string_view text, std::size_t room) {
  const std::size_t longest = fitting(text, room, false);
  if (longest == text.size()) return longest;
  std::size_t best = 0;
  for (std::size_t octets = 0; octets < longest;) {
    octets += character_size(text.substr(octets));
    if (octets % 3 == 0) best = octets;
  }
  return best;
}

}  // namespace

bool is_plain_header_text(std::string_view text) {
  if (text.empty()) return true;
  if (text.size() > kMaxHeaderText || text.front() == ' ' || text.back() == ' ') return false;
  char before = 0;
  for (const char c : text) {
    if (c < 0x20 || c == 0x7f) return false;  // a signed char: also everything beyond ASCII
    if (c == ' ' && before == ' ') return false;
    if (c == '?' && before == '=') return false;
    before = c;
  }
  return true;
}

std::string clean_header_text(std::string_view text) {
  std::string clean;
  clean.reserve(std::min(text.size(), kMaxHeaderText));
  // Cleaning never more than triples, so nothing beyond this can be shown; and it bounds the work.
  const auto length = static_cast<std::int32_t>(std::min<std::size_t>(text.size(), 1 << 20));
  bool space = false;
  for (std::int32_t i = 0; i < length;) {
    UChar32 c = 0;
    U8_NEXT(text.data(), i, length, c);
    if (c < 0) c = 0xfffd;
    if (c <= 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029) {
      space = !clean.empty();
      continue;
    }
    std::array<std::uint8_t, 4> octets{};
    std::int32_t count = 0;
    U8_APPEND_UNSAFE(octets.data(), count, c);
    if (clean.size() + space + static_cast<std::size_t>(count) > kMaxHeaderText) break;
    if (space) clean += ' ';
    space = false;
    clean.append(reinterpret_cast<const char*>(octets.data()), static_cast<std::size_t>(count));
  }
  return clean;
}

std::size_t append_encoded_words(std::string& out, std::string_view text,
                                 std::string_view separator, std::size_t column) {
  const bool prefer_q = q_size(text) <= b_size(text.size());
  while (!text.empty()) {
    if (column + separator.size() + kFrame + kRoomWanted > kMaxLine) {
      out += "\r\n";
      column = 0;
      if (separator.empty()) separator = " ";
    }
    const std::size_t used = column + separator.size() + kFrame;
    CHECK(used + kRoomWanted <= kMaxLine);
    // One octet less than the line leaves: an encoded-word alone is at most 75.
    const std::size_t room = kMaxLine - 1 - used;
    std::size_t size = prefer_q ? 0 : fitting_b(text, room);
    const bool q = size == 0;
    if (q) size = fitting(text, room, true);
    CHECK(size > 0);
    const std::size_t start = out.size();
    out += separator;
    out += q ? kQOpening : kBOpening;
    if (q) {
      append_q(out, text.substr(0, size));
    } else {
      out += to_base64(text.substr(0, size));
    }
    out += kClosing;
    column += out.size() - start;
    text.remove_prefix(size);
    separator = " ";
  }
  return column;
}

}  // namespace tidings::wire
