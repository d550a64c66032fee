#include "report/log_filter.h"

#include <algorithm>

#include "report/log_rows.h"

namespace tidings::report {

std::int64_t smallest_id_at(Instant at) {
  // The layout of base/id.h: milliseconds since 2024 above 22 bits.
  constexpr Instant kEpoch = std::chrono::sys_days{std::chrono::year{2024} / 1 / 1};
  const auto millis =
      std::chrono::floor<std::chrono::milliseconds>(std::max(at, kEpoch) - kEpoch).count();
  return std::min<std::int64_t>(millis, (std::int64_t{1} << 41) - 1) << 22;
}

LogRow read_log_row(OrganisationId organisation, const db::Row& row) {
  LogRow made;
  LogEntry& entry = made.entry;
  entry.organisation_id = organisation;
  entry.id = row.id<MessageId>(0);
  entry.campaign_id = row.id<CampaignId>(1);
  entry.content_version_id = row.id<ContentVersionId>(2);
  if (!row.is_null(3)) entry.contact_ids.push_back(row.id<ContactId>(3));
  entry.address = row.string(4);
  entry.kind = static_cast<MessageKind>(row.integer(5));
  entry.channel = static_cast<Channel>(row.integer(6));
  made.values = row.string(7);
  entry.state = static_cast<MessageState>(row.integer(8));
  entry.status = static_cast<Status>(row.integer(9));
  entry.reason = row.string(10);
  entry.attempts = static_cast<int>(row.integer(11));
  entry.lease = row.id<NodeId>(12);
  entry.is_ambiguous = row.boolean(13);
  entry.due_at = row.instant(14);
  entry.queued_at = row.instant(15);
  entry.changed_at = row.instant(16);
  if (!row.is_null(17)) entry.deleted_at = row.instant(17);
  made.has_others = row.boolean(18);
  return made;
}

}  // namespace tidings::report
