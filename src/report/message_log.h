// The communications log: every message, queued and done, streamed (P32).
//
// Read in pages of one short read transaction each, in the order of ids, which is the order of
// queueing: a log of any length takes little memory, and a slow reader (a pager) keeps no snapshot
// of the database alive while a campaign is being sent. A message that changes in the meantime is
// still told exactly once. The period of a filter is that of queueing: it never changes
// afterwards, and ids being times, the primary key finds it.
// Subjects are rendered from what the message froze at expansion, with its time of queueing as
// `now`; where that fails the subject is empty.
// Thread: one. Errors: those of db; report.content (corrupt).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/database.h"
#include "report/content_facts.h"
#include "report/log_filter.h"

namespace tidings::report {

enum class LogOrder { oldest_first, newest_first };

class MessageLog {
 public:
  // Borrows the database.
  MessageLog(db::Database& database, OrganisationId organisation);
  ~MessageLog();

  // Tells every message that passes the filter until `take` returns false.
  // Error: campaign.not_found, when it filters by one.
  Result<void> each(const LogFilter& filter, LogOrder order,
                    const std::function<bool(const LogEntry&)>& take);
  // How many pass, counting to `most` at the most.
  Result<std::int64_t> count(const LogFilter& filter, std::int64_t most);
  // Error: message.not_found.
  Result<LogEntry> find(MessageId id);

 private:
  struct Row;
  struct Scan;
  Result<Scan> narrowed(const LogFilter& filter);
  Result<void> scan(const Scan& scan, const std::function<bool(const LogEntry&)>& take);
  Result<bool> passes(const LogFilter& filter, const ContentFacts& content, LogEntry& entry,
                      std::string_view values, bool wants_subject) const;

  db::Database& database_;
  const OrganisationId organisation_;
  ContentCache contents_;
};

// For plan tests.
std::span<const db::Statement> message_log_statements();

}  // namespace tidings::report
