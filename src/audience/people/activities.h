// Activities: what happened to a contact besides messages. The two-year rule (P21) reads those that
// are interactions.
//
// Stored: what is posted, and edited, merged, consent. Told without being stored, because a million
// imported people would have a million rows: created (the contact itself) and imported (membership
// in an import's own group).
// Thread: as the connection. Errors: those of db, activity.* as told below.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"

namespace tidings::people {

// transaction, visit, sign_up, reply and click: a person did something.
bool is_interaction(std::string_view type);
// What may be posted: the above and `custom`.
bool may_be_posted(std::string_view type);

struct Activity {
  ActivityId id;  // of a created or imported one: the contact's or the import's
  std::string type;
  Instant occurred_at{};
  Instant recorded_at{};
  std::string source;       // who says so
  std::string data = "{}";  // JSON object
};

inline constexpr std::size_t kActivityDataMax = 20'000;  // bytes

// Stores it; an interaction moves contact.last_interaction_at forward (never back), which ends
// inactivity at once. Errors: activity.future, activity.too_long (invalid).
Result<ActivityId> record_activity(db::Connection& connection, IdSource& ids,
                                   OrganisationId organisation, ContactId contact,
                                   const Activity& activity, Instant now);

// That a contact did something at that time, without an activity of its own: a person's click, say.
// Moves last_interaction_at forward, never back.
Result<void> note_interaction(db::Connection& connection, OrganisationId organisation,
                              ContactId contact, Instant at);

// The filters of the communications (report/log_filter.h) as far as activities have them. What is
// empty does not filter; several filter together.
struct ActivityFilter {
  std::optional<Instant> from;     // occurred at or after
  std::optional<Instant> until;    // occurred before
  std::vector<std::string> types;  // any of these
  std::string sender;              // part of who says so, in any case
  std::string text;                // part of the type or the data, in any case
};

struct ActivityPage {
  std::optional<Instant> before_at;  // with before_id: behind this one
  ActivityId before_id;
  int limit = 50;
  ActivityFilter filter = {};
};
// Newest first, those that are told without being stored among them.
Result<std::vector<Activity>> list_activities(db::Connection& connection,
                                              OrganisationId organisation, ContactId contact,
                                              const ActivityPage& page);

}  // namespace tidings::people
