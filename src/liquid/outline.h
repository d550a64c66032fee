// The outline of a template: which of its bytes are text that may be printed, which are tags, and
// which are hidden from whoever would change the text: the insides of raw, comment, doc, capture.
// For tools that work on the text of a template; cut exactly as the parser cuts.
// Thread: any; pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace tidings::liquid {

struct Piece {
  enum class Kind : std::uint8_t { text, output, tag, hidden };
  Kind kind = Kind::text;
  std::size_t begin = 0;
  std::size_t end = 0;
};

// In order and without gaps. Nothing for a template whose tags are not closed.
std::optional<std::vector<Piece>> outline(std::string_view source);

}  // namespace tidings::liquid
