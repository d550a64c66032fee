// The routes that `tidings serve` offers to everybody: the pages behind the links in messages
// (subscription_routes.h), health, and one page that says what this is.
//
//   GET  /              what this is and what to type, where no web application is built in
//   GET  /livez         200 while the process answers
//   GET  /readyz        200 when the database and the journal can be used, else 503
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
  std::string public_url;
  // The web application answers at / (web_app.h).
  bool has_web_app = false;
};

void add_public_routes(net::Router& router, PublicPagesContext context);

}  // namespace tidings::http
