// Tracking compiled into a content version: its links to the web lead through us, and a picture of
// one pixel tells that the message was shown. Worked out once, when the content is frozen; where
// links were is frozen with it, so that a later program, which may find others, numbers the same.
//
// Byte-exact: but for the targets of links and the added picture the HTML is the author's, the
// attributes that opt a link out included. The plain text keeps its links as they are: people read
// them there.
// What each message adds are two values, in which its token stands once (kTrackedLinkStart,
// kTrackedImage): no message is scanned. Thread: any; pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "delivery/html_links.h"

namespace tidings::delivery {

struct TrackedLink {
  int number = 1;  // from 1: what the redirect is asked for
  HtmlLink link;
};

// Of one content version. Nothing is tracked where all is empty.
struct Tracking {
  std::vector<TrackedLink> links;       // in the order of the HTML
  std::optional<std::size_t> image_at;  // where the picture goes in the HTML
  // Totals only: what is in the message names its content version and not the message, so that
  // nobody can be told apart.
  bool is_total = false;

  bool on() const { return !links.empty() || image_at.has_value(); }
};

struct TrackingWish {
  bool opens = false;
  bool clicks = false;
  bool is_total = false;
};

// What of `html` is tracked. Links with values of the recipient are left alone where only totals
// are: where they lead would name the person.
Tracking find_tracking(std::string_view html, const TrackingWish& wish);

// Where a link with values leads for one message: `message_values` as they were frozen with it, of
// a message that belongs to no campaign with the members `contact` and `data`. Errors: link.broken
// (not_found) when that is no link to the host the author wrote; those of rendering.
Result<std::string> rendered_link(std::string_view target, std::string_view message_values,
                                  bool is_direct);

// The variables that the rewritten HTML reads: "https://…/c/TOKEN/CONTENT/" (of
// totals "https://…/ct/TOKEN/") and "https://…/o/TOKEN.gif".
inline constexpr std::string_view kTrackedLinkStart = "_tidings_link";
inline constexpr std::string_view kTrackedImage = "_tidings_image";

// The HTML to compile in place of `html`. False positions are a CHECK: read_tracking() of
// link_store.h holds what is stored against the HTML first.
std::string tracked_html(std::string_view html, const Tracking& tracking);

}  // namespace tidings::delivery
