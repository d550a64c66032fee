// Every message (P32), in pages: any filter, sorted by any column, fast at ten million messages.
//
// In the order of time a page is read along the primary key, or along one of the indexes that hold
// only what a filter asks for (contact, kind, text messages, statuses of trouble, campaigns of a
// sender). What no index knows, a part of a subject or of an address, is looked for row by row
// within a bound: then a page may hold less than was asked for while next_cursor goes on, and
// searched_to says how far back it has looked.
// Sorted by anything else it may choose among 100,000 messages at most; of more the page is in the
// order of time, and says so in `sort`. See docs/decisions/0014-reading-the-record.md.
// A text with something before an @ is the beginning of an address and found by index; any other
// text is part of a subject or of an address.
// Thread: one. Errors: those of db; log.cursor (invalid); campaign.not_found, when it filters by
// one that is not there or was deleted from the history.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/database.h"
#include "report/content_facts.h"
#include "report/log_filter.h"

namespace tidings::report {

struct CompiledFilter;

enum class MessageSort : std::uint8_t {
  queued_at,
  address,
  status,
  kind,
  channel,
  subject,  // as it was written: before anybody's own words are filled in
  sender,
  has_attachments,
  reason,
  attempts,
  changed_at,
  contact,  // by the name it is sorted by among contacts
};
inline constexpr int kMessageSortCount = 12;
// As in the API: the name of the member.
std::string_view to_string(MessageSort sort);
std::optional<MessageSort> parse_message_sort(std::string_view word);

struct MessageQuery {
  LogFilter filter;
  MessageSort sort = MessageSort::queued_at;
  bool is_descending = true;
  int limit = 50;      // 1..200
  std::string cursor;  // next_cursor of the page before
};

struct MessagePage {
  std::vector<LogEntry> items;
  std::string next_cursor;  // empty on the last page
  // What the page really is sorted by.
  MessageSort sort = MessageSort::queued_at;
  bool is_descending = true;
  // Set when the page holds less than was asked for because the bound was reached.
  std::optional<Instant> searched_to;
};

// How much one page may read when no index helps.
struct PageBounds {
  std::int64_t rows_max = 200'000;
  Duration time_max = std::chrono::milliseconds(25);
  std::int64_t sorted_max = 100'000;
};

class MessagePages {
 public:
  MessagePages(db::Database& database, OrganisationId organisation, PageBounds bounds = {});

  Result<MessagePage> list(const MessageQuery& query);
  // Error: message.not_found. Tells of one deleted from the history too (deleted_at).
  Result<LogEntry> find(MessageId id);
  // How many pass, counting to `most`; -1 when the bounds end before that is known.
  Result<std::int64_t> count(const LogFilter& filter, std::int64_t most);

 private:
  Result<std::vector<LogEntry>> read(db::Connection& connection, std::span<const std::int64_t> ids);
  Result<MessagePage> list_by_time(db::Connection& connection, const MessageQuery& query,
                                   const CompiledFilter& filter);
  Result<std::optional<MessagePage>> list_sorted(db::Connection& connection,
                                                 const MessageQuery& query,
                                                 const CompiledFilter& filter);

  db::Database& database_;
  const OrganisationId organisation_;
  const PageBounds bounds_;
  ContentCache contents_;
};

}  // namespace tidings::report
