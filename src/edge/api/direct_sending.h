// Which mail server a message outside of campaigns leaves by, and telling the engine about it.
// Thread: any; the connection's.
#pragma once

#include "base/id.h"
#include "base/result.h"
#include "compose/test_send.h"
#include "db/connection.h"
#include "edge/api/call.h"
#include "identity/organisations.h"

namespace tidings::api {

// The sandbox for a test token; the one that the member transport_id of the body names; else the
// default one. Errors: mail_server.not_found, mail_server.none.
Result<TransportId> direct_transport(db::Connection& connection, const Call& call);

// Borrows `organisation`.
compose::TestContext direct_context(const Call& call, const identity::Organisation& organisation,
                                    TransportId transport);

// After the commit: there is something to send. Does nothing for an id that is not valid().
void wake_direct(const Call& call, TransportId transport);

}  // namespace tidings::api
