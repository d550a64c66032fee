#include "report/send_outs.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <chrono>
#include <tuple>
#include <unordered_set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/bytes.h"
#include "base/json_text.h"
#include "report/content_facts.h"
#include "report/log_filter.h"
#include "report/log_rows.h"
#include "report/pace.h"
#include "wire/case_folding.h"
#include "wire/text_encoding.h"

namespace tidings::report {

namespace {

namespace json = boost::json;

// More campaigns than an organisation has; those before are not told.
constexpr int kCampaignsMax = 50'000;
constexpr std::int64_t kSmallestChunk = 100;
constexpr std::int64_t kFirstChunk = 400;
constexpr std::int64_t kLargestChunk = 8'000;
constexpr Duration kTimeMax = std::chrono::milliseconds(25);

constexpr db::Statement kCampaigns{
    "report.send_out_campaigns",
    "SELECT c.id, c.kind, c.channel, c.name, c.state, c.draft, COALESCE(v.subject, ''),"
    " COALESCE(v.from_name, s.name, ''), COALESCE(v.from_address, s.address, ''),"
    " COALESCE(c.started_at, c.scheduled_at, c.created_at), COALESCE(n.sent, 0),"
    " COALESCE(n.total, 0), EXISTS (SELECT 1 FROM content_attachment a WHERE a.organisation_id ="
    " c.organisation_id AND a.content_version_id = c.content_version_id), c.content_version_id"
    " FROM campaign c LEFT JOIN content_version v ON v.organisation_id = c.organisation_id"
    " AND v.id = c.content_version_id LEFT JOIN sender s ON s.organisation_id = c.organisation_id"
    " AND s.id = c.sender_id LEFT JOIN (SELECT campaign_id, CAST(SUM(sent) AS BIGINT) AS sent,"
    " CAST(SUM(queued + sending + deferred + held + sent + bounced + failed + uncertain + skipped"
    " + dropped + cancelled) AS BIGINT) AS total FROM campaign_counter WHERE organisation_id = $1"
    " GROUP BY campaign_id) n ON n.campaign_id = c.id"
    " WHERE c.organisation_id = $1 AND c.state <> 0"
    " AND (CASE WHEN c.deleted_at IS NULL THEN 0 ELSE 1 END) = $2"
    " AND (CAST($3 AS BIGINT) IS NULL OR COALESCE(c.started_at, c.scheduled_at, c.created_at) >= "
    "$3)"
    " AND (CAST($4 AS BIGINT) IS NULL OR COALESCE(c.started_at, c.scheduled_at, c.created_at) < $4)"
    " ORDER BY c.id DESC LIMIT $5"};

// What happened to a campaign along the way. Whether its messages tell that they were opened is
// written in what was frozen of it (delivery/content_store.h).
constexpr db::Statement kCampaignFigures{
    "report.send_out_figures",
    "SELECT (SELECT CAST(COALESCE(SUM(e.opened), 0) AS BIGINT) FROM campaign_engagement e"
    " WHERE e.organisation_id = c.organisation_id AND e.campaign_id = c.id),"
    " (SELECT CAST(COALESCE(SUM(n.unsubscribed), 0) AS BIGINT) FROM campaign_counter n"
    " WHERE n.organisation_id = c.organisation_id AND n.campaign_id = c.id),"
    " (SELECT CAST(COALESCE(SUM(n.blocked), 0) AS BIGINT) FROM campaign_counter n"
    " WHERE n.organisation_id = c.organisation_id AND n.campaign_id = c.id),"
    " (SELECT COUNT(DISTINCT r.message_id) FROM returned_mail r WHERE r.kind = 'reply'"
    " AND r.outcome = 'applied' AND r.organisation_id = $1 AND r.campaign_id = $2),"
    " EXISTS (SELECT 1 FROM content_version v WHERE v.organisation_id = c.organisation_id"
    " AND v.id = c.content_version_id AND v.options NOT LIKE '%\"is_total\":true%'"
    " AND (v.options LIKE '%\"image_at\":%' OR EXISTS (SELECT 1 FROM content_link l"
    " WHERE l.organisation_id = v.organisation_id AND l.content_version_id = v.id)))"
    " FROM campaign c WHERE c.organisation_id = $1 AND c.id = $2"};

constexpr db::Statement kVariantSubjects{
    "report.variant_subjects",
    "SELECT t.content_version_id, v.subject FROM content_variant t JOIN content_version v"
    " ON v.organisation_id = t.organisation_id AND v.id = t.variant_id"
    " WHERE t.organisation_id = $1 AND t.position > 0"};

struct SortFacts {
  std::string_view word;
  std::string_view key;  // SQL over s (send_out) and m (message)
  bool is_text = false;
  bool by_message = false;  // the index is one of message
};

constexpr std::string_view kSent = "(CASE WHEN m.state = 3 THEN 1 ELSE 0 END)";

// In the order of the enumeration.
constexpr std::array<SortFacts, kSendOutSortCount> kSorts = {{
    {"at", "s.id"},
    {"type", "s.type"},
    {"subject", "s.subject_key", true},
    {"sender", "s.sender_key", true},
    {"status", "m.status", false, true},
    {"sent", kSent, false, true},
    {"has_attachments", "s.has_attachments"},
}};
const SortFacts& facts_of(SendOutSort sort) { return kSorts[static_cast<std::size_t>(sort)]; }

// Campaigns among messages: by how far they are.
int status_rank(CampaignState state) {
  switch (state) {
    case CampaignState::draft:
    case CampaignState::scheduled:
      return int(Status::queued);
    case CampaignState::running:
      return int(Status::sending);
    case CampaignState::paused:
      return int(Status::deferred);
    case CampaignState::finished:
      return int(Status::sent);
    case CampaignState::finished_with_errors:
      return int(Status::failed);
    case CampaignState::cancelled:
      return int(Status::cancelled);
    case CampaignState::held:
      return int(Status::held);
  }
  return 0;
}

// By what a row is sorted: the key, then the id.
struct Key {
  std::int64_t number = 0;
  std::string text;
  std::int64_t id = 0;
  friend auto operator<=>(const Key& a, const Key& b) {
    return std::tie(a.number, a.text, a.id) <=> std::tie(b.number, b.text, b.id);
  }
};

struct Keyed {
  Key key;
  SendOut row;
};

std::int64_t micros_of_id(std::int64_t id) {
  constexpr Instant kEpoch = std::chrono::sys_days{std::chrono::year{2024} / 1 / 1};
  return to_micros(kEpoch + std::chrono::milliseconds(id >> 22));
}

std::string cursor_text(const SendOutQuery& query, const Key& key) {
  return to_base64url(fmt::format("{}{} {} {} {}", query.is_descending ? '-' : '+',
                                  to_string(query.sort), key.id, key.number, key.text));
}

std::unexpected<Error> bad_cursor() {
  return fail(ErrorKind::invalid, "log.cursor",
              "This cursor does not belong to this list. Begin again without it.");
}

Result<Key> read_cursor(const SendOutQuery& query) {
  const auto plain = from_base64url(query.cursor);
  const std::string begin =
      fmt::format("{}{} ", query.is_descending ? '-' : '+', to_string(query.sort));
  if (!plain || !plain->starts_with(begin) || !wire::is_utf8(*plain) || plain->contains('\0')) {
    return bad_cursor();
  }
  Key key;
  const char* at = plain->data() + begin.size();
  const char* const end = plain->data() + plain->size();
  for (std::int64_t* number : {&key.id, &key.number}) {
    const auto [stop, error] = std::from_chars(at, end, *number);
    if (error != std::errc() || stop == end || *stop != ' ') return bad_cursor();
    at = stop + 1;
  }
  key.text.assign(at, end);
  return key;
}

std::string draft_subject(std::string_view text) {
  const auto draft = object_of(text);
  return draft ? text_of(*draft, "subject") : "";
}

bool has(const std::vector<std::string>& words, std::string_view word) {
  return words.empty() || std::ranges::find(words, word) != words.end();
}

class Reader {
 public:
  Reader(db::Connection& connection, OrganisationId organisation, const SendOutFilter& filter)
      : connection_(connection),
        organisation_(organisation),
        filter_(filter),
        text_(wire::fold_case(filter.text)),
        sender_(wire::fold_case(filter.sender)) {}

