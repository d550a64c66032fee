#include "audience/people/notes.h"

#include <limits>

#include <fmt/format.h>

namespace tidings::people {
namespace {

using db::Row;
using db::Statement;

#define TIDINGS_NOTE_COLUMNS                                               \
  "SELECT id, contact_id, body, author, created_at, changed_at FROM note " \
  "WHERE organisation_id = $1 AND contact_id = $2 "

constexpr Statement notes_before{"note.list",
                                 TIDINGS_NOTE_COLUMNS "AND id < $3 ORDER BY id DESC LIMIT $4"};
constexpr Statement note_by_id{"note.find", TIDINGS_NOTE_COLUMNS "AND id = $3"};
constexpr Statement insert_note{
    "note.insert",
    "INSERT INTO note (organisation_id, contact_id, id, body, author, created_at, changed_at) "
    "VALUES ($1, $2, $3, $4, $5, $6, $6)"};
constexpr Statement update_note{"note.update",
                                "UPDATE note SET body = $4, changed_at = $5 "
                                "WHERE organisation_id = $1 AND contact_id = $2 AND id = $3"};
constexpr Statement remove_note{
    "note.delete", "DELETE FROM note WHERE organisation_id = $1 AND contact_id = $2 AND id = $3"};

Note read_note(const Row& row) {
  return {.id = row.id<NoteId>(0),
          .contact_id = row.id<ContactId>(1),
          .body = row.string(2),
          .author = row.string(3),
          .created_at = row.instant(4),
          .changed_at = row.instant(5)};
}

std::unexpected<Error> no_note() {
  return fail(ErrorKind::not_found, "note.not_found", "There is no such note here.");
}

}  // namespace

Result<std::vector<Note>> list_notes(db::Connection& connection, OrganisationId organisation,
                                     ContactId contact, NoteId before, int limit) {
  std::vector<Note> notes;
  const std::int64_t end = before.valid() ? before.value : std::numeric_limits<std::int64_t>::max();
  TRY(connection.query(notes_before, {organisation, contact, end, limit},
                       [&](const Row& row) { notes.push_back(read_note(row)); }));
  return notes;
}

Result<Note> find_note(db::Connection& connection, OrganisationId organisation, ContactId contact,
                       NoteId id) {
  auto found = TRY(connection.query_first(note_by_id, {organisation, contact, id}, read_note));
  if (!found) return no_note();
  return *std::move(found);
}

Result<Note> put_note(db::Connection& connection, IdSource& ids, OrganisationId organisation,
                      Note note, Instant now) {
  if (note.body.empty() || note.body.size() > kNoteMax)
    return fail(ErrorKind::invalid, "note.bad_body",
                fmt::format("A note has 1 to {} bytes.", kNoteMax));
  if (!note.id.valid()) {
    note.id = ids.next<NoteId>();
    TRY(connection.execute(insert_note,
                           {organisation, note.contact_id, note.id, note.body, note.author, now}));
  } else if (TRY(connection.execute(
                 update_note, {organisation, note.contact_id, note.id, note.body, now})) == 0) {
    return no_note();
  }
  return find_note(connection, organisation, note.contact_id, note.id);
}

Result<void> delete_note(db::Connection& connection, OrganisationId organisation, ContactId contact,
                         NoteId id) {
  if (TRY(connection.execute(remove_note, {organisation, contact, id})) == 0) return no_note();
  return {};
}

}  // namespace tidings::people
