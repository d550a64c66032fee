// The dispatcher's inside. Private to src/delivery/dispatcher*.cc: claims (claiming, preparing),
// records (ledger, lease, suppressions), outlet (the port of a transport), waiting (put off,
// expired), steering (what people do), and the rest. Thread: the loop's, but for the inbox.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/check.h"
#include "delivery/dispatcher.h"
#include "delivery/engine.h"
#include "delivery/suspensions.h"

namespace tidings::delivery {

// What can be in the way, apart: one cause that ends says nothing about another. In the order of
// what a person should hear first.
enum class Cause : std::size_t { journal, ledger, lease, claim, transport, suppressions };
inline constexpr std::size_t kCauses = 6;
inline constexpr Duration kWakeMin = std::chrono::milliseconds(1);

// Of an address as the database has it.
std::string_view domain_of(std::string_view normalised);

// How a suppressed address is known here.
std::string suppression_key(OrganisationId organisation, std::string_view normalised);

// Lives as long as a posted task or a database callback refers to it.
struct Dispatcher::Impl : std::enable_shared_from_this<Dispatcher::Impl> {
  struct Outlet;

  // A claimed message on its way through the preparing thread.
  struct Job {
    ClaimedMessage message;
    std::uint64_t claim = 0;  // which claim of this process brought it
    Result<std::unique_ptr<PreparedMessage>> made;
  };

  Impl(net::EventLoop& loop_, db::Database& database_, const Clock& clock_, Ledger ledger_,
       Journal& journal_, Prepare prepare_, MakeTransport make_transport_,
       DispatcherOptions options_)
      : loop(loop_),
        database(database_),
        clock(clock_),
        ledger(std::move(ledger_)),
        journal(journal_),
        prepare(std::move(prepare_)),
        make_transport(std::move(make_transport_)),
        options(std::move(options_)),
        timers(std::make_unique<Timers>(loop_)) {}

  // --- claiming and preparing
  void claim_more();
  void claim(const CampaignWork& work, int limit);
  int share_of(const CampaignWork& work) const;
  void claimed(const CampaignWork& work, std::vector<ClaimedMessage> messages,
               std::uint64_t number);
  void give_up_doubtful();
  void run_preparing(bool is_helper);
  void call_help(Duration each);  // or send it away: what a message took of late
  void prepared(std::vector<Job> chunk);
  void place(Job& job);
  void set_campaigns(std::vector<CampaignWork> campaigns, std::uint64_t stops_seen);
  void stop_campaign(CampaignId campaign, std::uint64_t number);
  void open_direct(const CampaignWork& work);
  bool is_busy(CampaignId lane);
  Outlet* outlet_of(CampaignId campaign);
  Result<Outlet*> open_outlet(const CampaignWork& work);
  // Closes an outlet that was replaced and opens it anew for the campaigns that leave by it.
  void reopen_outlet(TransportId transport);
  void wake_all();

  // --- attempting
  void schedule_flush();
  void flush_journal();
  void settle(const PreparedMessage& message, Outcome outcome);
  void return_message(std::unique_ptr<PreparedMessage> message);
  void release(const PreparedMessage& message);

  // --- waiting
  // Messages of slow sites go back to the database for a while, those whose time is over fail.
  void sweep();
  void put_off(const PreparedMessage& message, Instant due_at, std::string_view why);
  void expire(const PreparedMessage& message);
  // Of a claim: what is not worth preparing now is put off or expired, and taken out.
  void sort_out(Outlet& outlet, std::vector<ClaimedMessage>& messages, std::uint64_t claim);
  bool is_over(MessageKind kind, Instant queued_at, int attempts, const Site* site) const;
  void expire_waiting(const CampaignWork& work, Instant silent_since);

