#include "delivery/queue.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "delivery/ledger_sql.h"

namespace tidings::delivery {

namespace {

using db::Connection;
using db::Row;

constexpr db::Statement kWaiting{
    "queue.waiting",
    "SELECT id, state, normalised, reason, queued_at, due_at, campaign_id FROM message"
    " WHERE campaign_id = $1 AND state = 0 AND id > $2 ORDER BY id LIMIT $3"};
constexpr db::Statement kDeferred{
    "queue.deferred",
    "SELECT id, state, normalised, reason, queued_at, due_at, campaign_id FROM message"
    " WHERE campaign_id = $1 AND campaign_id IS NOT NULL AND state = 1"
    " AND (due_at, id) > ($4, $2) ORDER BY due_at, id LIMIT $3"};
constexpr db::Statement kDirect{
    "queue.direct",
    "SELECT id, state, normalised, reason, queued_at, due_at, campaign_id FROM message"
    " WHERE transport_id = $1 AND state = $4 AND state < 3 AND id > $2 ORDER BY id LIMIT $3"};
constexpr db::Statement kHeld{
    "queue.held",
    "SELECT id, state, normalised, reason, queued_at, due_at, campaign_id FROM message"
    " WHERE organisation_id = $1 AND state = 10 AND id > $2 ORDER BY id LIMIT $3"};

std::string_view domain_in(std::string_view normalised) {
  const auto at = normalised.rfind('@');
  return at == std::string_view::npos ? std::string_view() : normalised.substr(at + 1);
}

bool fits(const QueueFilter& filter, const Row& row) {
  return filter.fits(row.id<CampaignId>(6), domain_in(row.text(2))) &&
         (filter.reason.empty() || row.text(3) == filter.reason);
}

Result<std::vector<TransportId>> direct_lanes(Connection& connection, const QueueFilter& filter) {
  std::vector<TransportId> lanes;
  if (filter.campaign_id.valid()) return lanes;
  for (const DirectLane& lane : TRY(open_direct_lanes(connection))) {
    if (lane.organisation_id == filter.organisation_id) lanes.push_back(lane.transport_id);
  }
  return lanes;
}

// Lines being counted.
class Counting {
 public:
  explicit Counting(const QueueFilter& filter) : filter_(filter) {}

  int room() const { return kQueueReadMax - read_; }
  bool is_cut() const { return read_ >= kQueueReadMax; }
  void add(const Row& row) {
    ++read_;
    const auto state = static_cast<MessageState>(row.integer(1));
    const bool is_shown = state == MessageState::waiting || state == MessageState::deferred ||
                          state == MessageState::held;
    if (!is_shown || !fits(filter_, row)) return;
    const std::string_view domain = domain_in(row.text(2));
    QueueLine& line = lines_[{row.integer(6), std::string(domain), state, row.string(3)}];
    const Instant queued_at = row.instant(4);
    const Instant due_at = row.instant(5);
    if (line.messages++ == 0 || queued_at < line.oldest_queued_at) {
      line.oldest_queued_at = queued_at;
    }
    if (state == MessageState::deferred && (!line.next_due_at || due_at < *line.next_due_at)) {
      line.next_due_at = due_at;
    }
  }
  std::vector<QueueLine> lines() && {
    std::vector<QueueLine> all;
    for (auto& [key, line] : lines_) {
      std::tie(line.campaign_id.value, line.domain, line.state, line.reason) = key;
      all.push_back(std::move(line));
    }
    std::ranges::sort(all, [](const QueueLine& a, const QueueLine& b) {
      return a.messages != b.messages ? a.messages > b.messages
                                      : std::tie(a.campaign_id, a.domain, a.state, a.reason) <
                                            std::tie(b.campaign_id, b.domain, b.state, b.reason);
    });
    return all;
  }

