// The routes that `tidings serve` offers to everybody: the unsubscribe page and its one-click form
// (RFC 8058), health, and one page that says what this is.
//
//   GET  /              what this is and what to type
//   GET  /u/{token}     shows the organisation, the masked address and one button; changes nothing
//   POST /u/{token}     List-Unsubscribe=One-Click, or the button's action=unsubscribe|resubscribe
//   GET  /livez         200 while the process answers
//   GET  /readyz        200 when the database and the journal can be used, else 503
// The token is the whole authority: there is no cookie, so there is nothing for another site to
// ride on, and a mail program's POST needs no session, redirect or Origin.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "db/database.h"
#include "feedback/unsubscribe.h"
#include "net/router.h"

namespace tidings::http {

// Borrowed for as long as the router serves.
struct PublicPagesContext {
  db::Database* database = nullptr;
  feedback::Unsubscriber* unsubscriber = nullptr;
  // Says what is wrong when work cannot be recorded now; on any thread. None: always ready.
  std::function<Result<void>()> check_journal;
  std::string organisation_name;
  std::string data_folder;  // as typed after --data
};

void add_public_routes(net::Router& router, PublicPagesContext context);

}  // namespace tidings::http
