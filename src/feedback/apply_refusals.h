// What follows for addresses when a server, or the DNS, refused their messages at an attempt, or
// the time to try was over (delivery::OnRefused). Read as a report would be, by the same rules.
// Tests and copies change nothing; what the sandbox plays comes on the worklist and suppresses
// nobody. Thread: as the connection.
#pragma once

#include <span>

#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "delivery/journal.h"

namespace tidings::feedback {

// In the transaction that settles them. Errors: those of db.
Result<void> apply_refusals(db::Connection& connection, IdSource& ids,
                            std::span<const delivery::Settlement* const> refused, Instant now);

}  // namespace tidings::feedback
