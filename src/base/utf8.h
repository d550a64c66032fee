// Cutting text in UTF-8 without cutting a character. Thread: any.
#pragma once

#include <cstddef>
#include <string_view>

namespace tidings {

// At most so many bytes of `text`, borrowed from it, ending with a whole character.
constexpr std::string_view utf8_prefix(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) --most;
  return text.substr(0, most);
}

}  // namespace tidings