 private:
  const QueueFilter& filter_;
  std::map<std::tuple<std::int64_t, std::string, MessageState, std::string>, QueueLine> lines_;
  int read_ = 0;
};

}  // namespace

Result<QueueView> read_queue(Connection& connection, const QueueFilter& filter,
                             std::span<const CampaignId> campaigns) {
  Counting counting(filter);
  const auto add = [&](const Row& row) { counting.add(row); };
  TRY(connection.query(kHeld, {filter.organisation_id, 0, counting.room()}, add));
  for (const TransportId lane : TRY(direct_lanes(connection, filter))) {
    for (const int state : {0, 1}) {
      TRY(connection.query(kDirect, {lane, 0, counting.room(), state}, add));
    }
  }
  for (const CampaignId campaign : campaigns) {
    if (filter.campaign_id.valid() && campaign != filter.campaign_id) continue;
    TRY(connection.query(kDeferred, {campaign, 0, counting.room(), INT64_MIN}, add));
    TRY(connection.query(kWaiting, {campaign, 0, counting.room()}, add));
  }
  const bool is_cut = counting.is_cut();
  return QueueView{std::move(counting).lines(), is_cut};
}

QueueSteering::QueueSteering(QueueFilter filter, Ledger::Steer how,
                             std::vector<CampaignId> campaigns)
    : filter_(std::move(filter)), how_(how), campaigns_(std::move(campaigns)) {}

Result<void> QueueSteering::find_parts(Connection& connection) {
  std::vector<Part> parts;
  if (how_ == Ledger::Steer::release) {
    parts.push_back({Kind::held, filter_.organisation_id.value, MessageState::held});
  } else {
    for (const CampaignId campaign : campaigns_) {
      if (filter_.campaign_id.valid() && campaign != filter_.campaign_id) continue;
      parts.push_back({Kind::deferred, campaign.value, MessageState::deferred});
      if (how_ == Ledger::Steer::retry) continue;
      parts.push_back({Kind::waiting, campaign.value, MessageState::waiting});
    }
    for (const TransportId lane : TRY(direct_lanes(connection, filter_))) {
      parts.push_back({Kind::direct, lane.value, MessageState::deferred});
      if (how_ == Ledger::Steer::retry) continue;
      parts.push_back({Kind::direct, lane.value, MessageState::waiting});
    }
  }
  parts_ = std::move(parts);
  is_found_ = true;
  return {};
}

Result<int> QueueSteering::look(Connection& connection, const Part& part, Place& place,
                                std::vector<Ledger::Found>& found) const {
  int read = 0;
  const Place from = place;
  const auto add = [&](const Row& row) {
    ++read;
    place.after_id = row.integer(0);
    place.after_due = row.integer(5);
    const auto state = static_cast<MessageState>(row.integer(1));
    if (state != part.state || !fits(filter_, row)) return;
    found.push_back({row.id<MessageId>(0), row.id<CampaignId>(6), state});
  };
  switch (part.kind) {
    case Kind::waiting:
      TRY(connection.query(kWaiting, {part.key, from.after_id, kQueueStep}, add));
      break;
    case Kind::deferred:
      TRY(connection.query(kDeferred, {part.key, from.after_id, kQueueStep, from.after_due}, add));
      break;
    case Kind::direct:
      TRY(connection.query(kDirect, {part.key, from.after_id, kQueueStep, int(part.state)}, add));
      break;
    case Kind::held:
      TRY(connection.query(kHeld, {part.key, from.after_id, kQueueStep}, add));
      break;
  }
  return read;
}

Result<std::int64_t> QueueSteering::step(Connection& connection, const Ledger& ledger,
                                         std::string_view by, Instant now) {
  if (!is_found_) TRY(find_parts(connection));
  if (is_done()) return 0;
  std::vector<Ledger::Found> found;
  next_ = place_;
  for (int looked = 0; looked < kQueueLook && std::ssize(found) < kQueueStep;
       looked += kQueueStep) {
    if (TRY(look(connection, parts_[next_.part], next_, found)) == kQueueStep) continue;
    next_ = {next_.part + 1, 0, INT64_MIN};
    if (next_.part == parts_.size()) break;
  }
  return ledger.steer(connection, filter_.organisation_id, how_, found, by, now);
}

void QueueSteering::go_on() { place_ = next_; }

std::span<const db::Statement> queue_statements() {
  static constexpr std::array kAll = {kWaiting, kDeferred, kDirect, kHeld};
  return kAll;
}

}  // namespace tidings::delivery