  // --- steering
  // That a person holds or gives up messages. Until it is closed it is about all that is claimed.
  struct Recall {
    QueueFilter filter;
    Ledger::Steer how = Ledger::Steer::hold;
    std::string by;
    std::uint64_t claim = UINT64_MAX;  // the last claim that it is about
    std::int64_t messages = 0;
  };
  struct Steered {
    std::shared_ptr<Recall> recall;
    Ledger::Found found;
  };
  // Runs `passed` when all that is claimed now has its place, and what that wants recorded is.
  struct Barrier {
    std::uint64_t claim = 0;
    std::optional<std::uint64_t> written_with;  // the write that records it
    std::function<void()> passed;
  };
  void after_barrier(std::function<void()> passed);
  void check_barriers();
  void placed(std::uint64_t claim, std::size_t count);
  void begin_recall(const std::shared_ptr<Recall>& recall);
  // Takes a message that is in nobody's hands and that a recall is about. `state`: what it will be
  // in the database then.
  bool is_recalled(const PreparedMessage& message, MessageState state);
  Result<void> record_steered(db::Connection& connection, std::span<const Steered> messages,
                              Instant now) const;
  void set_suspended(SuspendedNames names);
  std::set<std::string, std::less<>> suspended_of(OrganisationId organisation) const;
  void put_off_suspended(Outlet& outlet);
  void put_off_suspended(const PreparedMessage& message);

  // --- recording
  // `done` runs on the loop's thread, and not at all once the Dispatcher is gone.
  void write_async(db::Priority priority, db::Database::Work work,
                   std::function<void(Result<void>)> done);
  void schedule_ledger();
  struct Group;
  Group take_group();
  Result<void> record(db::Connection& connection, const Group& group) const;
  void write_ledger();
  void ledger_written(std::vector<Settlement> settled, Result<void> result);
  void renew_lease();
  void poll_suppressions();
  void add_recently_suppressed(const std::string& key);
  bool was_suppressed(const PreparedMessage& message);

  void check_drained();
  void set_trouble(Cause cause, std::string sentence);  // empty: it is over
  void publish_trouble();

  net::EventLoop& loop;
  db::Database& database;
  const Clock& clock;
  const Ledger ledger;
  Journal& journal;
  const Prepare prepare;
  const MakeTransport make_transport;
  const DispatcherOptions options;

  std::map<TransportId, std::unique_ptr<Outlet>> outlets;
  std::map<TransportId, std::pair<Instant, Error>> unmade;  // when to try again, and why not
  std::map<CampaignId, CampaignWork> campaigns;
  std::map<CampaignId, std::uint64_t> stopped;  // by which stop; until that is known to the runner
  std::atomic<std::uint64_t> stops = 0;
  std::unordered_map<CampaignId, std::size_t> preparing;  // claimed, not ready yet
  std::unordered_set<CampaignId> claiming;
  std::unordered_map<CampaignId, Instant> next_claim;
  std::unordered_map<CampaignId, std::vector<Settlement>> doubtful;  // perhaps leased to us
  std::uint64_t claims = 0;
  std::map<std::uint64_t, std::size_t> unplaced;  // by claim: itself, and its messages
  std::deque<std::shared_ptr<Recall>> recalls;    // the last ones
  std::deque<Barrier> barriers;
  SuspendedNames suspended;
  std::size_t in_flight = 0;

  bool flush_scheduled = false;
  bool journal_blocked = false;  // a write failed; nothing is attempted until it works again
  std::vector<std::pair<std::function<void()>, std::function<void()>>> intents;
  std::vector<Settlement> settlements;  // to be recorded
  std::vector<Settlement> releases;     // to be given back
  std::vector<Settlement> postponed;    // likewise, to come again at their time
  Instant put_off_until{};              // the latest of those times, of sites that are slow
  std::vector<Settlement> expired;      // to be failed without an attempt
  std::vector<Steered> steered;
  std::vector<std::pair<CampaignKeys, MessageId>> drops;
  std::vector<Evidence> evidence;
  bool ledger_busy = false;
  bool has_unrecorded() const {
    return !settlements.empty() || !releases.empty() || !postponed.empty() || !expired.empty() ||
           !steered.empty() || !drops.empty() || !evidence.empty();
  }
  std::uint64_t ledger_begun = 0;  // number of the last write of the ledger
  std::uint64_t ledger_done = 0;   // the last one that was committed
  Instant next_expiry_look{};
  std::unordered_set<CampaignId> expiring;  // lanes being looked through
  bool ledger_failing = false;

