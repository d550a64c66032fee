#include "audience/people/import_undo.h"

#include <boost/json.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "audience/consent/carried_choices.h"
#include "audience/groups.h"
#include "audience/people/search_index.h"

namespace tidings::people {
namespace {

namespace json = boost::json;
using db::Param;
using db::Row;
using db::Statement;

constexpr Statement remember{
    "undo.remember",
    "INSERT INTO import_change (organisation_id, import_id, contact_id, before, changed_at) "
    "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (organisation_id, import_id, contact_id) "
    "DO UPDATE SET changed_at = excluded.changed_at"};
constexpr Statement job_of{"undo.job",
                           "SELECT state, group_id, finished_at, undone_at FROM import_job "
                           "WHERE organisation_id = $1 AND id = $2"};
constexpr Statement end_job{"undo.end",
                            "UPDATE import_job SET undone_at = $3, kept_count = $4 "
                            "WHERE organisation_id = $1 AND id = $2"};
// Who is in the import's own group behind $3, what the import did to them, and whether anything
// hangs on them.
constexpr Statement members_of{
    "undo.members",
    "SELECT c.id, m.added_at, c.created_at, c.changed_at, x.before, x.changed_at, "
    "EXISTS (SELECT 1 FROM note n WHERE n.organisation_id = c.organisation_id "
    "AND n.contact_id = c.id), "
    "EXISTS (SELECT 1 FROM activity a WHERE a.organisation_id = c.organisation_id "
    "AND a.contact_id = c.id), "
    "EXISTS (SELECT 1 FROM relation f WHERE f.organisation_id = c.organisation_id "
    "AND f.from_id = c.id), "
    "EXISTS (SELECT 1 FROM relation t WHERE t.organisation_id = c.organisation_id "
    "AND t.to_id = c.id), "
    "EXISTS (SELECT 1 FROM message_about o WHERE o.organisation_id = c.organisation_id "
    "AND o.contact_id = c.id) "
    "FROM contact_group_member m JOIN contact c ON c.organisation_id = m.organisation_id "
    "AND c.id = m.contact_id AND c.deleted_at IS NULL LEFT JOIN import_change x "
    "ON x.organisation_id = m.organisation_id AND x.import_id = $4 AND x.contact_id = c.id "
    "WHERE m.organisation_id = $1 AND m.group_id = $2 AND m.contact_id > $3 "
    "ORDER BY m.contact_id LIMIT 500"};
constexpr Statement memberships_of{
    "undo.memberships",
    "WITH mine AS MATERIALIZED (SELECT group_id FROM contact_group_member "
    "WHERE organisation_id = $1 AND contact_id = $2) "
    "SELECT m.group_id FROM mine CROSS JOIN contact_group_member m "
    "WHERE m.organisation_id = $1 AND m.group_id = mine.group_id AND m.contact_id = $2 "
    "AND m.added_at = $3"};
constexpr Statement restore_contact{
    "undo.restore",
    "UPDATE contact SET external_id = $3, first_name = $4, last_name = $5, name = $6, locale = $7, "
    "time_zone = $8, fields = $9, changed_at = $10 WHERE organisation_id = $1 AND id = $2"};
constexpr Statement remove_addresses{
    "undo.remove_addresses",
    "DELETE FROM contact_address WHERE organisation_id = $1 AND contact_id = $2"};
constexpr Statement add_address{
    "undo.add_address",
    "INSERT INTO contact_address (organisation_id, contact_id, channel, normalised, address, "
    "is_primary, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING"};

struct Job {
  GroupId group;
  std::optional<Instant> undone_at;
};

Result<Job> find_job(db::Connection& connection, OrganisationId organisation, ImportId import,
                     Instant now) {
  constexpr int running = 1;
  constexpr auto undo_max = std::chrono::days(30);
  int state = 0;
  std::optional<Instant> finished_at;
  const auto job = TRY(connection.query_first(job_of, {organisation, import}, [&](const Row& row) {
    state = static_cast<int>(row.integer(0));
    if (!row.is_null(2)) finished_at = row.instant(2);
    Job found{.group = row.id<GroupId>(1), .undone_at = {}};
    if (!row.is_null(3)) found.undone_at = row.instant(3);
    return found;
  }));
  if (!job) return fail(ErrorKind::not_found, "import.unknown", "There is no such import here.");
  if (job->undone_at)
    return fail(ErrorKind::conflict, "import.undone", "This import was undone already.");
  if (state <= running || !finished_at)
    return fail(ErrorKind::conflict, "import.not_finished",
                "This import has not ended yet; wait for its end or cancel it, then undo it.");
  if (now - *finished_at > undo_max)
    return fail(ErrorKind::conflict, "import.too_old",
                "An import can be undone for 30 days after it ended.");
  return *job;
}

struct Member {
  ContactId id;
  Instant added_at{};
  bool is_created = false;
  bool is_touched = false;
  std::optional<std::string> before;
};

Member read_member(const Row& row) {
  Member member{.id = row.id<ContactId>(0), .added_at = row.instant(1), .before = {}};
  member.is_created = row.integer(2) == row.integer(1);
  if (!row.is_null(4)) member.before = row.string(4);
  const std::int64_t left = member.before ? row.integer(5) : row.integer(2);
  const bool is_edited = (member.is_created || member.before) && row.integer(3) != left;
  bool hangs = false;
  for (int column = 6; column <= 10; ++column) hangs |= row.boolean(column);
  member.is_touched = is_edited || (member.is_created && hangs);
  return member;
}

Result<void> restore(db::Connection& connection, const Writer& writer, const Member& member) {
  const json::object before = json::parse(*member.before).as_object();
  const auto text = [&](const char* name) { return std::string_view(before.at(name).as_string()); };
  const std::string_view external_id = text("external_id");
  TRY(connection.execute(
      restore_contact,
      {writer.organisation, member.id, external_id.empty() ? Param() : Param(external_id),
       text("first_name"), text("last_name"), text("name"), text("locale"), text("time_zone"),
       text("fields"), writer.now}));
  const auto current = TRY(audience::find_contact(connection, writer.organisation, member.id));
  TRY(connection.execute(remove_addresses, {writer.organisation, member.id}));
  for (const json::value& each : before.at("addresses").as_array()) {
    const json::array& address = each.as_array();
    TRY(connection.execute(add_address, {writer.organisation, member.id, address[0].as_int64(),
                                         std::string_view(address[1].as_string()),
                                         std::string_view(address[2].as_string()),
                                         address[3].as_bool() ? 1 : 0, writer.now}));
  }
  const auto restored = TRY(audience::find_contact(connection, writer.organisation, member.id));
  if (current && restored) {
    TRY(consent::follow_addresses(connection, writer.ids, writer.organisation,
                                  {member.id, current->addresses, restored->addresses},
                                  writer.now));
  }
  return index_contacts(connection, writer.organisation, std::span(&member.id, 1));
}

// The groups that the import put the contact into, its own excepted: that one is the list by which
// an interrupted undoing goes on.
Result<void> leave_groups(db::Connection& connection, const Writer& writer, const Member& member,
                          GroupId own) {
  std::vector<GroupId> groups;
  TRY(connection.query(memberships_of, {writer.organisation, member.id, member.added_at},
                       [&](const Row& row) { groups.push_back(row.id<GroupId>(0)); }));
  for (const GroupId group : groups)
    if (group != own)
      TRY(audience::remove_from_group(connection, writer.organisation, group,
                                      std::span(&member.id, 1)));
  return {};
}

}  // namespace

Result<void> remember_for_undo(db::Connection& connection, OrganisationId organisation,
                               ImportId import, std::span<const ContactId> contacts, Instant now) {
  for (const ContactId id : contacts) {
    const auto contact = TRY(audience::find_contact(connection, organisation, id));
    if (!contact) continue;
    json::array addresses;
    for (const auto& address : contact->addresses)
      addresses.push_back(json::array{static_cast<int>(address.channel), address.normalised,
                                      address.typed, address.primary});
    const std::string before = json::serialize(json::object{{"external_id", contact->external_id},
                                                            {"first_name", contact->first_name},
                                                            {"last_name", contact->last_name},
                                                            {"name", contact->name},
                                                            {"locale", contact->locale},
                                                            {"time_zone", contact->time_zone},
                                                            {"fields", contact->fields},
                                                            {"addresses", std::move(addresses)}});
    TRY(connection.execute(remember, {organisation, import, id, before, now}));
  }
  return {};
}

Result<Undone> undo_import(db::Database& database, const Writer& writer, ImportId import) {
  const Job job = TRY(database.read_value([&](db::Connection& connection) {
    return find_job(connection, writer.organisation, import, writer.now);
  }));
  Undone undone;
  ContactId after;
  for (bool more = true; more;) {
    Undone step;
    ContactId last = after;
    TRY(database.write(db::Priority::web, [&](db::Connection& connection) -> Result<void> {
      step = {};
      std::vector<Member> members;
      TRY(connection.query(members_of, {writer.organisation, job.group, after, import},
                           [&](const Row& row) { members.push_back(read_member(row)); }));
      more = !members.empty();
      for (const Member& member : members) {
        last = member.id;
        if (member.is_touched) {
          ++step.kept;
          continue;
        }
        if (member.is_created) {
          TRY(delete_contact(connection, writer, member.id));
          ++step.removed;
          continue;
        }
        if (member.before) {
          TRY(restore(connection, writer, member));
          ++step.restored;
        }
        TRY(leave_groups(connection, writer, member, job.group));
      }
      if (!more)
        TRY(connection.execute(end_job, {writer.organisation, import, writer.now, undone.kept}));
      return {};
    }));
    after = last;
    undone.removed += step.removed;
    undone.restored += step.restored;
    undone.kept += step.kept;
  }
  return undone;
}

}  // namespace tidings::people
