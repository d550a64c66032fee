// What bounces without a machine-readable part look like, as data: their subjects and opening
// words, how they introduce an address, where the returned message begins. All rows are in lower
// case. Written from the servers' manuals and from bounces seen; no row decides alone that a
// mail is a bounce (bounce_text.h). Thread: any; constants.
#pragma once

#include <span>
#include <string_view>

namespace tidings::feedback {

// In a line, before the address that the bounce is about.
std::span<const std::string_view> address_labels();

// Whether `text` (lower case) has one of the phrases:
bool has_bounce_subject(std::string_view text);  // in a subject
bool has_bounce_opening(std::string_view text);  // in what a report says first
bool has_delay_words(std::string_view text);     // it is still being tried
bool has_return_mark(std::string_view text);     // a line that ends the report: the message follows
bool has_answer_subject(std::string_view text);  // in the subject of an automatic answer

}  // namespace tidings::feedback
