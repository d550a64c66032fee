// The index of words and of names: what lets a list of a million contacts be searched and sorted.
//
// contact.search_text and sort_name are made from the names and addresses as stored. A writer of a
// few contacts calls index_contacts() in its transaction; an import only takes what it changed out
// of the index (unindex_contacts) and leaves its new ones unindexed, which costs it nothing, and
// index_pending() makes up for it before the next search.
// Thread: as the connection. Errors: those of db.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "audience/contacts.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "db/database.h"

namespace tidings::people {

// Brings the index up to what is stored of these contacts now. At most 10,000 at once.
Result<void> index_contacts(db::Connection& connection, OrganisationId organisation,
                            std::span<const ContactId> contacts);
// What a new contact is to have in search_text and sort_name, so that it is stored in the index.
struct IndexTexts {
  std::string search_text;
  std::string sort_name;
};
IndexTexts index_texts(const audience::Contact& contact);
// The rest of it, once contacts are stored with these texts: SQLite has the words in a table.
Result<void> index_stored_contacts(db::Connection& connection, OrganisationId organisation,
                                   std::span<const ContactId> contacts);
// Takes them out until index_pending() or index_contacts() puts them back.
Result<void> unindex_contacts(db::Connection& connection, OrganisationId organisation,
                              std::span<const ContactId> contacts);
// Takes out of the index for good: the deleted and the erased.
Result<void> forget_contacts(db::Connection& connection, OrganisationId organisation,
                             std::span<const ContactId> contacts);

// Indexes what waits for it, in short transactions behind everybody else's, until nothing waits or
// `budget` is used up. True: nothing waits. Not from within a read or write.
Result<bool> index_pending(db::Database& database, OrganisationId organisation,
                           std::chrono::milliseconds budget);

// What to look for in the index of words: for MATCH on SQLite, a tsquery on PostgreSQL.
std::string match_text(db::Dialect dialect, OrganisationId organisation,
                       const std::vector<std::string>& words);

}  // namespace tidings::people
