// Small things about plain text that every layer needs: letter case, space around it, likeness.
// Only ASCII letters and space; names and addresses of people have rules of their own
// (audience/people/search_text, wire/email_address). Thread: any; all are pure.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tidings {

// What headers of HTTP and MIME call optional white space (RFC 9110 §5.6.3).
inline constexpr std::string_view kBlanks = " \t";
// What people leave around a text they typed: blanks and the ends of lines.
inline constexpr std::string_view kSpaces = " \t\r\n\v\f";

// `text` without any of `characters` at its two ends. Borrows.
constexpr std::string_view trimmed(std::string_view text, std::string_view characters = kSpaces) {
  const std::size_t begin = text.find_first_not_of(characters);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(characters) - begin + 1);
}

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
std::string lower(std::string_view text);

// The enumerator that `word` names, of an enumeration whose words these are, in its order.
template <typename E, std::size_t N>
constexpr std::optional<E> enumerator(const std::array<std::string_view, N>& words,
                                      std::string_view word) {
  for (std::size_t at = 0; at < N; ++at)
    if (words[at] == word) return static_cast<E>(at);
  return std::nullopt;
}

// How many letters must be added, taken away or changed to make `b` of `a` (Levenshtein), at most
// `limit`: for "did you mean". A text of over 100 bytes is like nothing: `limit`.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit);

}  // namespace tidings
