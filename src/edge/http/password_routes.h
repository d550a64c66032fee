// The page behind a one-time link (identity/sign_in.h): choose a password.
//
//   GET  /password/{secret}   shows the form, or that the link is over; changes nothing
//   POST /password/{secret}   password and again: sets it, uses the link up
// The link is the whole authority: there is no cookie for another site to ride on.
#pragma once

#include <string>

#include "base/clock.h"
#include "db/database.h"
#include "identity/sign_in.h"
#include "net/router.h"

namespace tidings::http {

// Borrowed for as long as the router serves.
struct PasswordPagesContext {
  db::Database* database = nullptr;
  identity::SignIn* sign_in = nullptr;
  const Clock* clock = nullptr;
  std::string public_url;
};

void add_password_routes(net::Router& router, PasswordPagesContext context);

}  // namespace tidings::http
