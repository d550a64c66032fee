#include "report/communications.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

#include "base/utf8.h"
#include "report/message_order.h"
#include "wire/case_folding.h"

namespace tidings::report {

namespace {

constexpr std::int64_t kChunk = 200;
constexpr int kChunksMax = 25;  // of a page: a text that no index knows is looked for a while

// outcome: it is believed to be an answer to this message.
#define TIDINGS_ANSWERS                                                                     \
  "SELECT r.id, r.message_id, r.campaign_id, r.contact_id, r.sender, r.subject,"            \
  " r.body_text, r.received_at FROM returned_mail r"                                        \
  " LEFT JOIN message m ON m.organisation_id = r.organisation_id AND m.id = r.message_id"   \
  " LEFT JOIN campaign c ON c.organisation_id = r.organisation_id AND c.id = r.campaign_id" \
  " WHERE r.organisation_id = $1 AND r.id > $2 AND r.id < $3 AND r.kind = 'reply'"          \
  " AND r.outcome = 'applied' AND r.received_at >= $4 AND r.received_at < $5"               \
  " AND m.deleted_at IS NULL AND c.deleted_at IS NULL"

constexpr db::Statement kAnswersDown{"report.answers_down",
                                     TIDINGS_ANSWERS " ORDER BY r.id DESC LIMIT $6"};
constexpr db::Statement kAnswersUp{"report.answers_up", TIDINGS_ANSWERS " ORDER BY r.id LIMIT $6"};
constexpr db::Statement kAnswersOfContactDown{"report.answers_of_contact_down", TIDINGS_ANSWERS
                                              " AND r.contact_id = $7"
                                              " ORDER BY r.id DESC LIMIT $6"};
constexpr db::Statement kAnswersOfContactUp{"report.answers_of_contact_up", TIDINGS_ANSWERS
                                            " AND r.contact_id = $7"
                                            " ORDER BY r.id LIMIT $6"};

constexpr std::array kStatements = {kAnswersDown, kAnswersUp, kAnswersOfContactDown,
                                    kAnswersOfContactUp};

std::int64_t id_of(const Communication& one) {
  const auto* entry = std::get_if<LogEntry>(&one);
  return entry != nullptr ? entry->id.value : std::get<ReceivedAnswer>(one).id;
}

// Whether an answer can have what is asked for at all.
bool may_have_answers(const LogFilter& filter) {
  return !filter.is_deleted && !filter.group && !filter.has_attachments &&
         (!filter.channel || *filter.channel == Channel::email);
}

bool passes(const ReceivedAnswer& answer, const LogFilter& filter, std::string_view sender,
            std::string_view text) {
  if (filter.campaign && answer.campaign_id != *filter.campaign) return false;
  const std::string from = wire::fold_case(answer.sender);
  return from.contains(sender) &&
         (from.contains(text) || wire::fold_case(answer.subject).contains(text));
}

std::string beginning_of(std::string_view text) {
  std::string beginning(utf8_prefix(text, kAnswerShownMax));
  if (beginning.size() < text.size()) beginning += "…";
  return beginning;
}

// Ids between both, neither of them in it.
struct Range {
  std::int64_t after = 0;
  std::int64_t before = std::numeric_limits<std::int64_t>::max();
  bool is_descending = true;
};

struct Found {
  std::vector<ReceivedAnswer> answers;
  // Everything before it, in the direction of the list, was looked at.
  std::optional<std::int64_t> stopped_at;
};

// Whose answers.
struct Place {
  db::Database& database;
  OrganisationId organisation;
};

Result<Found> find_answers(Place place, const LogFilter& filter, Range range, std::size_t limit) {
  const std::string sender = wire::fold_case(filter.sender);
  const std::string text = wire::fold_case(filter.text);
  const Instant from = filter.from.value_or(Instant());
  const Instant until = filter.until.value_or(Instant::max());
  Found found;
  for (int chunk = 0;; ++chunk) {
    std::vector<ReceivedAnswer> rows;
    const auto take = [&](const db::Row& row) {
      rows.push_back({row.integer(0), MessageId{row.maybe_integer(1).value_or(0)},
                      CampaignId{row.maybe_integer(2).value_or(0)},
                      ContactId{row.maybe_integer(3).value_or(0)}, row.string(4), row.string(5),
                      beginning_of(row.text(6)), row.instant(7)});
    };
    TRY(place.database.read([&](db::Connection& connection) -> Result<void> {
      rows.clear();
      if (filter.contact) {
        return connection.query(
            range.is_descending ? kAnswersOfContactDown : kAnswersOfContactUp,
            {place.organisation, range.after, range.before, from, until, kChunk, *filter.contact},
            take);
      }
      return connection.query(range.is_descending ? kAnswersDown : kAnswersUp,
                              {place.organisation, range.after, range.before, from, until, kChunk},
                              take);
    }));
    for (ReceivedAnswer& row : rows) {
      (range.is_descending ? range.before : range.after) = row.id;
      if (!passes(row, filter, sender, text)) continue;
      found.answers.push_back(std::move(row));
      if (found.answers.size() == limit) break;
    }
    if (found.answers.size() == limit || (std::ssize(rows) == kChunk && chunk + 1 == kChunksMax)) {
      found.stopped_at = range.is_descending ? range.before : range.after;
      return found;
    }
    if (std::ssize(rows) < kChunk) return found;
  }
}

// The answers that pass, one after the other.
class AnswerWalk {
 public:
  AnswerWalk(Place place, const LogFilter& filter, LogOrder order)
      : place_(place), filter_(filter), range_{.is_descending = order == LogOrder::newest_first} {}

