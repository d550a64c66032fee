#include "wire/case_folding.h"

#include <algorithm>

#include <unicode/bytestream.h>
#include <unicode/casemap.h>
#include <unicode/stringpiece.h>

namespace tidings::wire {

std::string fold_case(std::string_view text) {
  std::string folded;
  // Optimisation: nearly every address is ASCII, and ICU costs 20 times as much.
  if (std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
    folded.reserve(text.size());
    for (const char c : text) folded += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    return folded;
  }
  UErrorCode status = U_ZERO_ERROR;
  icu::StringByteSink<std::string> sink(&folded);
  icu::CaseMap::utf8Fold(0, icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())),
                         sink, nullptr, status);
  if (U_FAILURE(status)) return std::string(text);
  return folded;
}

}  // namespace tidings::wire
