// The contact book: a person's own data, written by a person or a program (imports: next door).
//
// Several addresses per channel, at most one primary of each; normalised and checked as the
// importer does it. Ids for ever: one that was merged away leads to the survivor.
// Thread: as the connection, within the caller's transaction. Errors: those of db, contact.* as
// told below.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audience/contacts.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"

namespace tidings::people {

inline constexpr std::size_t kNameMax = 500;        // bytes, each of the three names
inline constexpr std::size_t kExternalIdMax = 200;  // bytes
inline constexpr std::size_t kAddressesMax = 20;    // of one contact

struct Person {
  audience::Contact contact;
  Instant created_at{};
  Instant changed_at{};
  std::optional<Instant> last_interaction_at;
};

struct NewAddress {
  Channel channel = Channel::email;
  std::string address;   // as typed
  bool primary = false;  // of its channel; when none is, the first becomes it
};

// What is to become different; what is absent stays as it is.
struct ContactChange {
  std::optional<std::string> external_id;  // empty: none
  std::optional<std::string> first_name;
  std::optional<std::string> last_name;
  std::optional<std::string> name;
  std::optional<std::string> locale;
  std::optional<std::string> time_zone;
  std::optional<bool> do_not_contact;
  std::optional<std::vector<NewAddress>> addresses;  // all of them
  std::string fields;  // JSON object, a merge patch of the custom fields; empty: no change
  // Families may share an address; otherwise an address that somebody else has is a conflict.
  bool allow_shared_addresses = false;
};

// What is wrong with one member. As compose::FieldProblem.
struct FieldProblem {
  std::string field;    // JSON Pointer: "/addresses/0/address", "/fields/birth_date"
  std::string code;     // "contact.address_taken": the message names the other contact and its id
  std::string message;  // a sentence
};

// Who writes: named in the activity that an edit leaves.
struct Writer {
  IdSource& ids;
  OrganisationId organisation;
  std::string_view actor;
  Instant now;
};

// Follows a merge. Errors: contact.not_found.
Result<Person> find_person(db::Connection& connection, OrganisationId organisation, ContactId id);
// Where a merged contact went; the id itself for any other.
Result<ContactId> resolve_contact(db::Connection& connection, OrganisationId organisation,
                                  ContactId id);

// Nothing is written when there are problems: then the error is the first of them, with kind
// conflict when somebody else has the address or the external id, and `problems` has all.
Result<ContactId> create_contact(db::Connection& connection, const Writer& writer,
                                 const ContactChange& change, std::vector<FieldProblem>& problems);
// Several, each with its contact or its first problem; of those with a problem nothing is written.
Result<std::vector<Result<audience::Contact>>> create_contacts(
    db::Connection& connection, const Writer& writer, std::span<const ContactChange> changes);
// As create_contact(); also contact.not_found. Leaves an activity that names what changed, and one
// more for a changed `do_not_contact`. False: nothing was different.
Result<bool> change_contact(db::Connection& connection, const Writer& writer, ContactId id,
                            const ContactChange& change, std::vector<FieldProblem>& problems);
// From lists, groups, relations and every audience; its messages stay in the record under its name,
// its addresses go. Errors: contact.not_found.
Result<void> delete_contact(db::Connection& connection, const Writer& writer, ContactId id);

}  // namespace tidings::people