  std::array<std::string, kCauses> troubles;
  Instant lease_until{};
  // By address or domain: the last claim that was made before we knew.
  std::unordered_map<std::string, std::uint64_t> recently_suppressed;
  std::unordered_map<std::string, std::uint64_t> formerly_suppressed;
  std::int64_t suppressions_seen = 0;
  std::int64_t suppressions_after = 0;
  bool suppression_poll_started = false;

  // Gone with the Dispatcher: the loop may end before the last database callback does.
  struct Timers {
    explicit Timers(net::EventLoop& loop)
        : lease(loop), journal(loop), ledger(loop), claim(loop), suppression(loop), sweep(loop) {}
    net::Timer lease;
    net::Timer journal;
    net::Timer ledger;
    net::Timer claim;
    net::Timer suppression;
    net::Timer sweep;
  };
  std::unique_ptr<Timers> timers;
  std::mutex gone_mutex;
  bool is_gone = false;  // the Dispatcher; the loop must not be touched any more
  bool draining = false;
  std::function<void()> drained;

  // The preparing threads' inbox.
  std::mutex inbox_mutex;
  std::condition_variable inbox_wake;
  std::deque<Job> inbox;
  bool stop = false;
  bool wants_help = false;  // a message takes long: all of them prepare
  std::vector<std::thread> preparers;

  mutable std::mutex activity_mutex;
  Activity activity;
  void publish();
};

// One transport with its engine: the port through which it works.
struct Dispatcher::Impl::Outlet final : DeliveryPort {
  Outlet(Impl& impl_, OrganisationId organisation_)
      : impl(impl_), organisation(organisation_), rate_timer(impl_.loop), pause_timer(impl_.loop) {
    engine.sites().limits = impl.options.site;
    engine.sites().rules = impl.options.site_rules;
    engine.sites().set_suspended(impl.suspended_of(organisation));
    engine.set_organisation_rate(impl.options.organisation_rate);
  }

  std::unique_ptr<PreparedMessage> take() override { return take_by(nullptr); }
  std::unique_ptr<PreparedMessage> take(const DomainGate& gate) override { return take_by(&gate); }
  std::unique_ptr<PreparedMessage> take_by(const DomainGate* gate);
  void give_back(std::unique_ptr<PreparedMessage> message) override;
  bool lease_holds() const override { return impl.clock.now() < impl.lease_until; }
  void write_intent(const PreparedMessage& message, std::function<void()> written,
                    std::function<void()> failed) override;
  void report(std::unique_ptr<PreparedMessage> message, Outcome outcome) override;
  void report_site_trouble(std::string_view site, Outcome outcome) override;
  void report_connected(std::string_view site) override;
  bool may_connect(std::string_view site) const override;
  std::size_t connection_limit(std::string_view site) const override;
  Instant now() const override { return impl.clock.now(); }

  // Wakes the transport when a rate lets it go on.
  void schedule_wake();
  // Wakes the transport when a site's pause is over: nothing else may come to do it.
  void schedule_pause_end();
  void works();

  Impl& impl;
  const OrganisationId organisation;  // whose transport it is
  Engine engine;
  net::Timer rate_timer;
  Instant rate_wake_at{};
  net::Timer pause_timer;
  Instant pause_wake_at{};
  std::string trouble;  // why the only site cannot be reached; empty when it can
  std::unique_ptr<Transport> transport;
  bool is_drained = false;
  bool is_replaced = false;  // ends what is under way, then a new outlet takes over
};

}  // namespace tidings::delivery
