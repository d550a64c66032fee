// What every public page stands in: the document, its one style sheet, and its content policy.
// Thread: any; pure.
#pragma once

#include <string>
#include <string_view>

#include "net/http_message.h"

namespace tidings::http {

struct Page {
  std::string_view language = "en";
  std::string_view title;  // plain text
  std::string_view body;   // HTML, escaped by the caller
  std::string_view main_class = "";
};
// No script, no cookie, nothing loaded but an image from this very server; the page's style is
// allowed by its digest.
net::Response respond(int status, const Page& page);

// A form of one button. `style` is HTML within the button's tag; `hidden` more of the form.
std::string button(std::string_view action, std::string_view label, std::string_view style,
                   std::string_view hidden = "");
std::string heading(std::string_view title);

}  // namespace tidings::http
