// The preheader: what mail programs show behind the subject in their list, carried invisibly at the
// beginning of the HTML.
// Thread: any; pure.
#pragma once

#include <string>
#include <string_view>

namespace tidings::compose {

// `html` with an element that holds `preheader` and that no mail program draws, directly behind the
// opening <body>, where there is one; else behind </head>, <html> or the doctype; else at the very
// beginning. Every other byte stays. Both are Liquid: the author's `&`, `<` and `>` in the
// preheader are text and are escaped, its tags are not touched. An empty preheader, or an empty
// `html`, changes nothing. Behind the text stand invisible blanks, so that the list does not go on
// with the first words of the message.
std::string with_preheader(std::string_view html, std::string_view preheader);

}  // namespace tidings::compose
