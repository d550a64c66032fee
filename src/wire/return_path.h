// Return paths: the address that a message's trouble is reported to, and which message that is.
//
// Form: bounce+TOKEN@DOMAIN, 46 octets before the @ (RFC 5321 §4.5.3.1.1 allows 64); the token is
// that of wire/signed_token.h, purpose bounce. Read in either case: mail servers fold it.
// Thread: any; pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "wire/signed_token.h"

namespace tidings::wire {

inline constexpr std::string_view kReturnPathPrefix = "bounce+";

// `domain` in lower-case A-labels.
std::string make_return_path(const MessageTokens& tokens, std::string_view domain);

// The token as it stands in an address, with or without its domain; empty when it has none. Whether
// anybody signed it is another question (identity/token_keys.h).
std::string_view return_path_token(std::string_view address);

}  // namespace tidings::wire
