// How a row of `message` becomes a LogEntry. Private to src/report/.
#pragma once

#include <string>
#include <string_view>

#include "db/connection.h"
#include "report/log_filter.h"

namespace tidings::report {

// The sign before organisation_id keeps SQLite from the primary key, in which it would walk the
// whole organisation: message_about_others has only the few it looks for.
#define TIDINGS_LOG_COLUMNS                                                             \
  "SELECT m.id, m.campaign_id, m.content_version_id, m.contact_id, m.address, m.kind,"  \
  " m.channel, m.message_values, m.state, m.status, m.reason, m.attempts, m.lease_id,"  \
  " m.is_ambiguous, m.due_at, m.queued_at, m.changed_at, m.deleted_at,"                 \
  " EXISTS (SELECT 1 FROM message_about o WHERE +o.organisation_id = m.organisation_id" \
  " AND o.message_id = m.id AND o.is_recipient = 0)"

// A row as it was read: what its content says of it is still missing.
struct LogRow {
  LogEntry entry;
  std::string values;
  bool has_others = false;  // more contacts to read with kOthers
};

LogRow read_log_row(OrganisationId organisation, const db::Row& row);

// Of $1 the organisation and $2 the message.
inline constexpr db::Statement kOthers{
    "report.log_others",
    "SELECT contact_id FROM message_about WHERE +organisation_id = $1 AND message_id = $2"
    " AND is_recipient = 0 ORDER BY contact_id"};

}  // namespace tidings::report
