// Relations: how contacts belong together. `from` is `name` of `to`: "guardian of", "member of
// household". receives_messages: `from` may be written to about `to` (P18).
// Thread: as the connection. Errors: those of db, relation.* as told below, contact.not_found.
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

using RelationId = Id<struct RelationTag>;

inline constexpr std::size_t kRelationNameMax = 100;  // bytes
inline constexpr std::size_t kRelationsMax = 500;     // of one contact, both directions together

struct Relation {
  RelationId id;
  ContactId from_id;
  ContactId to_id;
  std::string from_name;  // as shown
  std::string to_name;
  std::string name;
  bool receives_messages = false;
  Instant created_at{};
  Instant changed_at{};
};

// Those from and to the contact, oldest first.
Result<std::vector<Relation>> list_relations(db::Connection& connection,
                                             OrganisationId organisation, ContactId contact);
Result<Relation> find_relation(db::Connection& connection, OrganisationId organisation,
                               RelationId id);
// Errors: relation.to_itself, relation.bad_name (invalid), relation.exists (conflict),
// relation.too_many (limit), contact.not_found.
Result<RelationId> create_relation(db::Connection& connection, IdSource& ids,
                                   OrganisationId organisation, const Relation& relation,
                                   Instant now);
// Name and receives_messages. Errors: relation.not_found and as create.
Result<void> change_relation(db::Connection& connection, OrganisationId organisation,
                             const Relation& relation, Instant now);
Result<void> delete_relation(db::Connection& connection, OrganisationId organisation,
                             RelationId id);

}  // namespace tidings::people
