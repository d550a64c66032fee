// Encoded-words: text beyond ASCII in header fields, and the cleaning of header text.
//
// Spec: RFC 2047. An encoded-word is at most 75 octets, a line that holds one at most 76, and no
// character is split between two. The Q form uses only what §5(3) allows inside a phrase, so the
// same words serve subjects and display names. Where they may stand is header_writer.h's business.
// Thread: any; everything here is pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tidings::wire {

// Ours: header text longer than this many octets is cut, after a whole character.
inline constexpr std::size_t kMaxHeaderText = 2'000;

// True for text that can stand in a header field as it is: printable ASCII, single spaces inside,
// none around, nothing that reads as an encoded-word, within kMaxHeaderText.
bool is_plain_header_text(std::string_view text);

// What a header field will say: control characters and line breaks become spaces (so that no value
// can add a field), runs of white space one space, none around; octets that are not UTF-8 become
// U+FFFD; cut at kMaxHeaderText.
std::string clean_header_text(std::string_view text);

// Appends `text` (cleaned UTF-8) as encoded-words. `separator` is the white space before the
// first of them; where a line is full it is folded there or between two words. `column` is how
// many octets the current line has; the new column is returned.
std::size_t append_encoded_words(std::string& out, std::string_view text,
                                 std::string_view separator, std::size_t column);

}  // namespace tidings::wire
