#include "report/message_ranking.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tidings::report {

namespace {

// Contents whose keys are read at once.
constexpr std::size_t kContentsAtOnce = 500;

class ByContent {
 public:
  ByContent(const MessageQuery& query, const MessageCursor* behind, std::size_t wanted)
      : query_(query), behind_(behind), wanted_(wanted), is_text_(sort_is_text(query.sort)) {}

  Result<std::vector<MessageCursor>> rank(db::Connection& connection,
                                          const CompiledFilter& filter) {
    const std::string sql = contents_sql(filter, query_);
    if (!sql.empty()) {
      TRY(connection.query({"", sql}, filter.params, [&](const db::Row& row) { take(row); }));
    }
    TRY(read_keys(connection, filter));
    std::vector<MessageCursor> rows = best_of_contents();
    std::ranges::move(singles_, std::back_inserter(rows));
    const auto before = [this](const auto& a, const auto& b) { return is_before(a, b); };
    std::ranges::sort(rows, before);
    if (rows.size() > wanted_) rows.resize(wanted_);
    return rows;
  }

 private:
  struct Content {
    MessageCursor key;  // without an id
    std::vector<std::int64_t> ids;
  };

  int compare_keys(const MessageCursor& a, const MessageCursor& b) const {
    if (is_text_) return a.text.compare(b.text);
    return a.number < b.number ? -1 : int(a.number > b.number);
  }
  bool is_before(const MessageCursor& a, const MessageCursor& b) const {
    const int keys = compare_keys(a, b);
    if (keys != 0) return query_.is_descending ? keys > 0 : keys < 0;
    return query_.is_descending ? a.id > b.id : a.id < b.id;
  }
  MessageCursor key_in(const db::Row& row, int column) const {
    MessageCursor key{.sort = query_.sort, .is_descending = query_.is_descending, .text = {}};
    if (is_text_) {
      key.text = row.string(column);
    } else {
      key.number = row.integer(column);
    }
    return key;
  }

  // A message: its id, its content, and the key of one that belongs to no campaign.
  void take(const db::Row& row) {
    if (!row.is_null(2)) {
      // Optimisation: no copy of a text that comes too late.
      if (singles_.size() == wanted_ && is_text_ && !singles_.empty()) {
        const int text = row.text(2).compare(singles_.front().text);
        if (query_.is_descending ? text < 0 : text > 0) return;
      }
      MessageCursor single = key_in(row, 2);
      single.id = row.integer(0);
      offer(std::move(single));
      return;
    }
    const std::int64_t content = row.integer(1);
    if (last_ == nullptr || content != last_id_) {
      last_ = &contents_[content];
      last_id_ = content;
    }
    last_->ids.push_back(row.integer(0));
  }

  // Keeps the first of them, the last of those in front.
  void offer(MessageCursor single) {
    if (behind_ != nullptr && !is_before(*behind_, single)) return;
    const auto before = [this](const auto& a, const auto& b) { return is_before(a, b); };
    if (singles_.size() == wanted_) {
      if (singles_.empty() || !is_before(single, singles_.front())) return;
      std::ranges::pop_heap(singles_, before);
      singles_.pop_back();
    }
    singles_.push_back(std::move(single));
    std::ranges::push_heap(singles_, before);
  }

  Result<void> read_keys(db::Connection& connection, const CompiledFilter& filter) {
    std::vector<std::int64_t> ids;
    ids.reserve(contents_.size());
    for (const auto& [id, content] : contents_) ids.push_back(id);
    for (std::size_t first = 0; first < ids.size(); first += kContentsAtOnce) {
      const auto count = std::min(kContentsAtOnce, ids.size() - first);
      const std::string sql = content_keys_sql(
          query_, fmt::format("{}", fmt::join(std::span(ids).subspan(first, count), ", ")));
      TRY(connection.query({"", sql}, db::Params(filter.params).first(1), [&](const db::Row& row) {
        contents_[row.integer(0)].key = key_in(row, 1);
      }));
    }
    return {};
  }

  // Their first messages, those of one key together by id.
  std::vector<MessageCursor> best_of_contents() {
    std::vector<Content*> order;
    order.reserve(contents_.size());
    for (auto& [id, content] : contents_) order.push_back(&content);
    std::ranges::sort(order, [this](const Content* a, const Content* b) {
      const int keys = compare_keys(a->key, b->key);
      return query_.is_descending ? keys > 0 : keys < 0;
    });
    std::vector<MessageCursor> rows;
    for (std::size_t i = 0; i < order.size() && rows.size() < wanted_;) {
      MessageCursor row = std::move(order[i]->key);
      std::vector<std::int64_t> ids;
      const std::size_t first = i;
      while (i < order.size() && (i == first || compare_keys(order[i]->key, row) == 0)) {
        const auto& more = order[i++]->ids;
        ids.insert(ids.end(), more.begin(), more.end());
      }
      if (behind_ != nullptr) {
        std::erase_if(ids, [&](std::int64_t id) {
          row.id = id;
          return !is_before(*behind_, row);
        });
      }
      const auto count = std::min(wanted_ - rows.size(), ids.size());
      const auto middle = ids.begin() + static_cast<std::ptrdiff_t>(count);
      std::ranges::partial_sort(ids, middle, [this](std::int64_t a, std::int64_t b) {
        return query_.is_descending ? a > b : a < b;
      });
      for (auto id = ids.begin(); id != middle; ++id) {
        row.id = *id;
        rows.push_back(row);
      }
    }
    return rows;
  }

  const MessageQuery& query_;
  const MessageCursor* const behind_;
  const std::size_t wanted_;
  const bool is_text_;
  std::unordered_map<std::int64_t, Content> contents_;
  Content* last_ = nullptr;
  std::int64_t last_id_ = 0;
  std::vector<MessageCursor> singles_;  // a heap
};

}  // namespace

Result<std::vector<MessageCursor>> ranked(db::Connection& connection, const CompiledFilter& filter,
                                          const MessageQuery& query, const MessageCursor* behind,
                                          std::size_t wanted) {
  if (connection.dialect() == db::Dialect::sqlite && sorts_by_content(filter, query)) {
    return ByContent(query, behind, wanted).rank(connection, filter);
  }
  std::vector<MessageCursor> rows;
  const std::string sql = sorted_sql(filter, query);
  if (sql.empty()) return rows;
  const bool is_text = sort_is_text(query.sort);
  // Parameters more than the filter's: the key and the id of the row before.
  std::vector<db::Param> params = filter.params;
  const std::string key = sort_key(filter, query);
  const std::string rest = keyset_sql(key, query, params.size(), behind == nullptr);
  if (behind != nullptr) {
    if (!key.empty())
      params.push_back(is_text ? db::Param(behind->text) : db::Param(behind->number));
    params.emplace_back(behind->id);
  }
  const std::string whole = fmt::format("{} {} {}{}", sql, rest, order_sql(key, query), wanted);
  TRY(connection.query({"", whole}, params, [&](const db::Row& row) {
    MessageCursor& made = rows.emplace_back();
    made = {.sort = query.sort, .is_descending = query.is_descending, .text = {}};
    made.id = row.integer(0);
    if (is_text) {
      made.text = row.string(1);
    } else {
      made.number = row.integer(1);
    }
  }));
  return rows;
}

}  // namespace tidings::report
