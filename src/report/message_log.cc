#include "report/message_log.h"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "report/log_rows.h"
#include "wire/case_folding.h"

namespace tidings::report {

namespace {

constexpr std::int64_t kPageRows = 500;
constexpr std::int64_t kAllKinds = 15;
constexpr std::int64_t kAllStatuses = (std::int64_t{1} << kStatusCount) - 1;

#define TIDINGS_LOG_FILTER                                                           \
  " AND m.deleted_at IS NULL"                                                        \
  " AND (m.campaign_id IS NULL OR m.campaign_id NOT IN (SELECT d.id FROM campaign d" \
  " WHERE d.organisation_id = $1 AND d.deleted_at IS NOT NULL))"                     \
  " AND ((CAST($4 AS BIGINT) >> CAST(m.kind AS INTEGER)) & 1) = 1"                   \
  " AND (CAST($5 AS BIGINT) IS NULL OR m.channel = $5)"                              \
  " AND ((CAST($6 AS BIGINT) >> CAST(m.status AS INTEGER)) & 1) = 1"                 \
  " AND (CAST($7 AS BIGINT) IS NULL OR m.campaign_id = $7)"                          \
  " AND (CAST($8 AS BIGINT) IS NULL OR m.queued_at >= $8)"                           \
  " AND (CAST($9 AS BIGINT) IS NULL OR m.queued_at < $9)"
#define TIDINGS_LOG_ALL \
  TIDINGS_LOG_COLUMNS   \
  " FROM message m WHERE m.organisation_id = $1 AND m.id > $2 AND m.id < $3" TIDINGS_LOG_FILTER
#define TIDINGS_LOG_CONTACT                                                       \
  TIDINGS_LOG_COLUMNS                                                             \
  " FROM message_about a JOIN message m ON m.organisation_id = a.organisation_id" \
  " AND m.id = a.message_id WHERE a.organisation_id = $1 AND a.message_id > $2"   \
  " AND a.message_id < $3 AND a.contact_id = $11" TIDINGS_LOG_FILTER

constexpr db::Statement kOldestFirst{"report.log_oldest_first",
                                     TIDINGS_LOG_ALL " ORDER BY m.id LIMIT $10"};
constexpr db::Statement kNewestFirst{"report.log_newest_first",
                                     TIDINGS_LOG_ALL " ORDER BY m.id DESC LIMIT $10"};
constexpr db::Statement kContactOldestFirst{"report.log_contact_oldest_first",
                                            TIDINGS_LOG_CONTACT " ORDER BY a.message_id LIMIT $10"};
constexpr db::Statement kContactNewestFirst{
    "report.log_contact_newest_first", TIDINGS_LOG_CONTACT " ORDER BY a.message_id DESC LIMIT $10"};
constexpr db::Statement kCampaignTimes{
    "report.log_campaign_times",
    "SELECT created_at, expanded_at FROM campaign WHERE organisation_id = $1 AND id = $2"};

bool contains_folded(std::string_view text, std::string_view folded_part) {
  return wire::fold_case(text).contains(folded_part);
}

}  // namespace

struct MessageLog::Row {
  LogRow read;
  const ContentFacts* content = nullptr;
};

// One walk through the ids between two bounds, both excluded.
struct MessageLog::Scan {
  const LogFilter& filter;
  LogOrder order = LogOrder::oldest_first;
  std::int64_t after = 0;
  std::int64_t before = std::numeric_limits<std::int64_t>::max();
  bool wants_subject = true;
};

MessageLog::MessageLog(db::Database& database, OrganisationId organisation)
    : database_(database), organisation_(organisation), contents_(organisation) {}
MessageLog::~MessageLog() = default;

Result<bool> MessageLog::passes(const LogFilter& filter, const ContentFacts& content,
                                LogEntry& entry, std::string_view values,
                                bool wants_subject) const {
  if (filter.has_attachments && *filter.has_attachments != content.has_attachments) return false;
  if (!filter.sender.empty() && !contains_folded(content.sender, wire::fold_case(filter.sender))) {
    return false;
  }
  if (wants_subject || !filter.text.empty()) {
    entry.subject = content.subject_for(values, entry.queued_at);
  }
  if (!filter.text.empty()) {
    const std::string part = wire::fold_case(filter.text);
    if (!contains_folded(entry.subject, part) && !contains_folded(entry.address, part)) {
      return false;
    }
  }
  entry.sender = content.sender;
  entry.message_id_domain = content.message_id_domain;
  entry.has_attachments = content.has_attachments;
  return true;
}

Result<void> MessageLog::scan(const Scan& scan, const std::function<bool(const LogEntry&)>& take) {
  const LogFilter& filter = scan.filter;
  std::int64_t after = scan.after;
  std::int64_t before = scan.before;
  std::int64_t statuses = filter.statuses.empty() ? kAllStatuses : 0;
  for (const Status status : filter.statuses) statuses |= std::int64_t{1} << int(status);
  std::int64_t kinds = filter.kinds.empty() ? kAllKinds : 0;
  for (const MessageKind kind : filter.kinds) kinds |= std::int64_t{1} << int(kind);
  const bool is_newest_first = scan.order == LogOrder::newest_first;
  const db::Statement& statement =
      filter.contact ? (is_newest_first ? kContactNewestFirst : kContactOldestFirst)
                     : (is_newest_first ? kNewestFirst : kOldestFirst);
  const auto number = [](const auto& maybe) {
    return maybe ? db::Param(int(*maybe)) : db::Param();
  };
  for (;;) {
    contents_.forget_some();
    std::vector<Row> rows;
    const auto read_row = [&](const db::Row& row) {
      rows.push_back({read_log_row(organisation_, row)});
    };
    TRY(database_.read([&](db::Connection& connection) -> Result<void> {
      rows.clear();
      std::vector<db::Param> params = {
          organisation_, after,           before,      kinds,        number(filter.channel),
          statuses,      filter.campaign, filter.from, filter.until, kPageRows};
      if (filter.contact) params.emplace_back(*filter.contact);
      TRY(connection.query(statement, params, read_row));
      for (Row& row : rows) {
        LogEntry& entry = row.read.entry;
        row.content = TRY(contents_.find(connection, entry.content_version_id));
        if (!row.read.has_others) continue;
        TRY(connection.query(kOthers, {organisation_, entry.id}, [&](const db::Row& other) {
          entry.contact_ids.push_back(other.id<ContactId>(0));
        }));
      }
      return {};
    }));
    for (Row& row : rows) {
      LogEntry& entry = row.read.entry;
      if (!TRY(passes(filter, *row.content, entry, row.read.values, scan.wants_subject))) continue;
      if (!take(entry)) return {};
    }
    if (std::ssize(rows) < kPageRows) return {};
    (is_newest_first ? before : after) = rows.back().read.entry.id.value;
  }
}

Result<MessageLog::Scan> MessageLog::narrowed(const LogFilter& filter) {
  Scan walk{.filter = filter};
  if (filter.from) walk.after = smallest_id_at(*filter.from - kClockSlack) - 1;
  if (filter.until) walk.before = smallest_id_at(*filter.until + kClockSlack);
  if (!filter.campaign) return walk;
  // A campaign's messages are made between its beginning and the end of its expansion.
  bool is_found = false;
  TRY(database_.read([&](db::Connection& connection) {
    return connection.query(
        kCampaignTimes, {organisation_, *filter.campaign}, [&](const db::Row& row) {
          is_found = true;
          walk.after = std::max(walk.after, smallest_id_at(row.instant(0) - kClockSlack) - 1);
          if (row.is_null(1)) return;
          walk.before = std::min(walk.before, smallest_id_at(row.instant(1) + kClockSlack));
        });
  }));
  if (!is_found) {
    return fail(
        ErrorKind::not_found, "campaign.not_found",
        "There is no campaign " + to_text(*filter.campaign) + ". List them with: tidings status");
  }
  return walk;
}

Result<void> MessageLog::each(const LogFilter& filter, LogOrder order,
                              const std::function<bool(const LogEntry&)>& take) {
  Scan walk = TRY(narrowed(filter));
  walk.order = order;
  return scan(walk, take);
}

Result<std::int64_t> MessageLog::count(const LogFilter& filter, std::int64_t most) {
  Scan walk = TRY(narrowed(filter));
  walk.wants_subject = false;
  std::int64_t found = 0;
  if (most > 0) TRY(scan(walk, [&](const LogEntry&) { return ++found < most; }));
  return found;
}

Result<LogEntry> MessageLog::find(MessageId id) {
  std::optional<LogEntry> found;
  const LogFilter all;
  TRY(scan({.filter = all, .after = id.value - 1, .before = id.value + 1},
           [&](const LogEntry& entry) {
             found = entry;
             return true;
           }));
  if (!found) {
    return fail(ErrorKind::not_found, "message.not_found",
                "There is no message " + to_text(id) + ". Find it with: tidings log");
  }
  return *std::move(found);
}

std::span<const db::Statement> message_log_statements() {
  static constexpr std::array kAll = {kOldestFirst,        kNewestFirst, kContactOldestFirst,
                                      kContactNewestFirst, kOthers,      kCampaignTimes};
  return kAll;
}

}  // namespace tidings::report