  // Null when there is no more.
  Result<const ReceivedAnswer*> next() {
    while (at_ == ahead_.size() && !is_over_) {
      Found found = TRY(find_answers(place_, filter_, range_, kChunk));
      ahead_ = std::move(found.answers);
      at_ = 0;
      is_over_ = !found.stopped_at;
      if (!is_over_) (range_.is_descending ? range_.before : range_.after) = *found.stopped_at;
    }
    return at_ == ahead_.size() ? nullptr : &ahead_[at_];
  }
  void drop() { ++at_; }
  bool is_before(const ReceivedAnswer& answer, std::int64_t id) const {
    return range_.is_descending ? answer.id > id : answer.id < id;
  }

 private:
  const Place place_;
  const LogFilter& filter_;
  Range range_;
  std::vector<ReceivedAnswer> ahead_;
  std::size_t at_ = 0;
  bool is_over_ = false;
};

}  // namespace

Result<CommunicationPage> Communications::list(const CommunicationQuery& query) {
  const MessageQuery& asked = query.messages;
  CommunicationPage made;
  MessagePage& page = made.page;
  if (query.has_messages) {
    page = TRY(pages_.list(asked));
  } else if (asked.sort == MessageSort::queued_at) {
    page.is_descending = asked.is_descending;
  }
  std::ranges::transform(page.items, std::back_inserter(made.items),
                         [](LogEntry& entry) { return Communication(std::move(entry)); });
  page.items.clear();
  if (!query.has_answers || page.sort != MessageSort::queued_at ||
      !may_have_answers(asked.filter)) {
    return made;
  }
  // Where the messages of this page are, and no further.
  Range range{.is_descending = page.is_descending};
  if (!asked.cursor.empty()) {
    const MessageCursor cursor = TRY(read_message_cursor(asked.cursor));
    if (cursor.sort != MessageSort::queued_at || cursor.is_descending != page.is_descending) {
      return bad_message_cursor();
    }
    (page.is_descending ? range.before : range.after) = cursor.id;
  }
  if (!page.next_cursor.empty()) {
    const std::int64_t end = TRY(read_message_cursor(page.next_cursor)).id;
    (page.is_descending ? range.after : range.before) = page.is_descending ? end - 1 : end + 1;
  }
  const auto limit = static_cast<std::size_t>(asked.limit);
  Found found = TRY(find_answers({database_, organisation_}, asked.filter, range, limit));
  const auto is_before = [&](const Communication& a, const Communication& b) {
    return page.is_descending ? id_of(a) > id_of(b) : id_of(a) < id_of(b);
  };
  std::vector<Communication> merged;
  merged.reserve(made.items.size() + found.answers.size());
  std::vector<Communication> answers(std::make_move_iterator(found.answers.begin()),
                                     std::make_move_iterator(found.answers.end()));
  std::merge(std::make_move_iterator(made.items.begin()), std::make_move_iterator(made.items.end()),
             std::make_move_iterator(answers.begin()), std::make_move_iterator(answers.end()),
             std::back_inserter(merged), is_before);
  made.items = std::move(merged);
  std::optional<std::int64_t> next;
  if (found.stopped_at) {
    // What comes behind it may have answers in between.
    std::erase_if(made.items, [&](const Communication& one) {
      return page.is_descending ? id_of(one) < *found.stopped_at : id_of(one) > *found.stopped_at;
    });
    next = *found.stopped_at;
  }
  if (made.items.size() > limit) {
    made.items.erase(made.items.begin() + asked.limit, made.items.end());
    next = id_of(made.items.back());
  }
  if (next) {
    page.next_cursor =
        to_text({.is_descending = page.is_descending, .id = *next, .number = *next, .text = {}});
    page.searched_to.reset();
  }
  return made;
}

Result<void> CommunicationLog::each(const LogFilter& filter, LoggedKinds kinds, LogOrder order,
                                    const Takers& takers) {
  AnswerWalk walk({database_, organisation_}, filter, order);
  bool goes_on = true;
  // Those before a message; without one, all that are left.
  const auto tell_answers = [&](std::optional<std::int64_t> until) -> Result<void> {
    while (goes_on && kinds.answers && may_have_answers(filter)) {
      const ReceivedAnswer* const answer = TRY(walk.next());
      if (answer == nullptr || (until && !walk.is_before(*answer, *until))) return {};
      goes_on = takers.answer(*answer);
      walk.drop();
    }
    return {};
  };
  if (kinds.messages) {
    Result<void> told;
    TRY(log_.each(filter, order, [&](const LogEntry& entry) {
      told = tell_answers(entry.id.value);
      goes_on = told && goes_on && takers.message(entry);
      return goes_on;
    }));
    TRY(std::move(told));
  }
  return tell_answers({});
}

Result<std::int64_t> CommunicationLog::count(const LogFilter& filter, LoggedKinds kinds,
                                             std::int64_t most) {
  std::int64_t count = kinds.messages ? TRY(log_.count(filter, most)) : 0;
  TRY(each(filter, {.messages = false, .answers = kinds.answers}, LogOrder::newest_first,
           {.message = {}, .answer = [&](const ReceivedAnswer&) { return ++count < most; }}));
  return std::min(count, most);
}

std::span<const db::Statement> communication_statements() { return kStatements; }

}  // namespace tidings::report