  // All that pass, in no order.
  Result<std::vector<Keyed>> campaigns(SendOutSort sort) {
    // A campaign is found by its subject in any language, and shown with its own.
    std::unordered_set<std::int64_t> in_variants;
    if (!text_.empty()) {
      TRY(connection_.query(kVariantSubjects, {organisation_}, [&](const db::Row& row) {
        if (wire::fold_case(row.text(1)).contains(text_)) in_variants.insert(row.integer(0));
      }));
    }
    std::vector<Keyed> rows;
    TRY(connection_.query(
        kCampaigns,
        {organisation_, filter_.is_deleted ? 1 : 0, filter_.from, filter_.until, kCampaignsMax},
        [&](const db::Row& row) {
          Keyed one{{}, read_campaign(row)};
          if (!passes(one.row)) return;
          if (!has_text(one.row) && !in_variants.contains(row.integer(13))) return;
          const auto state = static_cast<CampaignState>(row.integer(4));
          one.key = key_of(sort, one.row, state);
          rows.push_back(std::move(one));
        }));
    return rows;
  }

  // The next messages without a campaign behind `after`, in order; at most `limit`. is_done says
  // whether there are no more; otherwise the last key looked at is in `after`.
  Result<std::vector<Keyed>> singles(const SendOutQuery& query, std::optional<Key>& after,
                                     std::int64_t limit, bool& is_done) {
    std::vector<Keyed> found;
    is_done = false;
    const Stopwatch watch(kTimeMax);
    std::int64_t chunk = kFirstChunk;
    while (std::ssize(found) < limit) {
      std::int64_t seen = 0;
      const Pace pace(watch, chunk);
      const std::string sql = singles_sql(query, after, chunk);
      std::vector<db::Param> params = {organisation_};
      for (const std::string& text : texts_) params.emplace_back(text);
      if (after && facts_of(query.sort).is_text) params.emplace_back(after->text);
      std::optional<Key> last;
      TRY(connection_.query({"", sql}, params, [&](const db::Row& row) {
        ++seen;
        if (std::ssize(found) == limit) return;
        Key key;
        key.id = row.integer(0);
        if (query.sort == SendOutSort::at) {
          key.number = micros_of_id(key.id);
        } else if (facts_of(query.sort).is_text) {
          key.text = row.string(1);
        } else {
          key.number = row.integer(1);
        }
        last = key;
        if (row.integer(2) != 0) found.push_back({std::move(key), {}});
      }));
      if (last) after = last;
      if (seen < chunk && std::ssize(found) < limit) {
        is_done = true;
        break;
      }
      if (watch.is_over()) break;
      chunk = pace.next(kSmallestChunk, kLargestChunk);
    }
    return found;
  }

