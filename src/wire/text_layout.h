// Plain text from a sequence of words, gaps and Liquid tags, with gaps that stay right whichever
// branch of a tag is taken: `<p>A</p>{% if x %}<p>B</p>{% endif %}<p>C</p>` leaves no empty lines
// where B is missing.
//
// A gap is written before the text that follows it, not after the text before. Where a branch
// would swallow a gap that another branch leaves standing, it is written before the tag instead;
// what a loop repeats ends with its own gap.
// Thread: values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tidings::wire {

// In growing order; of several in a row the largest counts.
enum class Gap : std::uint8_t { none, space, line, paragraph };

enum class TagKind : std::uint8_t {
  open_choice,  // if, unless, case: what stands inside is written at most once
  open_loop,    // for, tablerow: any number of times
  open_aside,   // capture, comment: not here
  branch,       // else, elsif, when
  close,
  other,  // assign and the like: writes nothing
};

struct TextItem {
  enum class Type : std::uint8_t { text, gap, tag } type = Type::text;
  Gap gap = Gap::none;
  TagKind tag = TagKind::other;
  std::string text;  // of text and tags
};

// Neither begins nor ends with a gap.
std::string lay_out_text(const std::vector<TextItem>& items);

}  // namespace tidings::wire
