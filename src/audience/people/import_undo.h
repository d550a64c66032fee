// Undoing an import: for 30 days after it ended, or was cancelled, or failed (P22).
//
// Whom the import created goes again, whom it changed becomes what it was; in both cases only when
// nobody touched the contact since: edited, imported again, wrote a note, an activity or a
// relation, or sent a message. Who was touched is kept as it is and counted. Memberships that the
// import gave go as well. Suppressions are never touched. Thread: any; not from within a read or
// write. Errors: those of db, import.unknown (not_found), import.not_finished, import.undone,
// import.too_old (conflict).
#pragma once

#include <cstdint>
#include <span>

#include "audience/people/contact_book.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "db/database.h"

namespace tidings::people {

struct Undone {
  std::int64_t removed = 0;   // created by the import
  std::int64_t restored = 0;  // changed by it
  std::int64_t kept = 0;      // touched since
};
// Works in short transactions; one that is interrupted goes on where it was when called again.
Result<Undone> undo_import(db::Database& database, const Writer& writer, ImportId import);

// For the importer, within its transaction and before it writes: what these contacts are now.
Result<void> remember_for_undo(db::Connection& connection, OrganisationId organisation,
                               ImportId import, std::span<const ContactId> contacts, Instant now);

}  // namespace tidings::people
