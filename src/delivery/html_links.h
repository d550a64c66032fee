// The links of an HTML template that may lead through us: which of its bytes are the target of a
// link to the web, and of those, which nobody may touch.
//
// A link is the `href` of an <a> or <area> as scan_html() finds it, in text that Liquid prints as
// it stands. Outlook's VML and conditional comments, mailto:, tel:, sms:, anchors, javascript: and
// data: are no links here. Left out, because they are not ours to change:
// - one that says data-tidings-track="no" (or clicktracking="off", which other senders know);
// - one with a user name or password in its address;
// - one whose host is not written out, or that holds a Liquid tag other than {{ … }};
// - one with a value that is no member of contact, student or data (the addresses for
// unsubscribing,
//   viewing, verifying a sender …), that reads the clock, or whose name the template gave away to
//   something of its own ({% assign contact = … %});
// - one whose value lets somebody in: is_credential().
// Thread: any; pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tidings::delivery {

// Links of one message that are looked at; those behind them stay as they are.
inline constexpr std::size_t kHtmlLinksMax = 1000;

struct HtmlLink {
  std::size_t begin = 0;  // of the attribute's value, without its quotes
  std::size_t end = 0;
  // Where it leads, as web_link() has it; or, with values of the recipient in it, the attribute's
  // value as it stands: Liquid in HTML.
  std::string target;
  bool is_template = false;
};

// In the order of the HTML. Empty for a template whose Liquid tags are not closed.
std::vector<HtmlLink> find_html_links(std::string_view html);

// Whether a name (of a variable, or of the parameter that a value stands in) is one by which people
// are let in: token, password, code … as a part of it, in any case.
bool is_credential(std::string_view name);

// Parameters for the reports of others, on each of find_html_links().
struct Utm {
  std::string source;
  std::string medium;
  std::string campaign;
  std::string content;

  bool empty() const {
    return source.empty() && medium.empty() && campaign.empty() && content.empty();
  }
  friend bool operator==(const Utm&, const Utm&) = default;
};
// `html` with utm_source … in front of each link's fragment, but for those a link has already.
std::string with_utm(std::string_view html, const Utm& utm);

}  // namespace tidings::delivery
