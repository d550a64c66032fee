// What tracking put into the HTML of a sent message (delivery/link_rewriter.h), for who looks at it
// here: the message as it was sent stays as it is. Thread: any; pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace tidings::report {

// `html` with an empty picture in place of ours (/o/TOKEN.gif), so that looking counts nothing;
// nothing else is changed.
std::string without_tracked_image(std::string_view html);

// With how often each link was followed, written at the link. `followed` by the link's number
// (delivery/link_rewriter.h). A link that is not among them, or not tracked, gets no mark. The mark
// is a <span> right behind the start tag of the <a>.
std::string with_click_marks(std::string_view html, const std::map<int, std::int64_t>& followed);

}  // namespace tidings::report