  // Fills in the figures of the campaigns among them.
  Result<void> count(std::vector<Keyed>& rows) {
    std::vector<Keyed*> campaigns;
    std::vector<db::Param> keys;
    for (Keyed& one : rows) {
      if (!one.row.is_campaign) continue;
      campaigns.push_back(&one);
      keys.insert(keys.end(), {db::Param(organisation_), db::Param(one.row.id)});
    }
    if (keys.empty()) return {};
    return connection_.query_many(kCampaignFigures, 2, keys,
                                  [&](std::size_t run, const db::Row& row) {
                                    SendOut& campaign = campaigns[run]->row;
                                    if (row.boolean(4)) campaign.opened = row.integer(0);
                                    campaign.unsubscribed = row.integer(1);
                                    campaign.blocked_or_spam = row.integer(2);
                                    campaign.answered = row.integer(3);
                                  });
  }

  // Fills in what is shown of the singles among them.
  Result<void> fill(std::vector<Keyed>& rows, ContentCache& contents) {
    std::vector<std::int64_t> ids;
    for (const Keyed& one : rows) {
      if (!one.row.is_campaign) ids.push_back(one.key.id);
    }
    if (ids.empty()) return {};
    std::vector<LogRow> read;
    const std::string sql = fmt::format(
        TIDINGS_LOG_COLUMNS " FROM message m WHERE m.organisation_id = $1 AND m.id IN ({})",
        fmt::join(ids, ", "));
    TRY(connection_.query({"", sql}, {organisation_}, [&](const db::Row& row) {
      read.push_back(read_log_row(organisation_, row));
    }));
    std::ranges::sort(read, {}, [](const LogRow& row) { return row.entry.id; });
    for (Keyed& one : rows) {
      if (one.row.is_campaign) continue;
      const auto at = std::ranges::lower_bound(read, MessageId{one.key.id}, {},
                                               [](const LogRow& row) { return row.entry.id; });
      if (at == read.end() || at->entry.id.value != one.key.id) continue;
      const LogEntry& entry = at->entry;
      const ContentFacts* content = TRY(contents.find(connection_, entry.content_version_id));
      one.row.id = entry.id.value;
      one.row.type = send_out_type(entry.kind, entry.channel);
      one.row.channel = entry.channel;
      one.row.subject = content->subject_for(at->values, entry.queued_at);
      one.row.sender = content->sender;
      one.row.address = entry.address;
      one.row.status = to_string(entry.status);
      one.row.sent = entry.state == MessageState::sent ? 1 : 0;
      one.row.total = 1;
      one.row.at = entry.queued_at;
      one.row.has_attachments = content->has_attachments;
    }
    return {};
  }

