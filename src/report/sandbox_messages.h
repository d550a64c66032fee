// What would have gone out: the messages of an organisation whose mail server is a sandbox.
// Thread: any, one Connection each. Errors: those of db.
#pragma once

#include <span>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"

namespace tidings::report {

struct SandboxPage {
  std::vector<MessageId> messages;  // newest first
  MessageId next;                   // where to go on; not valid() at the end
};
// Those before `before` (not valid(): from the newest), at most `limit`. Looks at so many messages
// that it stays quick beside a million of another mail server's: a page may hold fewer than
// `limit`, or none, although `next` goes on.
Result<SandboxPage> list_sandbox_messages(db::Connection& connection, OrganisationId organisation,
                                          MessageId before, int limit);
// False too for a message that is not there.
Result<bool> is_in_sandbox(db::Connection& connection, OrganisationId organisation, MessageId id);

// For plan tests.
std::span<const db::Statement> sandbox_message_statements();

}  // namespace tidings::report
