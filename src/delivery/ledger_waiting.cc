// The ledger's part about messages that wait: put off, expired, delayed.
#include <boost/json.hpp>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "delivery/attempt_data.h"
#include "delivery/ledger.h"
#include "delivery/ledger_rows.h"
#include "delivery/ledger_sql.h"

namespace tidings::delivery {

namespace {

using db::Connection;
using db::Param;
using db::Row;

constexpr std::string_view kExpired = "expired";

std::string steer_data(std::string_view reason, std::string_view by) {
  boost::json::object data;
  if (!reason.empty()) data["reason"] = reason;
  if (!by.empty()) data["by"] = by;
  return boost::json::serialize(data);
}

}  // namespace

Result<void> Ledger::postpone(Connection& connection, std::span<const Settlement> messages,
                              Instant now) const {
  if (messages.empty()) return {};
  std::vector<Param> updates;
  updates.reserve(messages.size() * 7);
  for (const Settlement& message : messages) {
    updates.insert(updates.end(),
                   {Param(message.outcome.reason), Param(message.due_at), Param(now),
                    Param(message.organisation_id), Param(message.outcome.message_id), Param(node_),
                    Param(message.attempt - 1)});
  }
  const auto changed = TRY(connection.execute_many(sql::kPostpone, 7, updates));
  std::map<Key, CampaignFigures> changes;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (changed[i] == 0) continue;
    CampaignFigures& figures = changes[{messages[i].organisation_id, messages[i].campaign_id}];
    figures.sending -= 1;
    figures.deferred += 1;
  }
  return add(connection, changes);
}

Result<void> Ledger::expire(Connection& connection, std::span<const Settlement> messages,
                            Instant now) const {
  EventRows events(now);
  std::map<Key, CampaignFigures> changes;
  for (const Settlement& message : messages) {
    const MessageId id = message.outcome.message_id;
    std::optional<MessageState> state;
    TRY(connection.query(
        sql::kExpire, {now, message.organisation_id, id, int(MessageState::leased), node_},
        [&](const Row& row) { state = static_cast<MessageState>(row.integer(0)); }));
    if (!state) continue;
    CampaignFigures& figures = changes[{message.organisation_id, message.campaign_id}];
    figures.sending -= 1;
    count(figures, *state, 1);
    if (*state != MessageState::failed) continue;
    events.add(message.organisation_id, id, ids_.next(), EventType::failed, now, "engine",
               reason_data(kExpired));
  }
  TRY(events.store(connection));
  return add(connection, changes);
}

Result<std::int64_t> Ledger::expire_waiting(Connection& connection, OrganisationId organisation,
                                            CampaignId lane, int limit, const IsOver& is_over,
                                            Instant now) const {
  const bool direct = is_direct(lane);
  const std::int64_t key = direct ? -lane.value : lane.value;
  std::vector<std::pair<MessageId, MessageState>> old;
  const auto look = [&](const Row& row) {
    if (!is_over(static_cast<MessageKind>(row.integer(3)), row.instant(2))) return;
    old.emplace_back(row.id<MessageId>(0), static_cast<MessageState>(row.integer(1)));
  };
  TRY(connection.query(direct ? sql::kOldDirect : sql::kOldWaiting, {key, limit}, look));
  TRY(connection.query(direct ? sql::kOldDirectDeferred : sql::kOldDeferred, {key, limit, now},
                       look));
  EventRows events(now);
  std::map<Key, CampaignFigures> changes;
  CampaignFigures& figures = changes[{organisation, lane}];
  std::int64_t expired = 0;
  for (const auto& [id, before] : old) {
    std::optional<MessageState> after;
    TRY(connection.query(
        sql::kExpire, {now, organisation, id, int(before), node_},
        [&](const Row& row) { after = static_cast<MessageState>(row.integer(0)); }));
    if (!after) continue;
    ++expired;
    count(figures, before, -1);
    count(figures, *after, 1);
    if (*after != MessageState::failed) continue;
    events.add(organisation, id, ids_.next(), EventType::failed, now, "engine",
               reason_data(kExpired));
  }
  TRY(events.store(connection));
  TRY(add(connection, changes));
  return expired;
}

Result<std::int64_t> Ledger::steer(Connection& connection, OrganisationId organisation, Steer how,
                                   std::span<const Found> messages, std::string_view by,
                                   Instant now) const {
  EventRows events(now);
  std::map<Key, CampaignFigures> changes;
  std::int64_t steered = 0;
  for (const auto& [id, campaign, before] : messages) {
    std::optional<MessageState> after;
    const auto take = [&](const Row& row) { after = static_cast<MessageState>(row.integer(0)); };
    std::optional<EventType> told;
    switch (how) {
      case Steer::hold:
        told = EventType::held;
        TRY(connection.query(sql::kHold,
                             {kHeldByOperator, now, organisation, id, int(before), node_}, take));
        break;
      case Steer::release:
        told = EventType::queued;
        TRY(connection.query(sql::kUnhold, {kHeldByOperator, now, organisation, id, int(before)},
                             take));
        break;
      case Steer::expire:
        told = EventType::failed;
        TRY(connection.query(sql::kExpire, {now, organisation, id, int(before), node_}, take));
        break;
      case Steer::retry:
        TRY(connection.query(sql::kRetryNow, {now, organisation, id, int(before)}, take));
        break;
    }
    if (!after) continue;
    ++steered;
    CampaignFigures& figures = changes[{organisation, campaign}];
    count(figures, before, -1);
    count(figures, *after, 1);
    if (*after == MessageState::uncertain) told.reset();
    if (!told) continue;
    events.add(organisation, id, ids_.next(), *told, now, "staff",
               steer_data(how == Steer::expire ? kExpired : std::string_view(), by));
  }
  TRY(events.store(connection));
  TRY(add(connection, changes));
  return steered;
}

Result<void> Ledger::tell_delayed(Connection& connection, const Settlement& settlement,
                                  EventRows& events) const {
  const MessageId message = settlement.outcome.message_id;
  const auto id = ids_.next<EventId>();
  const auto inserted = TRY(connection.execute(
      sql::kInsertEventKey, {settlement.organisation_id, "delayed/" + to_text(message), id}));
  if (inserted == 0) return {};
  events.add(settlement.organisation_id, message, id.value, EventType::delayed,
             settlement.outcome.ended_at, "engine", reason_data(settlement.outcome.reason));
  return {};
}

}  // namespace tidings::delivery