 private:
  static SendOut read_campaign(const db::Row& row) {
    SendOut made;
    made.is_campaign = true;
    made.id = row.integer(0);
    made.channel = static_cast<Channel>(row.integer(2));
    made.type = send_out_type(static_cast<MessageKind>(row.integer(1)), made.channel);
    made.name = row.string(3);
    made.status = to_string(static_cast<CampaignState>(row.integer(4)));
    made.subject = row.string(6);
    if (made.subject.empty()) made.subject = draft_subject(row.text(5));
    const std::string name = row.string(7);
    made.sender = name.empty() ? row.string(8) : fmt::format("{} <{}>", name, row.text(8));
    made.at = row.instant(9);
    made.sent = row.integer(10);
    made.total = row.integer(11);
    made.has_attachments = row.boolean(12);
    return made;
  }

  bool passes(const SendOut& row) const {
    if (!filter_.types.empty() && std::ranges::find(filter_.types, row.type) == filter_.types.end())
      return false;
    if (filter_.channel && *filter_.channel != row.channel) return false;
    if (!has(filter_.statuses, row.status)) return false;
    if (filter_.has_attachments && *filter_.has_attachments != row.has_attachments) return false;
    return wire::fold_case(row.sender).contains(sender_);
  }

  bool has_text(const SendOut& row) const {
    return text_.empty() || wire::fold_case(row.subject).contains(text_) ||
           wire::fold_case(row.name).contains(text_);
  }

  static Key key_of(SendOutSort sort, const SendOut& row, CampaignState state) {
    Key key{.id = row.id};
    switch (sort) {
      case SendOutSort::at:
        key.number = to_micros(row.at);
        break;
      case SendOutSort::type:
        key.number = int(row.type);
        break;
      case SendOutSort::subject:
        key.text = wire::fold_case(row.subject);
        break;
      case SendOutSort::sender:
        key.text = wire::fold_case(row.sender);
        std::erase(key.text, '<');
        std::erase(key.text, '>');
        break;
      case SendOutSort::status:
        key.number = status_rank(state);
        break;
      case SendOutSort::sent:
        key.number = row.sent;
        break;
      case SendOutSort::has_attachments:
        key.number = row.has_attachments ? 1 : 0;
        break;
    }
    return key;
  }

