// The queue as an operator sees and steers it: what waits, to which domain, why, and until when.
//
// Reads what waits, and nothing else, along the indexes that hold only that; at most kQueueReadMax
// messages, the oldest of each campaign first: beyond that the view says it is cut, and the figures
// of the campaigns are the whole. Steering goes in steps of one short transaction each.
// Thread: any, one Connection each. Errors: those of db.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "delivery/ledger.h"

namespace tidings::delivery {

inline constexpr int kQueueReadMax = 200'000;
inline constexpr int kQueueStep = 500;
inline constexpr int kQueueLook = 10'000;

// Which messages; an empty part is no condition.
struct QueueFilter {
  OrganisationId organisation_id;
  CampaignId campaign_id = {};
  std::string domain = {};  // as a lower-case A-label
  std::string reason = {};  // of those that wait in the database

  bool fits(CampaignId campaign, std::string_view to_domain) const {
    return (!campaign_id.valid() || campaign == campaign_id) &&
           (domain.empty() || to_domain == domain);
  }
};

// Messages alike.
struct QueueLine {
  CampaignId campaign_id;  // not valid(): of no campaign
  std::string domain;
  MessageState state = MessageState::waiting;  // waiting, deferred or held
  std::string reason;                          // why it does not go now; empty: its turn comes
  std::int64_t messages = 0;
  Instant oldest_queued_at{};
  std::optional<Instant> next_due_at;  // of deferred ones
};

struct QueueView {
  std::vector<QueueLine> lines;  // most messages first
  bool is_cut = false;
};

// `campaigns`: those that are open, of this organisation.
Result<QueueView> read_queue(db::Connection& connection, const QueueFilter& filter,
                             std::span<const CampaignId> campaigns);

// Where a steering goes on.
class QueueSteering {
 public:
  QueueSteering(QueueFilter filter, Ledger::Steer how, std::vector<CampaignId> campaigns);
  bool is_done() const { return place_.part >= parts_.size(); }
  // One step, within a write transaction: steers kQueueStep or so of those that the filter names,
  // and looks at kQueueLook at most; returns how many. May run again when the transaction does.
  Result<std::int64_t> step(db::Connection& connection, const Ledger& ledger, std::string_view by,
                            Instant now);
  // After its commit: the next step goes on behind it.
  void go_on();

 private:
  enum class Kind : std::uint8_t { waiting, deferred, direct, held };
  struct Part {
    Kind kind;
    std::int64_t key;  // campaign; of direct ones the transport
    MessageState state;
  };
  Result<void> find_parts(db::Connection& connection);

  const QueueFilter filter_;
  const Ledger::Steer how_;
  const std::vector<CampaignId> campaigns_;
  std::vector<Part> parts_ = {{}};  // until they are found
  bool is_found_ = false;
  struct Place {
    std::size_t part = 0;
    std::int64_t after_id = 0;
    std::int64_t after_due = INT64_MIN;
  };
  // Reads the next page of a part; returns how many it had.
  Result<int> look(db::Connection& connection, const Part& part, Place& place,
                   std::vector<Ledger::Found>& found) const;
  Place place_;
  Place next_;
};

// For plan tests.
std::span<const db::Statement> queue_statements();

}  // namespace tidings::delivery
