// Contacts as CSV, with the columns that an import reads back: external_id, email, phone,
// first_name, last_name, name, locale, time_zone, group (several with ";" between), then the custom
// fields by name. Of several addresses the primary ones. Values that a spreadsheet would take for a
// formula have an apostrophe in front.
// Thread: any; not from within a read or write. Errors: those of db and of list_contacts().
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "audience/people/list_contacts.h"
#include "base/id.h"
#include "base/result.h"
#include "db/database.h"

namespace tidings::people {

// Streams to `write`, some contacts at a time; memory does not grow with their number. With more
// than `most` of them it ends with export.too_many (limit). Returns how many there were.
Result<std::int64_t> export_contacts(db::Database& database, OrganisationId organisation,
                                     const ContactQuery& query, std::int64_t most,
                                     const std::function<Result<void>(std::string_view)>& write);

}  // namespace tidings::people
