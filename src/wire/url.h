// Percent-encoding, and the two parts of a request target.
// Source: RFC 3986 §2.1, §2.3; RFC 9112 §3.2. Thread: any; pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tidings::wire {

// `%41` → `A`. Nothing when a `%` is not followed by two hexadecimal digits.
std::optional<std::string> percent_decode(std::string_view text);
// Everything but letters, digits and `-._~` as %XX: safe in any part of a URL.
std::string percent_encode(std::string_view text);

// A request target as it stands in a request line, still percent-encoded.
struct RequestTarget {
  std::string_view path;   // begins with '/'
  std::string_view query;  // after the first '?', without it
};

// Origin form (`/path?query`) and absolute form (`http://host/path?query`, whose authority is left
// out); nothing for `*`, authority form, a fragment, or a character that may not stand in a target.
// Borrows from `target`.
std::optional<RequestTarget> parse_request_target(std::string_view target);

// The segments of a path, each percent-decoded on its own, so that `%2F` never becomes a separator:
// "/a/b%2Fc" → {"a", "b/c"}; "/" → {""}. Nothing when a segment is wrongly encoded or holds a NUL.
std::optional<std::vector<std::string>> split_path(std::string_view path);

}  // namespace tidings::wire
