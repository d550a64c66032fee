// What both readers of mail (mail.cc with GMime, plain_mail.cc without) share. Thread: any; pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tidings::feedback {

inline constexpr std::size_t kHtmlMax = std::size_t{128} << 10;

// Valid UTF-8 of at most `most` octets: line ends are LF, other control characters blanks.
std::string clean_text(std::string_view text, std::size_t most);

// At most `most` octets of UTF-8, no character cut in two.
std::string cut_text(std::string_view text, std::size_t most);

// Whether octets must be converted from that character set to be read: not when they are UTF-8 all
// the same, whatever is declared.
bool needs_charset(std::string_view charset, std::string_view octets);

// Whether a field (lower case) tells anything here. Most of a header does not, and is not read.
bool is_wanted_field(std::string_view name);

// Octets behind a transfer encoding (RFC 2045 §6.7 and 6.8), in lower case: "quoted-printable",
// "base64", or one that changes nothing; nothing for others. `octets` stay as they are when nothing
// is changed.
std::optional<std::string> decode_transfer(std::string_view encoding, std::string_view octets);
// A header value with its encoded words decoded (RFC 2047).
std::string decode_words(const std::string& value);

// What the HTML says.
std::string text_of_html(std::string_view html);

}  // namespace tidings::feedback