  // Of those behind `after` one chunk, with whether each passes.
  std::string singles_sql(const SendOutQuery& query, const std::optional<Key>& after,
                          std::int64_t chunk) {
    texts_.clear();
    const SortFacts& facts = facts_of(query.sort);
    const std::string where = passes_sql();
    const std::string_view id = facts.by_message ? "m.id" : "s.id";
    std::string behind;
    if (after && query.sort == SendOutSort::at) {
      behind = fmt::format(" AND s.id {} {}", query.is_descending ? '<' : '>',
                           id_bound(query.is_descending, *after));
    } else if (after) {
      const char sign = query.is_descending ? '<' : '>';
      const std::string key =
          facts.is_text ? fmt::format("${}", texts_.size() + 2) : std::to_string(after->number);
      behind = fmt::format(" AND {0} {1}= {2} AND ({0} {1} {2} OR {3} {1} {4})", facts.key, sign,
                           key, id, after->id);
    }
    std::string period;
    if (filter_.from) {
      period += fmt::format(" AND {} >= {}", id, smallest_id_at(*filter_.from));
    }
    if (filter_.until) period += fmt::format(" AND {} < {}", id, smallest_id_at(*filter_.until));
    // Optimisation: joined, PostgreSQL would read and sort all of them for the next few.
    const auto [from, other] =
        facts.by_message
            ? std::pair{"message m WHERE m.organisation_id = $1 AND m.campaign_id IS NULL",
                        "send_out s WHERE s.organisation_id = m.organisation_id AND s.id = m.id"}
            : std::pair{"send_out s WHERE s.organisation_id = $1",
                        "message m WHERE m.organisation_id = s.organisation_id AND m.id = s.id"};
    return fmt::format(
        "SELECT {0}, {1}, COALESCE((SELECT 1 FROM {2} AND m.deleted_at IS {3} AND {4}), 0) FROM"
        " {5}{6}{7} ORDER BY {1}{8}, {0}{8} LIMIT {9}",
        id, facts.key, other, filter_.is_deleted ? "NOT NULL" : "NULL", where, from, behind, period,
        query.is_descending ? " DESC" : "", chunk);
  }

  // Singles in the order of time stand where their ids' milliseconds are.
  static std::int64_t id_bound(bool is_descending, const Key& after) {
    const Instant at = from_micros(after.number);
    const auto millis = std::chrono::floor<std::chrono::milliseconds>(at);
    const std::int64_t first = smallest_id_at(Instant(millis));
    const std::int64_t next = first + (std::int64_t{1} << 22);
    if (Instant(millis) != at) return is_descending ? next : next - 1;
    return is_descending ? std::clamp(after.id, first, next)
                         : std::clamp(after.id, first - 1, next - 1);
  }

  std::string passes_sql() {
    std::string where = "1 = 1";
    if (!filter_.types.empty()) {
      std::vector<int> types;
      for (const SendOutType type : filter_.types) types.push_back(int(type));
      where += fmt::format(" AND s.type IN ({})", fmt::join(types, ", "));
    }
    if (filter_.channel) where += fmt::format(" AND m.channel = {}", int(*filter_.channel));
    if (!filter_.statuses.empty()) {
      std::vector<int> statuses = {-1};
      for (const std::string& word : filter_.statuses) {
        if (const auto status = parse_status(word)) statuses.push_back(int(*status));
      }
      where += fmt::format(" AND m.status IN ({})", fmt::join(statuses, ", "));
    }
    if (filter_.has_attachments) {
      where += fmt::format(" AND s.has_attachments = {}", *filter_.has_attachments ? 1 : 0);
    }
    if (!sender_.empty()) where += " AND " + contains("s.sender_key", sender_);
    if (!text_.empty()) {
      where += fmt::format(" AND ({} OR {})", contains("s.subject_key", text_),
                           contains("m.normalised", text_));
    }
    return where;
  }

