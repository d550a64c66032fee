// What bounces without a machine-readable part look like, as data: their subjects and opening
// words, how they introduce an address, where the returned message begins. All rows are in lower
// case. Written from the servers' manuals and from bounces seen; no row decides alone that a
// mail is a bounce (bounce_text.h). Thread: any; constants.
#pragma once

#include <span>
#include <string_view>

namespace tidings::feedback {

// In the subject.
std::span<const std::string_view> bounce_subjects();
// In the text.
std::span<const std::string_view> bounce_openings();
// In the text: it is still being tried.
std::span<const std::string_view> delay_words();
// In a line, before the address that the bounce is about.
std::span<const std::string_view> address_labels();
// A line with this in it ends the report: the returned message follows.
std::span<const std::string_view> return_marks();
// In the subject of an automatic answer.
std::span<const std::string_view> answer_subjects();

// Whether `text` (lower case) has one of them.
bool has_any(std::string_view text, std::span<const std::string_view> rows);

}  // namespace tidings::feedback
