#include "report/message_pages.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <unordered_map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "report/log_rows.h"
#include "report/message_order.h"
#include "report/message_query.h"
#include "report/message_ranking.h"
#include "report/pace.h"
#include "wire/case_folding.h"

namespace tidings::report {

namespace {

constexpr std::int64_t kSmallestChunk = 20;
constexpr std::int64_t kFirstChunk = 500;
constexpr std::int64_t kLargestChunk = 16'000;
// Rows whose subjects must be rendered are read in portions of this size.
constexpr std::size_t kPortion = 500;
constexpr std::size_t kRankedMax = 32'000;

constexpr db::Statement kCampaignDeleted{
    "report.campaign_deleted_at",
    "SELECT deleted_at FROM campaign WHERE organisation_id = $1 AND id = $2"};

// What one page may still read.
struct Budget {
  std::int64_t rows;
  Stopwatch watch;
  bool is_over() const { return rows <= 0 || watch.is_over(); }
};

// One source, walked in the order of ids.
class Walk {
 public:
  Walk(const CompiledFilter& filter, const Source& source, bool is_descending)
      : filter_(filter), source_(source), is_descending_(is_descending), ranges_(source.ranges) {
    std::erase_if(ranges_, [](const IdRange& range) { return range.empty(); });
    if (is_descending_) std::ranges::reverse(ranges_);
  }

  // Goes on behind this id.
  void go_behind(std::int64_t id) {
    std::erase_if(ranges_, [&](IdRange& range) {
      if (is_descending_) {
        range.before = std::min(range.before, id);
      } else {
        range.after = std::max(range.after, id);
      }
      return range.empty();
    });
  }

  bool is_done() const { return ranges_.empty(); }
  bool has_stepped() const { return has_stepped_; }
  std::deque<std::int64_t>& found() { return found_; }
  // Everything before this (in the direction of the walk) is in found().
  std::int64_t position() const {
    return is_descending_ ? ranges_.front().before : ranges_.front().after;
  }

  Result<void> step(db::Connection& connection, std::int64_t wanted, Budget& budget) {
    const IdRange range = ranges_.front();
    const std::int64_t limit =
        filter_.where.empty() ? wanted : std::max(std::min(chunk_, budget.rows), kSmallestChunk);
    has_stepped_ = true;
    const Pace pace(budget.watch, limit);
    const std::string_view direction = is_descending_ ? " DESC" : "";
    const std::string rows =
        fmt::format(" FROM {} WHERE {} AND {} > {} AND {} < {} ORDER BY {}{} LIMIT {}",
                    source_.from, source_.access, source_.id, range.after, source_.id, range.before,
                    source_.id, direction, limit);
    std::int64_t seen = 0;
    std::int64_t last = 0;
    std::vector<std::int64_t> ids;
    if (filter_.where.empty()) {
      const std::string sql = "SELECT m.id" + rows;
      TRY(connection.query({"", sql}, db::Params(filter_.params).first(1), [&](const db::Row& row) {
        ids.push_back(last = row.integer(0));
        ++seen;
      }));
    } else {
      const std::string sql = fmt::format(
          "WITH part AS MATERIALIZED (SELECT " TIDINGS_PART
          "{})"
          " SELECT m.id, -1 FROM part m WHERE {} UNION ALL SELECT {}(id), COUNT(*) FROM part",
          rows, filter_.where, is_descending_ ? "MIN" : "MAX");
      TRY(connection.query({"", sql}, filter_.params, [&](const db::Row& row) {
        if (row.integer(1) < 0) {
          ids.push_back(row.integer(0));
        } else {
          last = row.integer(0);
          seen = row.integer(1);
        }
      }));
      std::ranges::sort(ids);
      if (is_descending_) std::ranges::reverse(ids);
    }
    budget.rows -= seen;
    chunk_ = pace.next(kSmallestChunk, kLargestChunk);
    found_.insert(found_.end(), ids.begin(), ids.end());
    if (seen < limit) {
      ranges_.erase(ranges_.begin());
    } else {
      go_behind(last);
    }
    return {};
  }

 private:
  const CompiledFilter& filter_;
  const Source& source_;
  const bool is_descending_;
  std::vector<IdRange> ranges_;
  std::deque<std::int64_t> found_;
  std::int64_t chunk_ = kFirstChunk;
  bool has_stepped_ = false;
};

// Several sources at once, in the order of ids.
class Walks {
 public:
  Walks(const CompiledFilter& filter, bool is_descending) : is_descending_(is_descending) {
    for (const Source& source : filter.sources) walks_.emplace_back(filter, source, is_descending);
  }
  void go_behind(std::int64_t id) {
    for (Walk& walk : walks_) walk.go_behind(id);
  }

