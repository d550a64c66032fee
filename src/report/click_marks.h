// How often each tracked link of a sent message was followed, written into its HTML at the link:
// what is looked at beside the figures of a campaign. The message as it was sent stays as it is.
// Thread: any; pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace tidings::report {

// `followed` by the link's number (delivery/link_rewriter.h). A link that is not among them, or not
// tracked, gets no mark. The mark is a <span> right behind the start tag of the <a>.
std::string with_click_marks(std::string_view html, const std::map<int, std::int64_t>& followed);

}  // namespace tidings::report
