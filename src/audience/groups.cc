#include "audience/groups.h"

#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "audience/people/search_text.h"

namespace tidings::audience {
namespace {

using db::Row;
using db::Statement;

#define TIDINGS_GROUP_COLUMNS \
  "SELECT g.id, g.name, g.origin, g.members, g.created_at, g.changed_at FROM contact_group g "

constexpr Statement insert_group{
    "group.insert",
    "INSERT INTO contact_group (organisation_id, id, name, origin, created_at, changed_at) "
    "VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT DO NOTHING"};
constexpr Statement group_by_name{
    "group.find_by_name", "SELECT id FROM contact_group WHERE organisation_id = $1 AND name = $2"};
constexpr Statement group_by_id{"group.find",
                                TIDINGS_GROUP_COLUMNS "WHERE g.organisation_id = $1 AND g.id = $2"};
constexpr Statement all_groups{
    "group.list", TIDINGS_GROUP_COLUMNS "WHERE g.organisation_id = $1 ORDER BY g.name, g.id"};
constexpr Statement groups_after{"group.page", TIDINGS_GROUP_COLUMNS
                                 "WHERE g.organisation_id = $1 AND g.name > $2 ORDER BY g.name"};
constexpr Statement groups_of_contact{
    "group.of_contact", TIDINGS_GROUP_COLUMNS
    "JOIN contact_group_member m ON m.organisation_id = g.organisation_id AND m.group_id = g.id "
    "WHERE m.organisation_id = $1 AND m.contact_id = $2 ORDER BY g.name"};
constexpr Statement update_name{"group.rename",
                                "UPDATE contact_group SET name = $3, changed_at = $4 "
                                "WHERE organisation_id = $1 AND id = $2"};
constexpr Statement insert_member{
    "group.add_member",
    "INSERT INTO contact_group_member (organisation_id, group_id, contact_id, added_at) "
    "SELECT c.organisation_id, CAST($2 AS BIGINT), c.id, CAST($4 AS BIGINT) FROM contact c WHERE "
    "c.organisation_id = $1 "
    "AND c.id = $3 AND c.deleted_at IS NULL ON CONFLICT DO NOTHING"};
constexpr Statement delete_member{"group.remove_member",
                                  "DELETE FROM contact_group_member WHERE organisation_id = $1 "
                                  "AND group_id = $2 AND contact_id = $3"};
constexpr Statement members_after{
    "group.members",
    "SELECT contact_id FROM contact_group_member WHERE organisation_id = $1 AND group_id = $2 "
    "AND contact_id > $3 ORDER BY contact_id LIMIT $4"};
constexpr Statement change_count{"group.count",
                                 "UPDATE contact_group SET members = members + $3 "
                                 "WHERE organisation_id = $1 AND id = $2"};
constexpr Statement count_rows{"group.recount",
                               "SELECT count(*) FROM contact_group_member "
                               "WHERE organisation_id = $1 AND group_id = $2"};
constexpr Statement delete_group{
    "group.delete", "DELETE FROM contact_group WHERE organisation_id = $1 AND id = $2"};
constexpr Statement import_of_group{
    "group.import", "SELECT id FROM import_job WHERE organisation_id = $1 AND group_id = $2"};

Group read_group(const Row& row) {
  return {.id = row.id<GroupId>(0),
          .name = row.string(1),
          .origin = static_cast<GroupOrigin>(row.integer(2)),
          .members = row.integer(3),
          .created_at = row.instant(4),
          .changed_at = row.instant(5)};
}

Result<void> check_name(std::string_view name) {
  if (!name.empty() && name.size() <= kGroupNameMax) return {};
  return fail(ErrorKind::invalid, "group.bad_name",
              fmt::format("A group's name has 1 to {} bytes.", kGroupNameMax));
}

std::unexpected<Error> no_group() {
  return fail(ErrorKind::not_found, "group.not_found", "There is no such group here.");
}

std::unexpected<Error> name_taken(std::string_view name) {
  return fail(ErrorKind::conflict, "group.exists",
              fmt::format("There is a group “{}” already.", name));
}

// Runs a statement about each contact and keeps the count.
Result<std::int64_t> change_members(db::Connection& connection, const Statement& statement,
                                    GroupId group, std::size_t stride,
                                    std::span<const db::Param> flat, OrganisationId organisation,
                                    int sign) {
  if (flat.empty()) return 0;
  std::int64_t changed = 0;
  for (const std::int64_t each : TRY(connection.execute_many(statement, stride, flat)))
    changed += each;
  TRY(count_members(connection, organisation, group, sign * changed));
  return changed;
}

}  // namespace

Result<std::optional<GroupId>> find_group(db::Connection& connection, OrganisationId organisation,
                                          std::string_view name) {
  return connection.query_first(group_by_name, {organisation, name},
                                [](const Row& row) { return row.id<GroupId>(0); });
}

Result<GroupId> find_or_create_group(db::Connection& connection, IdSource& ids,
                                     OrganisationId organisation, std::string_view name,
                                     GroupOrigin origin, Instant now) {
  TRY(check_name(name));
  if (const auto known = TRY(find_group(connection, organisation, name))) return *known;
  TRY(connection.execute(insert_group,
                         {organisation, ids.next<GroupId>(), name, static_cast<int>(origin), now}));
  // Somebody else may have made it meanwhile.
  if (const auto made = TRY(find_group(connection, organisation, name))) return *made;
  return fail(ErrorKind::internal, "group.not_made",
              fmt::format("The group “{}” could not be made.", name));
}

Result<std::vector<Group>> list_groups(db::Connection& connection, OrganisationId organisation) {
  std::vector<Group> groups;
  TRY(connection.query(all_groups, {organisation},
                       [&](const Row& row) { groups.push_back(read_group(row)); }));
  return groups;
}

Result<Group> find_group_by_id(db::Connection& connection, OrganisationId organisation,
                               GroupId group) {
  auto found = TRY(connection.query_first(group_by_id, {organisation, group}, read_group));
  if (!found) return no_group();
  return *std::move(found);
}

Result<std::vector<Group>> page_groups(db::Connection& connection, OrganisationId organisation,
                                       const GroupPage& page) {
  // An organisation has thousands of groups at most; the filter is for what a person types.
  const std::string wanted = people::fold(page.words);
  std::vector<Group> groups;
  TRY(connection.query(groups_after, {organisation, page.after}, [&](const Row& row) {
    if (std::ssize(groups) >= page.limit) return;
    if (wanted.empty() || people::fold(row.text(1)).contains(wanted))
      groups.push_back(read_group(row));
  }));
  return groups;
}

Result<Group> create_group(db::Connection& connection, IdSource& ids, OrganisationId organisation,
                           std::string_view name, Instant now) {
  TRY(check_name(name));
  const auto id = ids.next<GroupId>();
  const auto made = TRY(connection.execute(
      insert_group, {organisation, id, name, static_cast<int>(GroupOrigin::by_hand), now}));
  if (made == 0) return name_taken(name);
  return find_group_by_id(connection, organisation, id);
}

Result<void> rename_group(db::Connection& connection, OrganisationId organisation, GroupId group,
                          std::string_view name, Instant now) {
  TRY(check_name(name));
  const auto known = TRY(find_group(connection, organisation, name));
  if (known && *known != group) return name_taken(name);
  if (TRY(connection.execute(update_name, {organisation, group, name, now})) == 0)
    return no_group();
  return {};
}

Result<std::int64_t> add_to_group(db::Connection& connection, OrganisationId organisation,
                                  GroupId group, std::span<const ContactId> contacts, Instant now) {
  std::vector<db::Param> flat;
  for (const ContactId id : contacts) flat.insert(flat.end(), {organisation, group, id, now});
  return change_members(connection, insert_member, group, 4, flat, organisation, 1);
}

Result<std::int64_t> remove_from_group(db::Connection& connection, OrganisationId organisation,
                                       GroupId group, std::span<const ContactId> contacts) {
  std::vector<db::Param> flat;
  for (const ContactId id : contacts) flat.insert(flat.end(), {organisation, group, id});
  return change_members(connection, delete_member, group, 3, flat, organisation, -1);
}

Result<void> add_to_group(db::Connection& connection, OrganisationId organisation, GroupId group,
                          ContactId contact, Instant now) {
  TRY(add_to_group(connection, organisation, group, std::span(&contact, 1), now));
  return {};
}

Result<std::vector<ContactId>> list_members(db::Connection& connection, OrganisationId organisation,
                                            GroupId group, ContactId after, int limit) {
  std::vector<ContactId> members;
  TRY(connection.query(members_after, {organisation, group, after, limit},
                       [&](const Row& row) { members.push_back(row.id<ContactId>(0)); }));
  return members;
}

Result<bool> delete_group_step(db::Connection& connection, OrganisationId organisation,
                               GroupId group, int limit) {
  if (TRY(connection.query_first(import_of_group, {organisation, group},
                                 [](const Row&) { return true; })))
    return fail(ErrorKind::conflict, "group.of_import",
                "This group is the list of people of an import, and goes with it.");
  const auto members = TRY(list_members(connection, organisation, group, {}, limit));
  TRY(remove_from_group(connection, organisation, group, members));
  if (std::ssize(members) == limit) return false;
  TRY(connection.execute(delete_group, {organisation, group}));
  return true;
}

Result<void> leave_all_groups(db::Connection& connection, OrganisationId organisation,
                              ContactId contact) {
  for (const Group& group : TRY(groups_of(connection, organisation, contact)))
    TRY(remove_from_group(connection, organisation, group.id, std::span(&contact, 1)));
  return {};
}

Result<std::vector<Group>> groups_of(db::Connection& connection, OrganisationId organisation,
                                     ContactId contact) {
  std::vector<Group> groups;
  TRY(connection.query(groups_of_contact, {organisation, contact},
                       [&](const Row& row) { groups.push_back(read_group(row)); }));
  return groups;
}

Result<void> count_members(db::Connection& connection, OrganisationId organisation, GroupId group,
                           std::int64_t change) {
  if (change != 0) TRY(connection.execute(change_count, {organisation, group, change}));
  return {};
}

Result<std::int64_t> recount_members(db::Connection& connection, OrganisationId organisation,
                                     GroupId group) {
  return TRY(connection.query_first(count_rows, {organisation, group},
                                    [](const Row& row) { return row.integer(0); }))
      .value_or(0);
}

}  // namespace tidings::audience