  // The next ids, up to `wanted` of them; fewer when the budget is spent or nothing is left.
  Result<std::vector<std::int64_t>> next(db::Connection& connection, std::int64_t wanted,
                                         Budget& budget) {
    std::vector<std::int64_t> ids;
    while (std::ssize(ids) < wanted) {
      Walk* behind = nullptr;  // the one that has come least far
      Walk* first = nullptr;   // the one with the next id
      for (Walk& walk : walks_) {
        if (walk.found().empty() && !walk.is_done() &&
            (behind == nullptr || is_before(walk.position(), behind->position()))) {
          behind = &walk;
        }
        if (!walk.found().empty() &&
            (first == nullptr || is_before(walk.found().front(), first->found().front()))) {
          first = &walk;
        }
      }
      if (behind != nullptr &&
          (first == nullptr || !is_before(first->found().front(), behind->position()))) {
        // Each goes on a little in every page, so that the list ends.
        if (budget.is_over() && behind->has_stepped()) {
          stopped_at_ = behind->position();
          break;
        }
        TRY(behind->step(connection, wanted, budget));
        continue;
      }
      if (first == nullptr) break;
      ids.push_back(first->found().front());
      first->found().pop_front();
    }
    return ids;
  }

  bool is_done() const {
    return std::ranges::all_of(walks_, [](const Walk& walk) {
      return walk.is_done() && const_cast<Walk&>(walk).found().empty();
    });
  }
  // Where the budget ended, when it did.
  std::optional<std::int64_t> stopped_at() const { return stopped_at_; }

 private:
  bool is_before(std::int64_t a, std::int64_t b) const { return is_descending_ ? a > b : a < b; }

