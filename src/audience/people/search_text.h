// How people are searched for: case and diacritics do not count, a word matches by its beginning,
// and a phone number in any of the ways it is written.
// Thread: any; pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tidings::people {

// Lower case without diacritics: "Łukasz Müller" is "lukasz muller". Full case folding and the
// compatibility forms of Unicode; letters such as ł, ø, đ become what people without that key type.
std::string fold(std::string_view text);

// The words of a text, folded: runs of letters and digits, each at most kWordMax bytes.
inline constexpr std::size_t kWordMax = 64;
std::vector<std::string> fold_words(std::string_view text);

// What is indexed of one contact. Borrows.
struct SearchSource {
  std::string_view first_name;
  std::string_view last_name;
  std::string_view name;
  std::string_view external_id;
  std::vector<std::string_view> emails;  // as typed or normalised
  std::vector<std::string_view> phones;  // E.164
};

// Each word once, one space between them. A phone number is there with its country code, as dialled
// within the country ("0612345678") and without the 0.
std::string search_text(const SearchSource& source);
// What a list by name is ordered by: last name, first name, else the whole name, else the first
// address.
std::string sort_name(const SearchSource& source);

// The words that must all begin a word of the contact. A query of digits and their punctuation is
// one number: "+31 6-1234" is 3161234, "0031 6" is 316. At most kQueryWordsMax words; longer
// queries are cut. Empty: the query says nothing.
inline constexpr std::size_t kQueryWordsMax = 8;
std::vector<std::string> query_words(std::string_view query);

// The slow, obvious twin of the index: whether every word begins a word of the search text.
bool matches(std::string_view search_text, const std::vector<std::string>& words);

}  // namespace tidings::people
