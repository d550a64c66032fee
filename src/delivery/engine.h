// Engine: decides which message is attempted next, and when a site is left alone.
//
// Pure: it holds the messages that are ready, per campaign, and answers questions about now. The
// dispatcher feeds it and asks it; the simulator may do the same under a virtual clock.
// Direct lanes (ledger.h) go first, whatever waits. Fair between campaigns: each take goes on with
// the next campaign that has something ready and may send (rate, pause). Within a campaign: in the
// order of their ids. Bound: at most `ready_max` messages are held; the dispatcher claims no more
// than that. Thread: one.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "delivery/transport.h"

namespace tidings::delivery {

// How fast a campaign may go: messages a second, packages of so many every so often (P25), or both.
struct Pace {
  double per_second = 0;  // 0: no limit
  int package = 0;        // messages; 0: no packages
  Duration every{};

  Pace() = default;
  Pace(double rate) : per_second(rate) {}  // NOLINT(google-explicit-constructor)
  Pace(double rate, int messages, Duration period)
      : per_second(rate), package(messages), every(period) {}
  bool is_limited() const { return per_second > 0 || package > 0; }
  friend bool operator==(const Pace&, const Pace&) = default;
};

// A burst is one tenth of a second's messages (at least one), and never more than a package. A
// package begins with its first message.
class RateLimit {
 public:
  RateLimit() = default;                 // no limit
  RateLimit(Pace pace) : pace_(pace) {}  // NOLINT(google-explicit-constructor)
  explicit RateLimit(double per_second) : pace_(per_second) {}

  bool allows(Instant now);
  void spend(Instant now);
  // When allows() will be true; `now` when it is.
  Instant next(Instant now);

 private:
  void refill(Instant now);
  bool package_allows(Instant now);

  Pace pace_;
  double tokens_ = 1;
  Instant refilled_at_{};
  int in_package_ = 0;  // handed out since package_began_
  Instant package_began_{};
};

class Engine {
 public:
  // A campaign may send; the pace applies from now on. Known ones keep what is ready.
  void allow(CampaignId campaign, Pace pace);
  // A campaign may not send (any more): returns what was ready, to be given back.
  std::vector<std::unique_ptr<PreparedMessage>> forbid(CampaignId campaign);
  bool allowed(CampaignId campaign) const { return lanes_.contains(campaign); }
  std::vector<CampaignId> campaigns() const;

  void add(std::unique_ptr<PreparedMessage> message);
  // The next one to attempt; nothing when none is ready, rates forbid, or the engine drains.
  std::unique_ptr<PreparedMessage> take(Instant now);
  void give_back(std::unique_ptr<PreparedMessage> message);
  std::size_t ready(CampaignId campaign) const;
  std::size_t ready() const { return ready_; }

  // Trouble of the whole site: no connection before a growing pause is over (1 s doubling to
  // 5 min). Success ends it.
  void site_trouble(Instant now);
  void site_works() {
    site_failures_ = 0;
    pause_until_.reset();
  }
  bool may_connect(Instant now) const { return !pause_until_ || now >= *pause_until_; }
  std::optional<Instant> paused_until() const { return pause_until_; }
  int site_failures() const { return site_failures_; }

  // Nothing is handed out any more; returns what was ready.
  std::vector<std::unique_ptr<PreparedMessage>> drain();

  // When a rate allows the next; nothing when none is in the way.
  std::optional<Instant> next_change(Instant now);

 private:
  struct Lane {
    std::deque<std::unique_ptr<PreparedMessage>> ready;
    RateLimit rate;
    Pace pace;
  };
  std::unique_ptr<PreparedMessage> take_from(Lane& lane, Instant now);

  std::map<CampaignId, Lane> lanes_;
  CampaignId last_;  // whose message was handed out last
  std::size_t ready_ = 0;
  bool draining_ = false;
  int site_failures_ = 0;
  std::optional<Instant> pause_until_;
};

}  // namespace tidings::delivery
