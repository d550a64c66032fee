// The public pages that say one thing, as HTML (within page_frame.h).
// Every value is escaped here. Thread: any; pure.
#pragma once

#include <string>
#include <string_view>

#include "edge/http/public_texts.h"
#include "net/http_message.h"

namespace tidings::http {

// A page that says one thing and may ask for one press of a button.
struct NoticePage {
  std::string_view language = "en";
  std::string_view from;    // plain text; whom it is from; empty: nobody
  std::string_view title;   // plain text
  std::string_view text;    // HTML, escaped by the caller
  std::string_view action;  // what the button posts as `action`
  std::string_view button;  // plain text; empty: no button
  std::string_view note;    // plain text; empty: none
};
net::Response notice_page(int status, const NoticePage& page);
// 404: the link is no link of ours.
net::Response invalid_link_page(const PublicTexts& texts);
// Of a link to something to read, which has nothing to do with being on a list.
net::Response invalid_reading_link_page(const PublicTexts& texts);
// 503: the database did not answer.
net::Response trouble_page(const PublicTexts& texts);

// Where a one-time link leads: choose a password. `trouble` is a sentence about the last try.
net::Response password_page(int status, std::string_view trouble);
// The link was used, is too old, or never was: 404. Or the password is set: 200.
net::Response password_link_page(bool is_set, std::string_view sentence);

// What stands at `/`.
struct HomePage {
  std::string_view organisation_name;
  // As typed after --data; empty for a visitor from elsewhere, who is shown no commands.
  std::string_view data_folder;
};
net::Response home_page(const HomePage& home);

// The server's own refusals (net::HttpServerOptions::error_page).
net::Response refusal_page(int status, std::string_view why);

}  // namespace tidings::http
