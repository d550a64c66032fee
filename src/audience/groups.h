// Groups: contacts chosen by hand or by an import.
// Thread: as the connection. Errors: those of db, and group.bad_name (invalid).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"

namespace tidings::audience {

// As contact_group.origin stores it. Every import makes a group of its own, which is how a
// campaign addresses "the people of this file".
enum class GroupOrigin { by_hand = 0, by_import = 1 };

struct Group {
  GroupId id;
  std::string name;
  GroupOrigin origin = GroupOrigin::by_hand;
  std::int64_t members = 0;  // kept with every change of the members: never counted
  Instant created_at{};
  Instant changed_at{};  // of the name
};

// At most 200 bytes.
inline constexpr std::size_t kGroupNameMax = 200;

// The group of that name, made when there is none. Names are compared exactly.
Result<GroupId> find_or_create_group(db::Connection& connection, IdSource& ids,
                                     OrganisationId organisation, std::string_view name,
                                     GroupOrigin origin, Instant now);
Result<std::optional<GroupId>> find_group(db::Connection& connection, OrganisationId organisation,
                                          std::string_view name);
// By name, with the number of members.
Result<std::vector<Group>> list_groups(db::Connection& connection, OrganisationId organisation);
// Errors: group.not_found.
Result<Group> find_group_by_id(db::Connection& connection, OrganisationId organisation,
                               GroupId group);
// Groups in the order of their names, behind `after` (a name; empty: from the first), that have
// `words` in the name in any case (empty: all).
struct GroupPage {
  std::string_view after;
  std::string_view words;
  int limit = 50;
};
Result<std::vector<Group>> page_groups(db::Connection& connection, OrganisationId organisation,
                                       const GroupPage& page);
// Errors: group.bad_name, group.exists (conflict) for a name that another group has.
Result<Group> create_group(db::Connection& connection, IdSource& ids, OrganisationId organisation,
                           std::string_view name, Instant now);
Result<void> rename_group(db::Connection& connection, OrganisationId organisation, GroupId group,
                          std::string_view name, Instant now);

// Adding a member twice, removing one that is none, a contact that is not (or no longer) there:
// nothing changes. Returns how many were added or removed. At most 10,000 contacts at once.
Result<std::int64_t> add_to_group(db::Connection& connection, OrganisationId organisation,
                                  GroupId group, std::span<const ContactId> contacts, Instant now);
Result<std::int64_t> remove_from_group(db::Connection& connection, OrganisationId organisation,
                                       GroupId group, std::span<const ContactId> contacts);
Result<void> add_to_group(db::Connection& connection, OrganisationId organisation, GroupId group,
                          ContactId contact, Instant now);
// Members as they are in the table, by contact id behind `after`.
Result<std::vector<ContactId>> list_members(db::Connection& connection, OrganisationId organisation,
                                            GroupId group, ContactId after, int limit);
// Deletes up to `limit` members of a group, then the group itself once it has none. True: it is
// gone. An import's own group stays as long as its job is told about: group.of_import (conflict).
Result<bool> delete_group_step(db::Connection& connection, OrganisationId organisation,
                               GroupId group, int limit);
// Takes a contact out of every group.
Result<void> leave_all_groups(db::Connection& connection, OrganisationId organisation,
                              ContactId contact);
// What a contact is in, by name.
Result<std::vector<Group>> groups_of(db::Connection& connection, OrganisationId organisation,
                                     ContactId contact);
// For writers of contact_group_member: keeps contact_group.members right.
Result<void> count_members(db::Connection& connection, OrganisationId organisation, GroupId group,
                           std::int64_t change);
// The slow twin of Group::members.
Result<std::int64_t> recount_members(db::Connection& connection, OrganisationId organisation,
                                     GroupId group);

}  // namespace tidings::audience
