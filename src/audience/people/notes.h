// Notes: what staff write down about a contact.
// Thread: as the connection. Errors: those of db, note.not_found, note.bad_body.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"

namespace tidings::people {

inline constexpr std::size_t kNoteMax = 20'000;  // bytes

struct Note {
  NoteId id;
  ContactId contact_id;
  std::string body;
  std::string author;
  Instant created_at{};
  Instant changed_at{};
};

// Newest first, behind `before` (not valid: from the newest).
Result<std::vector<Note>> list_notes(db::Connection& connection, OrganisationId organisation,
                                     ContactId contact, NoteId before, int limit);
Result<Note> find_note(db::Connection& connection, OrganisationId organisation, ContactId contact,
                       NoteId id);
// Makes one when `note.id` is not valid, else changes its body. Returns it as stored.
Result<Note> put_note(db::Connection& connection, IdSource& ids, OrganisationId organisation,
                      Note note, Instant now);
Result<void> delete_note(db::Connection& connection, OrganisationId organisation, ContactId contact,
                         NoteId id);

}  // namespace tidings::people
