// Two contacts that are one person: found, and made one.
// Thread: as the connection. Errors: those of db, contact.not_found, merge.* as told below.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "audience/people/contact_book.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"

namespace tidings::people {

// `survivor` takes what `loser` has: addresses, values where it has none itself, groups, relations,
// notes, activities, messages. Whoever of the two must not be contacted, the one that remains must
// not be; what one address was unsubscribed from, all are. The loser's id leads to the survivor
// from then on. Errors: merge.same (invalid).
Result<void> merge_contacts(db::Connection& connection, const Writer& writer, ContactId survivor,
                            ContactId loser);

// Contacts that may be one person, and why: `email` or `phone`: they share an address; `name`: the
// same name, and no two different values in any field of type date.
struct Likeness {
  std::string reason;
  std::string value;  // what is the same
  std::vector<ContactId> contacts;
};
struct LikenessPage {
  std::vector<Likeness> items;
  std::string next_cursor;  // empty: the last page
};
// By address first, then by name. At most 50 contacts of each are told. Errors: list.bad_cursor.
Result<LikenessPage> find_duplicates(db::Connection& connection, OrganisationId organisation,
                                     std::string_view cursor, int limit);

}  // namespace tidings::people
