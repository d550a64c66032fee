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

// Optimisation: eight bytes at once while they are ASCII, which nearly all stored text is.
bool eight_ascii(const unsigned char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return (word & 0x8080808080808080u) == 0;
}

}  // namespace

Result<void> check_text(std::string_view text) {
  if (!text.empty() && std::memchr(text.data(), 0, text.size()) != nullptr) {
    return fail(ErrorKind::invalid, "db.text",
                "A text holds a NUL character, which cannot be stored. Remove it and try again.");
  }
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  for (std::size_t i = 0; i < text.size();) {
    if (i + 8 <= text.size() && eight_ascii(bytes + i)) {
      i += 8;
      continue;
    }
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
