#include <boost/json.hpp>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "delivery/attempt_data.h"
#include "delivery/ledger.h"
#include "delivery/ledger_rows.h"
#include "delivery/ledger_sql.h"

namespace tidings::delivery {

namespace {

using db::Connection;
using db::Param;
using db::Row;

struct One {
  CampaignId campaign_id;
  MessageState state = MessageState::waiting;
};

Result<One> find_one(Connection& connection, OrganisationId organisation, MessageId id) {
  const auto found = TRY(connection.query_first(sql::kOne, {organisation, id}, [](const Row& row) {
    return One{row.id<CampaignId>(0), static_cast<MessageState>(row.integer(1))};
  }));
  if (found) return *found;
  return fail(ErrorKind::not_found, "message.not_found",
              "There is no message " + to_text(id) + ".");
}

std::string by_data(std::string_view by) {
  boost::json::object data;
  if (!by.empty()) data["by"] = by;
  return boost::json::serialize(data);
}

std::pair<Status, EventType> told(MessageState state) {
  switch (state) {
    case MessageState::skipped:
      return {Status::skipped, EventType::skipped};
    case MessageState::dropped:
      return {Status::dropped, EventType::dropped};
    case MessageState::held:
      return {Status::held, EventType::held};
    default:
      CHECK(state == MessageState::waiting);
      return {Status::queued, EventType::queued};
  }
}

}  // namespace

Result<void> Ledger::add_direct(Connection& connection, std::span<const DirectMessage> messages,
                                Instant now) const {
  std::vector<Param> rows;
  std::vector<Param> about;
  std::vector<SendOut> send_outs;
  EventRows events(now);
  rows.reserve(messages.size() * kDirectColumns.size());
  for (const DirectMessage& direct : messages) {
    const NewMessage& message = direct.message;
    const auto [status, event] = told(message.state);
    rows.insert(rows.end(), {Param(direct.organisation_id),
                             Param(message.id),
                             Param(direct.content_version_id),
                             Param(int(direct.kind)),
                             Param(int(direct.channel)),
                             message.contact_id.valid() ? Param(message.contact_id) : Param(),
                             Param(message.address),
                             Param(message.normalised),
                             Param(message.values_hash),
                             Param(message.values),
                             Param(int(message.state)),
                             Param(int(status)),
                             Param(message.reason),
                             Param(0),
                             Param(now),
                             Param(0),
                             Param(now),
                             Param(now),
                             Param(direct.transport_id),
                             Param(direct.is_test),
                             Param(direct.sent_by),
                             direct.template_id.valid() ? Param(direct.template_id) : Param()});
    for (const ContactId contact : message.about) {
      about.insert(about.end(), {Param(direct.organisation_id), Param(contact), Param(message.id),
                                 Param(contact == message.contact_id)});
    }
    send_outs.push_back({direct.organisation_id, direct.content_version_id, direct.kind,
                         direct.channel, message.id, message.subject});
    if (event != EventType::queued) {
      events.add(direct.organisation_id, message.id, ids_.next(), event, now, "api",
                 reason_data(message.reason));
    }
  }
  TRY(connection.insert_many("message", kDirectColumns, rows));
  TRY(connection.execute_many(sql::kInsertAbout, 4, about));
  TRY(add_send_outs(connection, send_outs));
  return events.store(connection);
}

Result<void> Ledger::cancel_one(Connection& connection, OrganisationId organisation, MessageId id,
                                std::string_view by, Instant now) const {
  const One one = TRY(find_one(connection, organisation, id));
  if (one.state == MessageState::leased) {
    return fail(ErrorKind::conflict, "message.sending",
                "This message is being sent at this moment; it cannot be called back.");
  }
  if (is_final(one.state)) {
    return fail(ErrorKind::conflict, "message.ended",
                "Only a message that still waits to be sent can be cancelled.");
  }
  const auto changed =
      TRY(connection.execute(sql::kCancel, {now, organisation, id, int(one.state)}));
  if (changed == 0) {
    return fail(ErrorKind::conflict, "message.sending",
                "This message is being sent at this moment; it cannot be called back.");
  }
  EventRows events(now);
  events.add(organisation, id, ids_.next(), EventType::cancelled, now, "staff", by_data(by));
  TRY(events.store(connection));
  std::map<Key, CampaignFigures> changes;
  CampaignFigures& figures = changes[{organisation, one.campaign_id}];
  count(figures, one.state, -1);
  figures.cancelled += 1;
  return add(connection, changes);
}

Result<void> Ledger::send_again(Connection& connection, OrganisationId organisation, MessageId id,
                                std::string_view by, Instant now) const {
  const One one = TRY(find_one(connection, organisation, id));
  if (one.state != MessageState::uncertain ||
      TRY(connection.execute(sql::kSendAgain, {now, organisation, id})) == 0) {
    return fail(ErrorKind::conflict, "message.not_uncertain",
                "Only a message of which nobody knows whether it arrived is sent again. To write "
                "once more, make a new message.");
  }
  EventRows events(now);
  events.add(organisation, id, ids_.next(), EventType::queued, now, "staff", by_data(by));
  TRY(events.store(connection));
  std::map<Key, CampaignFigures> changes;
  CampaignFigures& figures = changes[{organisation, one.campaign_id}];
  figures.uncertain -= 1;
  figures.deferred += 1;
  return add(connection, changes);
}

Result<std::vector<DirectLane>> open_direct_lanes(Connection& connection) {
  std::vector<DirectLane> lanes;
  TRY(connection.query(sql::kOpenDirectLanes, {}, [&](const Row& row) {
    lanes.push_back({row.id<OrganisationId>(0), row.id<TransportId>(1)});
  }));
  return lanes;
}

}  // namespace tidings::delivery
