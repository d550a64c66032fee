// Erasing and exporting one person (P42).
//
// Erased is everything that says something about the person: values, addresses, notes, activities,
// relations, memberships, and of the messages to and about them the address, the values, the body
// and what events carry, and what reports of imports quote of them. What stays: the contact's id
// without anything, that a message was sent and what became of it (counts stay right), and in the
// suppression list a keyed hash of each address, so that a later import of the same address writes
// to nobody. An address that somebody else has too is not suppressed. The key stands in the same
// database: the hash keeps the list from telling addresses, it does not keep somebody who has the
// whole database from testing a guess. Thread: as the connection. Errors: those of db,
// contact.not_found.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "audience/people/contact_book.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "domain/campaign.h"

namespace tidings::people {

struct Erasure {
  std::int64_t messages = 0;    // to and about the person
  std::int64_t suppressed = 0;  // addresses kept as a hash
  // The addresses that nobody else has: nothing must leave to them from now on.
  std::vector<std::string> unwritten;
  // Copies of finished imports with the person in them: the caller removes the files.
  std::vector<std::string> files;
  // Of messages of no campaign and no template: the caller has delivery::forget_letters() empty
  // those that nobody else has, within the transaction.
  std::vector<ContentVersionId> letters;
};
Result<Erasure> erase_contact(db::Connection& connection, const Writer& writer, ContactId id);

// Everything about one person as one JSON object (text): contact, addresses, groups, relations,
// notes, activities, messages with their values, events and where they are to be had as they left,
// suppressions.
Result<std::string> export_contact(db::Connection& connection, OrganisationId organisation,
                                   ContactId id);

}  // namespace tidings::people
