#include "audience/people/relations.h"

#include <fmt/format.h>

#include "audience/contacts.h"

namespace tidings::people {
namespace {

using db::Row;
using db::Statement;

#define TIDINGS_RELATION_COLUMNS                                                               \
  "SELECT r.id, r.from_id, r.to_id, r.name, r.receives_messages, r.created_at, r.changed_at, " \
  "f.first_name, f.last_name, f.name, t.first_name, t.last_name, t.name FROM relation r "      \
  "JOIN contact f ON f.organisation_id = r.organisation_id AND f.id = r.from_id "              \
  "JOIN contact t ON t.organisation_id = r.organisation_id AND t.id = r.to_id "

constexpr Statement relations_from{
    "relation.from",
    TIDINGS_RELATION_COLUMNS "WHERE r.organisation_id = $1 AND r.from_id = $2 ORDER BY +r.id"};
constexpr Statement relations_to{"relation.to", TIDINGS_RELATION_COLUMNS
                                 "WHERE r.organisation_id = $1 AND r.to_id = $2 ORDER BY +r.id"};
constexpr Statement relation_by_id{
    "relation.find", TIDINGS_RELATION_COLUMNS "WHERE r.organisation_id = $1 AND r.id = $2"};
constexpr Statement same_relation{
    "relation.same",
    "SELECT id FROM relation WHERE organisation_id = $1 AND from_id = $2 AND to_id = $3 "
    "AND name = $4"};
constexpr Statement insert_relation{
    "relation.insert",
    "INSERT INTO relation (organisation_id, id, from_id, to_id, name, receives_messages, "
    "created_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7)"};
constexpr Statement update_relation{
    "relation.update",
    "UPDATE relation SET name = $3, receives_messages = $4, changed_at = $5 "
    "WHERE organisation_id = $1 AND id = $2"};
constexpr Statement remove_relation{"relation.delete",
                                    "DELETE FROM relation WHERE organisation_id = $1 AND id = $2"};

std::string shown(const Row& row, int column) {
  audience::Contact contact;
  contact.first_name = row.string(column);
  contact.last_name = row.string(column + 1);
  contact.name = row.string(column + 2);
  return contact.display_name();
}

Relation read_relation(const Row& row) {
  return {.id = row.id<RelationId>(0),
          .from_id = row.id<ContactId>(1),
          .to_id = row.id<ContactId>(2),
          .from_name = shown(row, 7),
          .to_name = shown(row, 10),
          .name = row.string(3),
          .receives_messages = row.boolean(4),
          .created_at = row.instant(5),
          .changed_at = row.instant(6)};
}

Result<void> check_relation(db::Connection& connection, OrganisationId organisation,
                            const Relation& relation) {
  if (relation.name.empty() || relation.name.size() > kRelationNameMax)
    return fail(ErrorKind::invalid, "relation.bad_name",
                fmt::format("Say what the relation is, in 1 to {} bytes: “guardian of”.",
                            kRelationNameMax));
  const auto same = TRY(connection.query_first(
      same_relation, {organisation, relation.from_id, relation.to_id, relation.name},
      [](const Row& row) { return row.id<RelationId>(0); }));
  if (same && *same != relation.id)
    return fail(ErrorKind::conflict, "relation.exists",
                fmt::format("These two have the relation “{}” already.", relation.name));
  return {};
}

std::unexpected<Error> no_relation() {
  return fail(ErrorKind::not_found, "relation.not_found", "There is no such relation here.");
}

}  // namespace

Result<std::vector<Relation>> list_relations(db::Connection& connection,
                                             OrganisationId organisation, ContactId contact) {
  std::vector<Relation> relations;
  for (const Statement& statement : {relations_from, relations_to})
    TRY(connection.query(statement, {organisation, contact},
                         [&](const Row& row) { relations.push_back(read_relation(row)); }));
  return relations;
}

Result<Relation> find_relation(db::Connection& connection, OrganisationId organisation,
                               RelationId id) {
  auto found = TRY(connection.query_first(relation_by_id, {organisation, id}, read_relation));
  if (!found) return no_relation();
  return *std::move(found);
}

Result<RelationId> create_relation(db::Connection& connection, IdSource& ids,
                                   OrganisationId organisation, const Relation& relation,
                                   Instant now) {
  if (relation.from_id == relation.to_id)
    return fail(ErrorKind::invalid, "relation.to_itself", "A contact has no relation to itself.");
  for (const ContactId id : {relation.from_id, relation.to_id}) {
    if (!TRY(audience::find_contact(connection, organisation, id)))
      return fail(ErrorKind::not_found, "contact.not_found", "There is no such contact here.");
    if (TRY(list_relations(connection, organisation, id)).size() >= kRelationsMax)
      return fail(ErrorKind::limit, "relation.too_many",
                  fmt::format("A contact has at most {} relations.", kRelationsMax));
  }
  TRY(check_relation(connection, organisation, relation));
  const auto id = ids.next<RelationId>();
  TRY(connection.execute(insert_relation,
                         {organisation, id, relation.from_id, relation.to_id, relation.name,
                          relation.receives_messages ? 1 : 0, now}));
  return id;
}

Result<void> change_relation(db::Connection& connection, OrganisationId organisation,
                             const Relation& relation, Instant now) {
  TRY(check_relation(connection, organisation, relation));
  if (TRY(connection.execute(update_relation, {organisation, relation.id, relation.name,
                                               relation.receives_messages ? 1 : 0, now})) == 0)
    return no_relation();
  return {};
}

Result<void> delete_relation(db::Connection& connection, OrganisationId organisation,
                             RelationId id) {
  if (TRY(connection.execute(remove_relation, {organisation, id})) == 0) return no_relation();
  return {};
}

}  // namespace tidings::people
