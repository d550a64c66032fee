// One chunk of an import, written inside the caller's transaction.
//
// A row is the same person as a contact with its external id; without one, its e-mail address;
// without one, its phone number; without any, as an earlier row that said exactly the same. A
// contact that has no external id yet takes the row's when their addresses agree. Values of the
// row replace the contact's, an empty one leaves it as it is; a new address becomes the primary
// and the old one stays. Nothing here touches suppressions or do_not_contact.
// It proves that what its rows refer to is there, as db::Database::write_proven_async() wants it,
// if the caller proves in the same transaction that the import is. Thread: the connection's.
// Errors: those of db; import.group_gone (conflict).
#pragma once

#include <cstdint>
#include <vector>

#include "audience/import_rows.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"

namespace tidings::audience {

// Each row that was read is counted in exactly one of the last five.
struct ImportCounts {
  std::int64_t rows = 0;
  std::int64_t created = 0;
  std::int64_t updated = 0;
  std::int64_t unchanged = 0;
  std::int64_t duplicates = 0;  // a row about somebody an earlier row was about; it won
  std::int64_t bad = 0;         // not imported

  ImportCounts& operator+=(const ImportCounts& more);
  friend bool operator==(const ImportCounts&, const ImportCounts&) = default;
};

struct ImportTarget {
  OrganisationId organisation;
  ImportId import;
  GroupId import_group;              // everybody in the file
  std::vector<GroupId> more_groups;  // as asked for
};

Result<ImportCounts> apply_chunk(db::Connection& connection, IdSource& ids,
                                 const ImportTarget& target, const ImportChunk& chunk, Instant now);

// The look-ups of apply_chunk(), for the tests of their plans.
std::vector<db::Statement> import_lookups(db::Dialect dialect);

}  // namespace tidings::audience
