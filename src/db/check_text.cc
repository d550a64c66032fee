#include <cstdint>
#include <cstring>

#include "base/result.h"
#include "db/session.h"

namespace tidings::db {
namespace {

// Length of the well-formed sequence at `at`, 0 for none (Unicode 15, table 3-7).
std::size_t sequence_length(const unsigned char* at, std::size_t left) {
  const auto continues = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return i < left && at[i] >= low && at[i] <= high;
  };
  const unsigned lead = at[0];
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  if (lead < 0xE0) return continues(1) ? 2 : 0;
  if (lead < 0xF0) {
    const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : 0xBF;
    return continues(1, low, high) && continues(2) ? 3 : 0;
  }
  const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;
  return continues(1, low, high) && continues(2) && continues(3) ? 4 : 0;
}

// Optimisation: eight bytes at once while they are ASCII without NUL, which nearly all stored text
// is. A byte of 0x01..0x7F loses 1 without borrowing, so its highest bit stays 0; NUL's becomes 1.
bool plain_word(std::uint64_t word) {
  return ((word | (word - 0x0101010101010101u)) & 0x8080808080808080u) == 0;
}

std::uint64_t word_at(const char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

bool is_plain(std::string_view text) {
  const char* const data = text.data();
  const std::size_t size = text.size();
  if (size < 8) {
    for (const char c : text)
      if (static_cast<unsigned char>(c) - 1u >= 0x7Fu) return false;
    return true;
  }
  for (std::size_t i = 0; i + 8 <= size; i += 8)
    if (!plain_word(word_at(data + i))) return false;
  return plain_word(word_at(data + size - 8));  // may overlap the last one
}

}  // namespace

Result<void> check_text(std::string_view text) {
  if (is_plain(text)) return {};
  if (!text.empty() && std::memchr(text.data(), 0, text.size()) != nullptr) {
    return fail(ErrorKind::invalid, "db.text",
                "A text holds a NUL character, which cannot be stored. Remove it and try again.");
  }
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = sequence_length(bytes + i, text.size() - i);
    if (length == 0) {
      return fail(ErrorKind::invalid, "db.text",
                  "A text is not valid UTF-8 and cannot be stored. Convert it to UTF-8 and try "
                  "again.");
    }
    i += length;
  }
  return {};
}

}  // namespace tidings::db
