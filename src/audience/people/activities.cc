#include "audience/people/activities.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <chrono>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "wire/case_folding.h"

namespace tidings::people {
namespace {

using db::Row;
using db::Statement;

constexpr std::array<std::string_view, 5> interactions = {"transaction", "visit", "sign_up",
                                                          "reply", "click"};

constexpr Statement insert_activity{"activity.insert",
                                    "INSERT INTO activity (organisation_id, contact_id, "
                                    "occurred_at, id, type, recorded_at, source, "
                                    "data) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"};
constexpr Statement move_interaction{
    "activity.interaction",
    "UPDATE contact SET last_interaction_at = $3 WHERE organisation_id = $1 AND id = $2 "
    "AND (last_interaction_at IS NULL OR last_interaction_at < $3)"};
constexpr Statement stored_page{
    "activity.page",
    "SELECT occurred_at, id, type, recorded_at, source, data FROM activity "
    "WHERE organisation_id = $1 AND contact_id = $2 AND (occurred_at, id) < ($3, $4) "
    "ORDER BY occurred_at DESC, id DESC LIMIT $5"};
constexpr Statement when_created{
    "activity.created", "SELECT created_at FROM contact WHERE organisation_id = $1 AND id = $2"};
constexpr Statement imports_of{
    "activity.imports",
    "SELECT m.added_at, i.id, i.file_name FROM contact_group_member m JOIN contact_group g "
    "ON g.organisation_id = m.organisation_id AND g.id = m.group_id AND g.origin = 1 "
    "JOIN import_job i ON i.organisation_id = g.organisation_id AND i.group_id = g.id "
    "WHERE m.organisation_id = $1 AND m.contact_id = $2"};

bool has_part(std::string_view text, std::string_view folded_part) {
  return wire::fold_case(text).contains(folded_part);
}

bool passes(const ActivityFilter& filter, const Activity& activity) {
  if (!filter.types.empty() && std::ranges::find(filter.types, activity.type) == filter.types.end())
    return false;
  if (!filter.sender.empty() && !has_part(activity.source, wire::fold_case(filter.sender)))
    return false;
  if (filter.text.empty()) return true;
  const std::string text = wire::fold_case(filter.text);
  return has_part(activity.type, text) || has_part(activity.data, text);
}

Result<std::vector<Activity>> read_page(db::Connection& connection, OrganisationId organisation,
                                        ContactId contact, const ActivityPage& page) {
  constexpr auto last = std::numeric_limits<std::int64_t>::max();
  const std::int64_t before_at = page.before_at ? to_micros(*page.before_at) : last;
  const std::int64_t before_id = page.before_at ? page.before_id.value : last;
  std::vector<Activity> found;
  TRY(connection.query(stored_page, {organisation, contact, before_at, before_id, page.limit},
                       [&](const Row& row) {
                         found.push_back({.id = row.id<ActivityId>(1),
                                          .type = row.string(2),
                                          .occurred_at = row.instant(0),
                                          .recorded_at = row.instant(3),
                                          .source = row.string(4),
                                          .data = row.string(5)});
                       }));
  const auto tell = [&](std::int64_t at, std::int64_t id, std::string type, std::string data) {
    if (std::pair(at, id) >= std::pair(before_at, before_id)) return;
    found.push_back({.id = ActivityId{id},
                     .type = std::move(type),
                     .occurred_at = from_micros(at),
                     .recorded_at = from_micros(at),
                     .source = {},
                     .data = std::move(data)});
  };
  TRY(connection.query(when_created, {organisation, contact}, [&](const Row& row) {
    tell(row.integer(0), contact.value, "created", "{}");
  }));
  TRY(connection.query(imports_of, {organisation, contact}, [&](const Row& row) {
    tell(row.integer(0), row.integer(1), "imported",
         boost::json::serialize(boost::json::object{{"file_name", row.text(2)}}));
  }));
  std::ranges::sort(found, std::greater{},
                    [](const Activity& each) { return std::pair(each.occurred_at, each.id); });
  if (std::ssize(found) > page.limit) found.resize(static_cast<std::size_t>(page.limit));
  return found;
}

}  // namespace

bool is_interaction(std::string_view type) {
  return std::ranges::find(interactions, type) != interactions.end();
}

bool may_be_posted(std::string_view type) { return is_interaction(type) || type == "custom"; }

Result<ActivityId> record_activity(db::Connection& connection, IdSource& ids,
                                   OrganisationId organisation, ContactId contact,
                                   const Activity& activity, Instant now) {
  constexpr auto clocks_differ = std::chrono::minutes(5);
  if (activity.occurred_at > now + clocks_differ)
    return fail(ErrorKind::invalid, "activity.future",
                "An activity is something that happened; this one lies in the future.");
  if (activity.data.size() > kActivityDataMax)
    return fail(ErrorKind::invalid, "activity.too_long",
                fmt::format("An activity's data has at most {} bytes.", kActivityDataMax));
  const auto id = ids.next<ActivityId>();
  TRY(connection.execute(insert_activity, {organisation, contact, activity.occurred_at, id,
                                           activity.type, now, activity.source, activity.data}));
  if (is_interaction(activity.type))
    TRY(note_interaction(connection, organisation, contact, activity.occurred_at));
  return id;
}

Result<void> note_interaction(db::Connection& connection, OrganisationId organisation,
                              ContactId contact, Instant at) {
  TRY(connection.execute(move_interaction, {organisation, contact, at}));
  return {};
}

Result<std::vector<Activity>> list_activities(db::Connection& connection,
                                              OrganisationId organisation, ContactId contact,
                                              const ActivityPage& page) {
  constexpr int looked_at_once = 500;
  const ActivityFilter& filter = page.filter;
  const bool is_tested = !filter.types.empty() || !filter.sender.empty() || !filter.text.empty();
  ActivityPage part = page;
  part.limit = is_tested ? std::max(page.limit, looked_at_once) : page.limit;
  if (filter.until && (!page.before_at || *filter.until < *page.before_at)) {
    part.before_at = filter.until;
    part.before_id = {};
  }
  std::vector<Activity> found;
  for (;;) {
    std::vector<Activity> some = TRY(read_page(connection, organisation, contact, part));
    for (Activity& activity : some) {
      if (filter.from && activity.occurred_at < *filter.from) return found;
      if (!passes(filter, activity)) continue;
      found.push_back(activity);
      if (std::ssize(found) == page.limit) return found;
    }
    if (std::ssize(some) < part.limit) return found;
    part.before_at = some.back().occurred_at;
    part.before_id = some.back().id;
  }
}

}  // namespace tidings::people
