// Dispatcher: turns the wheel: claims from the ledger, has messages prepared, lets the engine
// order them, gives them to transports, journals intents and settlements, reports to the ledger.
//
// One thread (the event loop's) decides and speaks to transports; preparing (rendering, encoding,
// signing, compressing) happens on a thread of its own, and on more while a message takes long (an
// RSA signature takes five times what the rest does); the database on its writer thread. Bounds:
// about `prefetch` messages are held in memory between claim and settlement; the ledger gets them
// in groups, one transaction at a time. When the database or the journal cannot be written (disk
// full, server away) nothing is lost and nothing new is attempted; it is tried again every second,
// and trouble() says why. Thread: public functions from any.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "db/database.h"
#include "delivery/engine.h"
#include "delivery/journal.h"
#include "delivery/ledger.h"
#include "delivery/queue.h"
#include "delivery/transport.h"
#include "domain/retry_policy.h"
#include "domain/site_rule.h"
#include "net/event_loop.h"

namespace tidings::delivery {

// Told what an attempt led to, when that is decided; before it is recorded. On the loop's thread:
// must be quick.
using Attempted = std::function<void(const PreparedMessage& message, const Settlement& settlement)>;

struct DispatcherOptions {
  int prefetch = 1000;
  Duration lease = std::chrono::seconds(60);
  RetryPolicies retry;
  SiteLimits site;                   // of each receiving site
  std::vector<SiteRule> site_rules;  // of some, instead
  double organisation_rate = 0;  // of an organisation's campaigns together, a second; 0: no limit
  int preparing_threads = 1;     // at most; further ones help once a message takes over 100 µs
  Attempted attempted;           // may be empty
};

// A campaign that may send now.
struct CampaignWork {
  OrganisationId organisation_id;
  CampaignId campaign_id;
  TransportId transport_id;
  Pace pace;
  std::size_t message_bytes = 0;  // about; fewer large messages are held in memory
};
// The messages of a transport that belong to no campaign.
CampaignWork direct_work(OrganisationId organisation, TransportId transport);

// A receiving site as it is treated now.
struct SiteView {
  std::string name;  // kOneSite: the one mail server of the transport
  TransportId transport_id;
  bool is_suspended = false;
  std::optional<std::size_t> connections_max;  // of one mail server its transport says
  double per_second = 0;                       // 0: no limit
  int failures = 0;                            // since something was accepted
  std::optional<Instant> paused_until;
  std::optional<Instant> silent_since;
  std::size_t ready = 0;
  std::size_t in_flight = 0;
};

// Renders a claimed message into octets. Called on the preparing threads, at the same time where
// there are several; an error is the message's own failure (its sentence becomes the reason's
// words).
using Prepare =
    std::function<Result<std::unique_ptr<PreparedMessage>>(const ClaimedMessage& message)>;

// Makes the transport of a campaign's site. Called on the loop's thread.
using MakeTransport = std::function<Result<std::unique_ptr<Transport>>(
    OrganisationId organisation, TransportId id, DeliveryPort& port)>;

class Dispatcher {
 public:
  // All references must outlive it. Call start() once the loop may run.
  Dispatcher(net::EventLoop& loop, db::Database& database, const Clock& clock, Ledger ledger,
             Journal& journal, Prepare prepare, MakeTransport make_transport,
             DispatcherOptions options);
  ~Dispatcher();

  void start();
  // The campaigns (and direct lanes) that may send from now on; those left out stop, what was ready
  // goes back. A direct lane that has something claimed stays until that has left.
  // `stops` is what stops() said before the campaigns were read: those that were stopped later are
  // left out, whatever was read.
  void set_campaigns(std::vector<CampaignWork> campaigns, std::uint64_t stops = UINT64_MAX);
  // A campaign was paused or aborted, and that is committed: on return nothing more of it is handed
  // to a transport. What a transport has ends as it began. Not from the loop's thread; returns at
  // once when the loop does not run any more.
  void stop_campaign(CampaignId campaign);
  std::uint64_t stops() const;
  // There may be new work for claims: rows were enqueued.
  void notify();
  // A message that belongs to no campaign was added: claims it without waiting for set_campaigns().
  void notify_direct(OrganisationId organisation, TransportId transport);
  // How a transport is reached was changed: what is under way ends as it began, everything after
  // leaves by a new one.
  void transport_changed(TransportId transport);
  // An address was suppressed a moment ago: nothing to it is attempted from now on.
  void suppressed(OrganisationId organisation, std::string normalised);
  // A person steers what waits. `in_database` does so with what waits there, on this
  // thread; where it is held or given up, what is in memory of it is treated alike, and what is
  // claimed meanwhile, and what comes back from a transport unsent or deferred. Returns how many
  // there were, once that is recorded. Not from the loop's thread. Errors: those of in_database;
  // delivery.stuck (unavailable).
  Result<std::int64_t> steer(QueueFilter filter, Ledger::Steer how, std::string by,
                             const std::function<Result<std::int64_t>()>& in_database);
  // Sites were suspended or resumed (suspensions.h), and that is committed: on return nothing to
  // those suspended is ready any more, and what was put off for it is recorded. What a transport
  // has ends as it began. Not from the loop's thread. Error: delivery.stuck (unavailable).
  Result<void> suspensions_changed();
  // The sites of an organisation's transports, those in trouble first, then by what there is for
  // them; at most a thousand. Not from the loop's thread. Error: delivery.stuck (unavailable).
  Result<std::vector<SiteView>> sites(OrganisationId organisation) const;
  // Evidence from a transport about a message it settled (a sandbox complaint).
  void add_evidence(Evidence evidence);
  // Finishes what is being attempted, gives everything else back, records it; then `drained`, on
  // the loop's thread.
  void drain(std::function<void()> drained);

  struct Activity {
    std::size_t ready = 0;
    std::size_t in_flight = 0;
    std::size_t unrecorded = 0;  // settled, not yet in the database
    std::string trouble;         // why nothing moves, for people; empty when it does
    bool is_blocked = false;     // journal or database cannot be written
    Instant put_off_until{};     // until then some wait for a site that is slow
    bool idle() const { return ready == 0 && in_flight == 0 && unrecorded == 0; }
  };
  Activity activity() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tidings::delivery
