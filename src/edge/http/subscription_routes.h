// The routes behind the links in messages:
//
//   GET  /u/{token}   shows the organisation, the masked address and one button; changes nothing
//   POST /u/{token}   List-Unsubscribe=One-Click (RFC 8058), or the page's action=unsubscribe or
//                     resubscribe, with scope=topic or everything
//   GET  /p/{token}   what the person receives, to choose; changes nothing
//   POST /p/{token}   action=save (shown, on…), none, or restore (was)
// The token is the whole authority: there is no cookie, so there is nothing for another site to
// ride on, and a mail program's POST needs no session, redirect or Origin.
#pragma once

#include <string>

#include "db/database.h"
#include "feedback/unsubscribe.h"
#include "net/router.h"

namespace tidings::http {

// Borrowed for as long as the router serves.
struct SubscriptionRoutesContext {
  db::Database* database = nullptr;
  feedback::Unsubscriber* unsubscriber = nullptr;
  std::string public_url;  // https: the proxy on this machine tells where people come from
};

void add_subscription_routes(net::Router& router, SubscriptionRoutesContext context);

}  // namespace tidings::http
