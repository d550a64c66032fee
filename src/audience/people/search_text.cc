#include "audience/people/search_text.h"

#include <algorithm>
#include <array>
#include <string>
#include <unordered_set>

#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include "base/check.h"

namespace tidings::people {
namespace {

bool is_ascii(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

// Letters that do not decompose, as people type them who have no such key.
std::string_view plain_letter(UChar32 letter) {
  switch (letter) {
    case 0x142:  // ł
      return "l";
    case 0xF8:  // ø
      return "o";
    case 0x111:  // đ
    case 0xF0:   // ð
      return "d";
    case 0x131:  // ı
      return "i";
    case 0xE6:  // æ
      return "ae";
    case 0x153:  // œ
      return "oe";
    case 0xFE:  // þ
      return "th";
    case 0x127:  // ħ
      return "h";
    case 0x167:  // ŧ
      return "t";
    default:
      return {};
  }
}

void append_utf8(std::string& out, UChar32 code) {
  char buffer[4];
  std::int32_t length = 0;
  UBool error = false;
  U8_APPEND(reinterpret_cast<unsigned char*>(buffer), length, 4, code, error);
  if (error == 0) out.append(buffer, static_cast<std::size_t>(length));
}

// Calls `take` with each code point; what is no UTF-8 is passed over.
template <typename Take>
void each_code_point(std::string_view text, Take take) {
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  const auto size = static_cast<std::int32_t>(text.size());
  for (std::int32_t at = 0; at < size;) {
    UChar32 code = 0;
    U8_NEXT(bytes, at, size, code);
    if (code >= 0) take(code);
  }
}

// At most kWordMax bytes, never within a character.
std::string cut_word(std::string word) {
  if (word.size() <= kWordMax) return word;
  std::size_t end = kWordMax;
  while (end > 0 && (static_cast<unsigned char>(word[end]) & 0xC0) == 0x80) --end;
  word.resize(end);
  return word;
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::string digits_of(std::string_view text) {
  std::string digits;
  for (const char c : text)
    if (c >= '0' && c <= '9') digits += c;
  return digits;
}

// How many digits the country code of an E.164 number has (ITU-T E.164, list of codes).
std::size_t country_code_length(std::string_view digits) {
  static constexpr std::array<std::string_view, 44> two = {
      "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46",
      "47", "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63",
      "64", "65", "66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98"};
  if (digits.starts_with('1') || digits.starts_with('7')) return 1;
  return std::ranges::find(two, digits.substr(0, 2)) != two.end() ? 2 : 3;
}

class Words {
 public:
  void add(std::string word) {
    word = cut_word(std::move(word));
    if (word.empty() || !seen_.insert(word).second) return;
    if (!text_.empty()) text_ += ' ';
    text_ += word;
  }
  void add_all(std::string_view text) {
    for (std::string& word : fold_words(text)) add(std::move(word));
  }
  std::string take() { return std::move(text_); }

 private:
  std::unordered_set<std::string> seen_;
  std::string text_;
};

}  // namespace

std::string fold(std::string_view text) {
  std::string folded;
  folded.reserve(text.size());
  if (is_ascii(text)) {
    for (const char c : text) folded += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    return folded;
  }
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* casefold = icu::Normalizer2::getNFKCCasefoldInstance(error);
  const icu::Normalizer2* decompose = icu::Normalizer2::getNFKDInstance(error);
  CHECK(U_SUCCESS(error));
  const auto source = icu::UnicodeString::fromUTF8(
      icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())));
  const icu::UnicodeString plain = decompose->normalize(casefold->normalize(source, error), error);
  CHECK(U_SUCCESS(error));
  for (std::int32_t at = 0; at < plain.length();) {
    const UChar32 code = plain.char32At(at);
    at += U16_LENGTH(code);
    if (u_charType(code) == U_NON_SPACING_MARK) continue;
    if (const std::string_view letter = plain_letter(code); !letter.empty()) {
      folded += letter;
    } else {
      append_utf8(folded, code);
    }
  }
  return folded;
}

std::vector<std::string> fold_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto end = [&] {
    if (!word.empty()) words.push_back(cut_word(std::move(word)));
    word.clear();
  };
  each_code_point(fold(text), [&](UChar32 code) {
    const bool part = code < 0x80
                          ? (code >= '0' && code <= '9') || (code >= 'a' && code <= 'z')
                          : u_isalnum(code) != 0 || (U_GET_GC_MASK(code) & U_GC_MC_MASK) != 0;
    if (part)
      append_utf8(word, code);
    else
      end();
  });
  end();
  return words;
}

std::string search_text(const SearchSource& source) {
  Words words;
  words.add_all(source.first_name);
  words.add_all(source.last_name);
  words.add_all(source.name);
  words.add_all(source.external_id);
  std::string joined;
  for (const std::string& word : fold_words(source.external_id)) joined += word;
  words.add(std::move(joined));
  for (const std::string_view email : source.emails) words.add_all(email);
  for (const std::string_view phone : source.phones) {
    const std::string digits = digits_of(phone);
    if (digits.size() < 4) continue;
    const std::string national = digits.substr(country_code_length(digits));
    words.add(digits);
    words.add("0" + national);
    words.add(national);
  }
  return words.take();
}

std::string sort_name(const SearchSource& source) {
  const auto joined = [](const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    return text;
  };
  std::string text;
  if (!source.last_name.empty())
    text = joined(fold_words(std::string(source.last_name) + " " + std::string(source.first_name)));
  else if (!source.name.empty())
    text = joined(fold_words(source.name));
  else
    text = joined(fold_words(source.first_name));
  if (text.empty() && !source.emails.empty()) text = fold(source.emails.front());
  if (text.empty() && !source.phones.empty()) text = std::string(source.phones.front());
  constexpr std::size_t sort_max = 200;
  std::size_t end = std::min(text.size(), sort_max);
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;
  text.resize(end);
  return text;
}

std::vector<std::string> query_words(std::string_view query) {
  constexpr std::size_t query_max = 1000;
  query = query.substr(0, query_max);
  const bool is_number = query.find_first_not_of("0123456789 +-()./") == std::string_view::npos;
  std::string digits = is_number ? digits_of(query) : std::string();
  if (is_number && digits.starts_with("00")) digits.erase(0, 2);
  std::vector<std::string> words;
  if (is_digits(digits)) {
    words.push_back(cut_word(std::move(digits)));
  } else {
    words = fold_words(query);
  }
  if (words.size() > kQueryWordsMax) words.resize(kQueryWordsMax);
  return words;
}

bool matches(std::string_view search_text, const std::vector<std::string>& words) {
  return std::ranges::all_of(words, [&](const std::string& word) {
    for (std::size_t at = 0; at < search_text.size();) {
      if (search_text.substr(at).starts_with(word)) return true;
      at = std::min(search_text.find(' ', at), search_text.size()) + 1;
    }
    return false;
  });
}

}  // namespace tidings::people
