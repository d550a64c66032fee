// The page behind {{ view_in_browser_url }}:
//
//   GET /v/{token}   the message exactly as it was sent: its HTML, else its text
//
// The token is the whole authority; nothing is counted: the picture that tells that the message was
// shown is not loaded from here. What a message holds is foreign: it comes under a policy that runs
// no script, sends no form, frames nothing and has no origin (sandbox). 404 for a token that is not
// ours, a message that was deleted, and one whose copy is kept no more.
#pragma once

#include "db/database.h"
#include "identity/token_keys.h"
#include "net/router.h"

namespace tidings::http {

// Borrowed for as long as the router serves.
struct ViewRoutesContext {
  db::Database* database = nullptr;
  identity::TokenKeys* token_keys = nullptr;
};

void add_view_routes(net::Router& router, ViewRoutesContext context);

}  // namespace tidings::http
