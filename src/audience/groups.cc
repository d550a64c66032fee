#include "audience/groups.h"

#include <fmt/format.h>

namespace tidings::audience {
namespace {

using db::Row;
using db::Statement;

constexpr Statement insert_group{
    "group.insert",
    "INSERT INTO contact_group (organisation_id, id, name, origin, created_at) "
    "VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING"};
constexpr Statement group_by_name{
    "group.find_by_name", "SELECT id FROM contact_group WHERE organisation_id = $1 AND name = $2"};
constexpr Statement groups_with_counts{
    "group.list",
    "SELECT g.id, g.name, g.origin, (SELECT count(*) FROM contact_group_member m "
    "WHERE m.organisation_id = g.organisation_id AND m.group_id = g.id) "
    "FROM contact_group g WHERE g.organisation_id = $1 ORDER BY g.name, g.id"};
constexpr Statement insert_member{
    "group.add_member",
    "INSERT INTO contact_group_member (organisation_id, group_id, contact_id, added_at) "
    "VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"};

}  // namespace

Result<std::optional<GroupId>> find_group(db::Connection& connection, OrganisationId organisation,
                                          std::string_view name) {
  return connection.query_first(group_by_name, {organisation, name},
                                [](const Row& row) { return row.id<GroupId>(0); });
}

Result<GroupId> find_or_create_group(db::Connection& connection, IdSource& ids,
                                     OrganisationId organisation, std::string_view name,
                                     GroupOrigin origin, Instant now) {
  if (name.empty() || name.size() > kGroupNameMax)
    return fail(ErrorKind::invalid, "group.bad_name",
                fmt::format("A group's name has 1 to {} bytes.", kGroupNameMax));
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
  TRY(connection.query(groups_with_counts, {organisation}, [&](const Row& row) {
    groups.push_back({.id = row.id<GroupId>(0),
                      .name = row.string(1),
                      .origin = static_cast<GroupOrigin>(row.integer(2)),
                      .members = row.integer(3)});
  }));
  return groups;
}

Result<void> add_to_group(db::Connection& connection, OrganisationId organisation, GroupId group,
                          ContactId contact, Instant now) {
  TRY(connection.execute(insert_member, {organisation, group, contact, now}));
  return {};
}

}  // namespace tidings::audience
