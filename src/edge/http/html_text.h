// Text into HTML. Thread: any; pure.
#pragma once

#include <string>
#include <string_view>

namespace tidings::http {

// Safe as element content and inside a double- or single-quoted attribute. Control characters but
// line breaks and tabs become U+FFFD; so do bytes that are not UTF-8.
std::string escape_html(std::string_view text);

}  // namespace tidings::http