  std::string contains(std::string_view whole, const std::string& part) {
    texts_.push_back(part);
    const std::size_t number = texts_.size() + 1;
    return connection_.dialect() == db::Dialect::sqlite
               ? fmt::format("instr({}, ${}) > 0", whole, number)
               : fmt::format("position(${} in {}) > 0", number, whole);
  }

  db::Connection& connection_;
  const OrganisationId organisation_;
  const SendOutFilter& filter_;
  const std::string text_;
  const std::string sender_;
  std::vector<std::string> texts_;
};

}  // namespace

std::string_view to_string(SendOutSort sort) { return facts_of(sort).word; }

std::optional<SendOutSort> parse_send_out_sort(std::string_view word) {
  for (std::size_t i = 0; i < kSorts.size(); ++i) {
    if (kSorts[i].word == word) return static_cast<SendOutSort>(i);
  }
  return std::nullopt;
}

SendOuts::SendOuts(db::Database& database, OrganisationId organisation)
    : database_(database), organisation_(organisation) {}

Result<SendOutPage> SendOuts::list(const SendOutQuery& query) {
  std::optional<Key> after;
  if (!query.cursor.empty()) after = TRY(read_cursor(query));
  return database_.read_value([&](db::Connection& connection) -> Result<SendOutPage> {
    SendOutPage page;
    Reader reader(connection, organisation_, query.filter);
    const auto goes_first = [&](const Keyed& a, const Keyed& b) {
      return query.is_descending ? a.key > b.key : a.key < b.key;
    };
    std::vector<Keyed> rows = TRY(reader.campaigns(query.sort));
    if (after) {
      std::erase_if(rows, [&](const Keyed& one) {
        return query.is_descending ? one.key >= *after : one.key <= *after;
      });
    }
    std::optional<Key> looked_to = after;
    bool is_done = false;
    const std::int64_t wanted = query.limit + 1;
    auto singles = TRY(reader.singles(query, looked_to, wanted, is_done));
    const bool is_cut = !is_done && std::ssize(singles) < wanted;
    std::ranges::move(singles, std::back_inserter(rows));
    std::ranges::sort(rows, goes_first);
    // Behind where the search among the singles ended there may be more of them.
    if (is_cut && looked_to) {
      std::erase_if(rows, [&](const Keyed& one) {
        return query.is_descending ? one.key < *looked_to : one.key > *looked_to;
      });
    }
    const bool has_more = std::ssize(rows) > query.limit;
    if (has_more) rows.resize(static_cast<std::size_t>(query.limit));
    if (has_more) {
      page.next_cursor = cursor_text(query, rows.back().key);
    } else if (is_cut && looked_to) {
      page.next_cursor = cursor_text(query, *looked_to);
    }
    ContentCache contents(organisation_);
    TRY(reader.fill(rows, contents));
    TRY(reader.count(rows));
    for (Keyed& one : rows) page.items.push_back(std::move(one.row));
    return page;
  });
}

Result<std::int64_t> SendOuts::count(const SendOutFilter& filter, std::int64_t most) {
  return database_.read_value([&](db::Connection& connection) -> Result<std::int64_t> {
    Reader reader(connection, organisation_, filter);
    const SendOutQuery query{.filter = filter};
    std::int64_t found = std::ssize(TRY(reader.campaigns(query.sort)));
    std::optional<Key> after;
    bool is_done = false;
    if (found < most) {
      found += std::ssize(TRY(reader.singles(query, after, most - found, is_done)));
    }
    return std::min(found, most);
  });
}

}  // namespace tidings::report
