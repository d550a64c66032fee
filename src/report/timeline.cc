#include "report/timeline.h"

#include <array>

namespace tidings::report {

namespace {

constexpr db::Statement kEvents{
    "report.timeline",
    "SELECT id, type, occurred_at, recorded_at, source, data FROM event"
    " WHERE organisation_id = $1 AND message_id = $2 ORDER BY id LIMIT 1000"};
constexpr db::Statement kBody{
    "report.body_record",
    "SELECT record FROM message_body WHERE organisation_id = $1 AND message_id = $2"};

}  // namespace

Result<std::vector<TimelineEvent>> timeline(db::Connection& connection, OrganisationId organisation,
                                            MessageId id) {
  std::vector<TimelineEvent> events;
  TRY(connection.query(kEvents, {organisation, id}, [&](const db::Row& row) {
    events.push_back({row.id<EventId>(0), static_cast<EventType>(row.integer(1)), row.instant(2),
                      row.instant(3), row.string(4), row.string(5)});
  }));
  return events;
}

Result<std::string> body_record(db::Connection& connection, OrganisationId organisation,
                                MessageId id) {
  std::string record;
  TRY(connection.query(kBody, {organisation, id},
                       [&](const db::Row& row) { record = row.bytes(0); }));
  return record;
}

std::span<const db::Statement> timeline_statements() {
  static constexpr std::array kAll = {kEvents, kBody};
  return kAll;
}

}  // namespace tidings::report
