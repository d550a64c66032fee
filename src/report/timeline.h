// The timeline of one message: its events in the order they were recorded, and the record of its
// body (delivery/content_store.h reads it).
// Thread: any, one Connection each. Errors: those of db.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "domain/message_state.h"

namespace tidings::report {

struct TimelineEvent {
  EventId id;
  EventType type = EventType::queued;
  Instant occurred_at{};
  Instant recorded_at{};
  std::string source;  // "attempt", "expansion", "engine", "staff", "one-click" …
  std::string data;    // JSON; of an attempt: delivery/attempt_data.h
};

// A message has few; the first thousand are told.
Result<std::vector<TimelineEvent>> timeline(db::Connection& connection, OrganisationId organisation,
                                            MessageId id);
// Empty when nothing was ever handed over.
Result<std::string> body_record(db::Connection& connection, OrganisationId organisation,
                                MessageId id);

// For plan tests.
std::span<const db::Statement> timeline_statements();

}  // namespace tidings::report
