// Values as text and text as characters: what printing, comparing and the filters share.
// Private to src/liquid. Thread: pure functions, any.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "liquid/value.h"

namespace tidings::liquid {

// Space, \t \n \v \f \r and NUL, which the reference engine trims.
constexpr bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
// Letters, digits, underscore, and every byte beyond ASCII: names of columns come in all languages.
constexpr bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
std::string_view trim_left(std::string_view text);
std::string_view trim_right(std::string_view text);
inline std::string_view trim(std::string_view text) { return trim_left(trim_right(text)); }

// Bytes of the UTF-8 character at the start of `text`, which is not empty; 1 for a malformed one.
std::size_t character_length(std::string_view text);
std::size_t count_characters(std::string_view text);
// The byte offset of character `index`, or the length of the text.
std::size_t character_offset(std::string_view text, std::size_t index);

void append_integer(std::string& out, __int128 value);
// As Ruby prints floats: 1.0, 0.1, 1.0e-27, Infinity.
void append_number(std::string& out, double value);
// As {{ }} prints it: lists joined, nil nothing, objects as inspected.
void append_printed(std::string& out, Value value, int depth = 0);
// As filters see it: like printed, but lists as inspected.
void append_text(std::string& out, Value value);
// As Ruby inspects it: {"a"=>[1, "x", nil]}.
void append_inspected(std::string& out, Value value, int depth = 0);

void append_escaped(std::string& out, std::string_view text);
void append_escaped_once(std::string& out, std::string_view text);

bool equal(Value a, Value b, int depth = 0);
// -1, 0, 1, or nothing if the two have no order.
std::optional<int> compare(Value a, Value b, int depth = 0);
// Equal values have equal hashes.
std::size_t hash(Value value, int depth = 0);

bool answers_blank(Value value);
bool answers_empty(Value value);

}  // namespace tidings::liquid
