// Dot-stuffing: the octets of a message as they go through DATA.
//
// Spec: RFC 5321 §4.5.2 (a dot in front of a leading dot), §2.3.8 (never a bare CR or LF: each
// becomes CRLF, so nothing in a message can end it early), §4.1.1.4 (the final CRLF is added when
// missing). Nothing is copied: the result is slices of the message and of constants.
// Thread: pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tidings::wire {

// In proper form and without a line that begins with a dot: what nearly every message is.
bool goes_as_it_is(std::string_view octets);

// Appends to `slices` what is to be sent for `octets`, without the terminating dot. The slices
// point into `octets` and static storage. A message in proper form without lines that begin with a
// dot is one slice.
void append_dot_stuffed(std::string_view octets, std::vector<std::string_view>& slices);

// The inverse, for servers of tests and as the oracle: `wire` up to and without the CRLF.CRLF that
// ends it. Nothing when the end is not there.
bool remove_dot_stuffing(std::string_view wire, std::string& octets);

// The line that ends DATA, behind a CRLF.
inline constexpr std::string_view end_of_data = ".\r\n";

}  // namespace tidings::wire
