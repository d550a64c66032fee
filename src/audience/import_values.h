// Single values that people type, in the form in which they are stored.
// Thread: any.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tidings::audience {

// `text` as a JSON string literal, quotes included. `text` is valid UTF-8.
void append_json_string(std::string& out, std::string_view text);

// A phone number in E.164 by libphonenumber; an error with a sentence (contact.bad_phone).
Result<std::string> normalise_phone(std::string_view typed, const std::string& region);

// The ISO 3166 region of a locale such as nl-NL, or of a language spoken mainly in one: pl → PL.
// Empty when it does not tell.
std::string region_of_locale(std::string_view locale);

// A language in BCP 47's common shape: nl_NL becomes nl-NL, "Dutch" nl. Empty for what is none.
std::string normalise_locale(std::string_view typed);
// An IANA time zone, such as Europe/Warsaw.
bool is_time_zone(std::string_view text);

}  // namespace tidings::audience
