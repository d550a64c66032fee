// The audiences that campaigns and saved messages keep, when a contact becomes another one.
// Thread: as the connection, within a write. Errors: those of db.
#pragma once

#include <cstdint>

#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"

namespace tidings::compose {

// Names `to` wherever `from` was named, as included or excluded, in drafts and in what was sent
// ("use again" copies it). Returns how many audiences changed.
Result<std::int64_t> replace_in_audiences(db::Connection& connection, OrganisationId organisation,
                                          ContactId from, ContactId to);

}  // namespace tidings::compose