  const bool is_descending_;
  std::vector<Walk> walks_;
  std::optional<std::int64_t> stopped_at_;
};

bool has_text(const CompiledFilter& filter, const LogEntry& entry) {
  if (!filter.templated.contains(entry.content_version_id.value) || !entry.campaign_id.valid()) {
    return true;
  }
  return wire::fold_case(entry.subject).contains(filter.text) ||
         wire::fold_case(entry.address).contains(filter.text);
}

Instant instant_of(std::int64_t id) {
  constexpr Instant kEpoch = std::chrono::sys_days{std::chrono::year{2024} / 1 / 1};
  return kEpoch + std::chrono::milliseconds(id >> 22);
}

}  // namespace

MessagePages::MessagePages(db::Database& database, OrganisationId organisation, PageBounds bounds)
    : database_(database), organisation_(organisation), bounds_(bounds), contents_(organisation) {}

Result<MessagePage> MessagePages::list(const MessageQuery& query) {
  return database_.read_value([&](db::Connection& connection) -> Result<MessagePage> {
    contents_.forget_some();
    const bool sorts = query.sort != MessageSort::queued_at;
    const CompiledFilter filter = TRY(
        compile_filter(connection, organisation_, query.filter, sorts ? bounds_.sorted_max : 0));
    if (sorts) {
      auto sorted = TRY(list_sorted(connection, query, filter));
      if (sorted) return *std::move(sorted);
    }
    return list_by_time(connection, query, filter);
  });
}

Result<MessagePage> MessagePages::list_by_time(db::Connection& connection,
                                               const MessageQuery& query,
                                               const CompiledFilter& filter) {
  MessagePage page;
  page.is_descending = query.sort == MessageSort::queued_at ? query.is_descending : true;
  Budget budget{bounds_.rows_max, Stopwatch(bounds_.time_max)};
  Walks walks(filter, page.is_descending);
  if (!query.cursor.empty()) {
    const MessageCursor cursor = TRY(read_message_cursor(query.cursor));
    if (cursor.sort != MessageSort::queued_at || cursor.is_descending != page.is_descending) {
      return bad_message_cursor();
    }
    walks.go_behind(cursor.id);
  }
  const auto limit = static_cast<std::size_t>(query.limit);
  std::int64_t last = 0;
  while (page.items.size() < limit) {
    const std::size_t wanted = filter.templated.empty() ? limit - page.items.size() : kPortion;
    const auto ids = TRY(walks.next(connection, static_cast<std::int64_t>(wanted), budget));
    for (LogEntry& entry : TRY(read(connection, ids))) {
      last = entry.id.value;
      if (!has_text(filter, entry)) continue;
      page.items.push_back(std::move(entry));
      if (page.items.size() == limit) break;
    }
    if (page.items.size() == limit || ids.size() < wanted || budget.is_over()) break;
  }
  MessageCursor next{.is_descending = page.is_descending, .id = last, .number = last, .text = {}};
  if (page.items.size() < limit && walks.stopped_at()) next.id = *walks.stopped_at();
  const bool is_short = page.items.size() < limit && !walks.is_done();
  if (is_short) page.searched_to = instant_of(next.id);
  if (is_short || page.items.size() == limit) page.next_cursor = to_text(next);
  return page;
}

Result<std::vector<LogEntry>> MessagePages::read(db::Connection& connection,
                                                 std::span<const std::int64_t> ids) {
  std::vector<LogEntry> entries;
  if (ids.empty()) return entries;
  std::vector<LogRow> rows;
  const std::string sql = fmt::format(
      TIDINGS_LOG_COLUMNS " FROM message m WHERE m.organisation_id = $1 AND m.id IN ({})",
      fmt::join(ids, ", "));
  TRY(connection.query({"", sql}, {organisation_}, [&](const db::Row& row) {
    rows.push_back(read_log_row(organisation_, row));
  }));
  std::unordered_map<std::int64_t, std::size_t> places;
  for (std::size_t i = 0; i < rows.size(); ++i) places[rows[i].entry.id.value] = i;
  for (const std::int64_t id : ids) {
    const auto at = places.find(id);
    if (at == places.end()) continue;
    LogRow& row = rows[at->second];
    LogEntry& entry = row.entry;
    const ContentFacts* content = TRY(contents_.find(connection, entry.content_version_id));
    entry.subject = content->subject_for(row.values, entry.queued_at);
    entry.sender = content->sender;
    entry.message_id_domain = content->message_id_domain;
    entry.has_attachments = content->has_attachments;
    if (row.has_others) {
      TRY(connection.query(kOthers, {organisation_, entry.id}, [&](const db::Row& other) {
        entry.contact_ids.push_back(other.id<ContactId>(0));
      }));
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<LogEntry> MessagePages::find(MessageId id) {
  return database_.read_value([&](db::Connection& connection) -> Result<LogEntry> {
    const std::array ids = {id.value};
    auto found = TRY(read(connection, ids));
    if (found.empty()) {
      return fail(ErrorKind::not_found, "message.not_found",
                  "There is no message " + tidings::to_text(id) + ".");
    }
    LogEntry& entry = found.front();
    if (!entry.deleted_at && entry.campaign_id.valid()) {
      TRY(connection.query(kCampaignDeleted, {organisation_, entry.campaign_id},
                           [&](const db::Row& row) {
                             if (!row.is_null(0)) entry.deleted_at = row.instant(0);
                           }));
    }
    return std::move(entry);
  });
}

Result<std::int64_t> MessagePages::count(const LogFilter& wanted, std::int64_t most) {
  return database_.read_value([&](db::Connection& connection) -> Result<std::int64_t> {
    Budget budget{bounds_.rows_max, Stopwatch(bounds_.time_max)};
    const CompiledFilter filter = TRY(compile_filter(connection, organisation_, wanted, 0));
    Walks walks(filter, true);
    std::int64_t found = 0;
    while (found < most) {
      const std::int64_t portion = std::min<std::int64_t>(most - found, kLargestChunk);
      const auto ids = TRY(walks.next(connection, portion, budget));
      if (filter.templated.empty()) {
        found += std::ssize(ids);
      } else {
        for (const LogEntry& entry : TRY(read(connection, ids))) found += has_text(filter, entry);
      }
      if (std::ssize(ids) < portion) break;
    }
    return found < most && walks.stopped_at() ? -1 : found;
  });
}

Result<std::optional<MessagePage>> MessagePages::list_sorted(db::Connection& connection,
                                                             const MessageQuery& query,
                                                             const CompiledFilter& filter) {
  MessageCursor cursor{.sort = query.sort, .is_descending = query.is_descending};
  const bool goes_on = !query.cursor.empty();
  if (goes_on) {
    cursor = TRY(read_message_cursor(query.cursor));
    // The list was too long for this order when it began.
    if (cursor.sort == MessageSort::queued_at) return std::nullopt;
    if (cursor.sort != query.sort || cursor.is_descending != query.is_descending) {
      return bad_message_cursor();
    }
  }
  if (!TRY(may_sort(connection, filter, query, bounds_.sorted_max))) return std::nullopt;
  MessagePage page;
  page.sort = query.sort;
  page.is_descending = query.is_descending;
  const Stopwatch watch(bounds_.time_max);
  const auto limit = static_cast<std::size_t>(query.limit);
  std::size_t wanted = filter.templated.empty() ? limit : kPortion;
  for (bool is_first = !goes_on;; is_first = false) {
    auto rows = TRY(ranked(connection, filter, query, is_first ? nullptr : &cursor, wanted));
    std::size_t seen = 0;
    while (seen < rows.size() && page.items.size() < limit && (seen == 0 || !watch.is_over())) {
      std::vector<std::int64_t> ids;
      for (const MessageCursor& row : std::span(rows).subspan(seen)) {
        if (ids.size() == kPortion) break;
        ids.push_back(row.id);
      }
      for (LogEntry& entry : TRY(read(connection, ids))) {
        cursor = std::move(rows[seen++]);
        if (!has_text(filter, entry)) continue;
        page.items.push_back(std::move(entry));
        if (page.items.size() == limit) break;
      }
    }
    if (seen == rows.size() && rows.size() < wanted) return page;
    if (page.items.size() == limit || watch.is_over()) {
      page.next_cursor = to_text(cursor);
      return page;
    }
    // Each time all of them are sorted again.
    wanted = std::min(wanted * 8, kRankedMax);
  }
}

}  // namespace tidings::report
