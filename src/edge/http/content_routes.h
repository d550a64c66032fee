// Public routes about what is written: the files that messages show, and the page that verifies a
// sender.
//
//   GET  /m/{token}/{file}   an image, or any other upload as a download; cached for a year
//   GET  /sender/{token}     who wants to write in whose name, and one button; changes nothing
//   POST /sender/{token}     the button's action=confirm
// The tokens are the whole authority: there is no cookie, so there is nothing for another site to
// ride on. A link scanner that opens the page confirms nothing.
#pragma once

#include "base/clock.h"
#include "db/database.h"
#include "net/router.h"

namespace tidings::http {

// Borrowed for as long as the router serves.
struct ContentRoutesContext {
  db::Database* database = nullptr;
  const Clock* clock = nullptr;
};

void add_content_routes(net::Router& router, ContentRoutesContext context);

}  // namespace tidings::http
