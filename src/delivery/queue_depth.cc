#include "delivery/queue_depth.h"

#include <algorithm>
#include <array>

#include "delivery/ledger.h"
#include "domain/campaign.h"
#include "domain/message_state.h"

namespace tidings::delivery {

namespace {

constexpr db::Statement kCampaigns{
    "queue_depth.campaigns",
    "SELECT campaign.state, COUNT(DISTINCT campaign.id), COALESCE(SUM(counter.queued), 0),"
    " COALESCE(SUM(counter.deferred), 0), COALESCE(SUM(counter.sending), 0)"
    " FROM campaign LEFT JOIN campaign_counter AS counter"
    " ON counter.organisation_id = campaign.organisation_id AND counter.campaign_id = campaign.id"
    " WHERE campaign.finished_at IS NULL AND campaign.state IN (1, 2, 3, 7)"
    " GROUP BY campaign.state"};
constexpr db::Statement kDirect{
    "queue_depth.direct",
    "SELECT state, COUNT(*) FROM (SELECT state FROM message"
    " WHERE transport_id IS NOT NULL AND state < 3 LIMIT $1) AS direct GROUP BY state"};
// The organisation is no condition; it makes both databases enter the index of what is held.
constexpr db::Statement kHeld{
    "queue_depth.held",
    "SELECT COUNT(*) FROM (SELECT 1 FROM message WHERE organisation_id > 0 AND state = 10"
    " LIMIT $1) AS held"};
constexpr db::Statement kOldestOfCampaigns{
    "queue_depth.oldest_of_campaigns",
    "SELECT"
    " (SELECT queued_at FROM message WHERE campaign_id = campaign.id AND state = 0"
    " ORDER BY id LIMIT 1),"
    " (SELECT due_at FROM message WHERE campaign_id = campaign.id AND campaign_id IS NOT NULL"
    " AND state = 1 ORDER BY due_at LIMIT 1)"
    " FROM campaign WHERE finished_at IS NULL AND state = 2"};
constexpr db::Statement kOldestDirectWaiting{
    "queue_depth.oldest_direct_waiting",
    "SELECT queued_at FROM message WHERE transport_id = $1 AND state = 0 AND state < 3"
    " ORDER BY id LIMIT 1"};
constexpr db::Statement kOldestDirectDeferred{
    "queue_depth.oldest_direct_deferred",
    "SELECT due_at FROM message WHERE transport_id = $1 AND transport_id IS NOT NULL AND state = 1"
    " ORDER BY due_at LIMIT 1"};

void count(QueueDepth::Messages& messages, MessageState state, std::int64_t amount) {
  switch (state) {
    case MessageState::waiting:
      messages.waiting += amount;
      break;
    case MessageState::deferred:
      messages.deferred += amount;
      break;
    default:
      messages.sending += amount;
  }
}

}  // namespace

Result<QueueDepth> read_queue_depth(db::Connection& connection, Instant now) {
  QueueDepth depth;
  TRY(connection.query(kCampaigns, {}, [&](const db::Row& row) {
    const auto state = static_cast<CampaignState>(row.integer(0));
    auto& campaigns = state == CampaignState::running     ? depth.running
                      : state == CampaignState::scheduled ? depth.scheduled
                                                          : depth.paused;
    campaigns += row.integer(1);
    depth.campaigns.waiting += row.integer(2);
    depth.campaigns.deferred += row.integer(3);
    depth.campaigns.sending += row.integer(4);
  }));
  TRY(connection.query(kDirect, {kDepthCountMost}, [&](const db::Row& row) {
    count(depth.direct, static_cast<MessageState>(row.integer(0)), row.integer(1));
  }));
  TRY(connection.query(kHeld, {kDepthCountMost},
                       [&](const db::Row& row) { depth.held = row.integer(0); }));
  const auto older = [&](Instant due) {
    if (due <= now) depth.oldest_due = std::min(depth.oldest_due.value_or(now), due);
  };
  TRY(connection.query(kOldestOfCampaigns, {}, [&](const db::Row& row) {
    for (const int column : {0, 1}) {
      if (!row.is_null(column)) older(row.instant(column));
    }
  }));
  for (const DirectLane& lane : TRY(open_direct_lanes(connection))) {
    for (const db::Statement* statement : {&kOldestDirectWaiting, &kOldestDirectDeferred}) {
      TRY(connection.query(*statement, {lane.transport_id},
                           [&](const db::Row& row) { older(row.instant(0)); }));
    }
  }
  return depth;
}

std::span<const db::Statement> queue_depth_statements() {
  static constexpr std::array kAll = {
      kCampaigns, kDirect, kHeld, kOldestOfCampaigns, kOldestDirectWaiting, kOldestDirectDeferred};
  return kAll;
}

}  // namespace tidings::delivery
