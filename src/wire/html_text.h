// The plain text that says what an HTML e-mail says, derived once per content version.
//
// The input is a template: its Liquid tags stand in the text where they stood in the HTML, in the
// same order, so that the text part is rendered like any other. The two highest headings are
// underlined, links become `words (address)`, list items get `- ` or their number, table cells a
// space and rows a line each, images their alternative text. Left out: head, style, script,
// comments, and elements hidden by `hidden`, `display:none` or `mso-hide:all`, which is how
// preheaders hide. Lines are not wrapped: the reader's window does that. Limits: HTML nested deeper
// than 400 elements, or with over 20,000 tags left open, is read by html_to_text_linear().
// Thread: any; pure.
#pragma once

#include <string>
#include <string_view>

namespace tidings::wire {

std::string html_to_text(std::string_view html);

// The same without building a tree: every Liquid tag outside of HTML tags is kept, in order,
// whatever the HTML around it looks like. Hidden elements are not recognised. For HTML whose tags
// and Liquid blocks do not nest in one another.
std::string html_to_text_linear(std::string_view html);

}  // namespace tidings::wire
