#include <algorithm>
#include <array>
#include <unordered_map>

#include "delivery/ledger_rows.h"
#include "delivery/ledger_sql.h"

namespace tidings::delivery {

using db::Connection;
using db::Param;

// A campaign repeats nobody by itself; a message of its own is worth a repetition (P37).
MessageState state_of(const Settlement& settlement) {
  const bool again = settlement.outcome.kind == OutcomeKind::uncertain &&
                     !settlement.campaign_id.valid() && settlement.due_at != Instant();
  return again ? MessageState::deferred : state_after(settlement.outcome.kind);
}

namespace {

// Of kSettleAlike: what they have in common, the lease, their ids.
constexpr std::size_t kAlikeParams = 9 + sql::kAlike;

struct SettledRow {
  MessageState state;
  Status status;
  const Settlement* settlement;

  explicit SettledRow(const Settlement& of)
      : state(state_of(of)),
        status(after_event(Status::queued, event_of(of.outcome.kind))),
        settlement(&of) {
    if (is_delivery(of.outcome)) status = after_event(status, EventType::delivered);
  }

  // Alike but for whose it is: the rows of one statement.
  bool is_like(const SettledRow& other) const {
    const Settlement& a = *settlement;
    const Settlement& b = *other.settlement;
    return state == other.state && status == other.status && a.attempt == b.attempt &&
           a.organisation_id == b.organisation_id && a.outcome.kind == b.outcome.kind &&
           a.outcome.reason == b.outcome.reason;
  }

  // $1 to $8 of both statements.
  std::array<Param, 8> values(Instant now) const {
    const Outcome& outcome = settlement->outcome;
    return {Param(int(state)),
            Param(int(status)),
            Param(outcome.reason),
            Param(settlement->attempt),
            Param(state == MessageState::deferred ? settlement->due_at : now),
            Param(outcome.kind == OutcomeKind::uncertain),
            Param(now),
            Param(settlement->organisation_id)};
  }
};

using Places = std::span<const std::size_t>;

// What settles up to kAlike rows that end alike, at the end of `params`.
void add_alike(std::vector<Param>& params, NodeId lease, std::span<const SettledRow> rows,
               Places places, Instant now) {
  const auto values = rows[places.front()].values(now);
  params.insert(params.end(), values.begin(), values.end());
  params.emplace_back(lease);
  for (std::size_t i = 0; i < sql::kAlike; ++i) {
    const std::size_t place = places[std::min(i, places.size() - 1)];
    params.emplace_back(rows[place].settlement->outcome.message_id);
  }
}

// Settles the rows at `places`, all of them or none: false when one of them is not leased any more,
// or stands there twice.
Result<bool> settle_all_alike(Connection& connection, NodeId lease,
                              std::span<const SettledRow> rows, Places places, Instant now) {
  TRY(connection.execute(sql::kBeforeAlike, {}));
  bool is_whole = true;
  std::vector<Param> params;
  for (Places rest = places; !rest.empty() && is_whole;) {
    const std::size_t count = std::min(rest.size(), sql::kAlike);
    params.clear();
    add_alike(params, lease, rows, rest.first(count), now);
    const auto changed = TRY(connection.execute(sql::kSettleAlike.sqlite, params));
    is_whole = changed == static_cast<std::int64_t>(count);
    rest = rest.subspan(count);
  }
  if (!is_whole) TRY(connection.execute(sql::kUndoAlike, {}));
  TRY(connection.execute(sql::kAfterAlike, {}));
  return is_whole;
}

// PostgreSQL: settles those of the rows at `places` that are still leased, and notes which. Of one
// that stands there twice the first is.
Result<void> settle_those_alike(Connection& connection, NodeId lease,
                                std::span<const SettledRow> rows, Places places, Instant now,
                                std::vector<bool>& applied) {
  std::unordered_map<MessageId, std::size_t> place_of;
  for (const std::size_t place : places) {
    place_of.try_emplace(rows[place].settlement->outcome.message_id, place);
  }
  std::vector<Param> params;
  for (; !places.empty(); places = places.subspan(std::min(places.size(), sql::kAlike))) {
    add_alike(params, lease, rows, places.first(std::min(places.size(), sql::kAlike)), now);
  }
  return connection.query_many(
      sql::kSettleAlike.postgres, kAlikeParams, params,
      [&](std::size_t, const db::Row& row) { applied[place_of.at(row.id<MessageId>(0))] = true; });
}

}  // namespace

// Begun once for many rows, a statement costs a third. On SQLite half again as much where it says
// which rows they were, on PostgreSQL next to nothing.
Result<std::vector<bool>> settle_rows(Connection& connection, NodeId lease,
                                      std::span<const Settlement> settlements, Instant now) {
  std::vector<bool> applied(settlements.size());
  const std::vector<SettledRow> rows(settlements.begin(), settlements.end());
  std::vector<std::size_t> alike;
  std::vector<std::size_t> others;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool fits =
        alike.empty() ? rows[i].state == MessageState::sent : rows[i].is_like(rows[alike.front()]);
    (fits ? alike : others).push_back(i);
  }
  if (connection.dialect() == db::Dialect::postgres) {
    TRY(settle_those_alike(connection, lease, rows, alike, now, applied));
  } else if (!alike.empty() && TRY(settle_all_alike(connection, lease, rows, alike, now))) {
    for (const std::size_t i : alike) applied[i] = true;
  } else {
    others.insert(others.end(), alike.begin(), alike.end());
    std::ranges::sort(others);
  }
  if (others.empty()) return applied;
  std::vector<Param> updates;
  updates.reserve(others.size() * 10);
  for (const std::size_t i : others) {
    const auto values = rows[i].values(now);
    updates.insert(updates.end(), values.begin(), values.end());
    updates.insert(updates.end(), {Param(rows[i].settlement->outcome.message_id), Param(lease)});
  }
  const auto changed = TRY(connection.execute_many(sql::kSettle, 10, updates));
  for (std::size_t at = 0; at < others.size(); ++at) applied[others[at]] = changed[at] != 0;
  return applied;
}

}  // namespace tidings::delivery
