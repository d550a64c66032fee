// Web links as a browser reads them: what a link in a message leads to, ready for a Location field,
// and the place in it for further parameters.
// Source: WHATWG URL §4.1 (leading and trailing space, tabs and line breaks), §4.4; RFC 3986 §3;
// RFC 9110 §10.2.2. Thread: any; pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tidings::wire {

// Longer links are no links to us: servers and browsers stop near this.
inline constexpr std::size_t kWebLinkMax = 8000;

// `text` as ASCII without anything that could end a header field: space around it and line breaks
// and tabs within left out, other space, controls and what is not ASCII percent-encoded (browsers
// decode that in a host, too). Nothing unless it is http:// or https:// with a host, and no user
// name or password before it.
std::optional<std::string> web_link(std::string_view text);

// How much of `text` scheme and host take, with the `/`, `?` or `#` that ends them left out: 19 of
// "https://example.org/a". Nothing unless one of these follows; nor for a user name before
// the host, or space or controls in it.
std::optional<std::size_t> host_end(std::string_view text);

}  // namespace tidings::wire
