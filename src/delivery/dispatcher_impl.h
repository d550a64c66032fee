// The dispatcher's inside. Private to src/delivery/dispatcher*.cc: claims (claiming, preparing),
// records (ledger, lease, suppressions), and the rest. Thread: the loop's, but for the inbox.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
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

namespace tidings::delivery {

// What can be in the way, apart: one cause that ends says nothing about another. In the order of
// what a person should hear first.
enum class Cause : std::size_t { journal, ledger, lease, claim, transport, suppressions };
inline constexpr std::size_t kCauses = 6;
inline constexpr Duration kWakeMin = std::chrono::milliseconds(1);

// How a suppressed address is known here.
std::string suppression_key(OrganisationId organisation, std::string_view normalised);

// Lives as long as a posted task or a database callback refers to it.
struct Dispatcher::Impl : std::enable_shared_from_this<Dispatcher::Impl> {
  struct Site;

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
  Site* site_of(CampaignId campaign);
  Result<Site*> open_site(const CampaignWork& work);
  // Closes a site that was replaced and opens it anew for the campaigns that leave by it.
  void reopen_site(TransportId transport);
  void wake_all();

  // --- attempting
  void schedule_flush();
  void flush_journal();
  void settle(const PreparedMessage& message, Outcome outcome);
  void return_message(std::unique_ptr<PreparedMessage> message);
  void release(const PreparedMessage& message);

  // --- recording
  // `done` runs on the loop's thread, and not at all once the Dispatcher is gone.
  void write_async(db::Priority priority, db::Database::Work work,
                   std::function<void(Result<void>)> done);
  void schedule_ledger();
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

  std::map<TransportId, std::unique_ptr<Site>> sites;
  std::map<TransportId, std::pair<Instant, Error>> unmade;  // when to try again, and why not
  std::map<CampaignId, CampaignWork> campaigns;
  std::map<CampaignId, std::uint64_t> stopped;  // by which stop; until that is known to the runner
  std::atomic<std::uint64_t> stops = 0;
  std::unordered_map<CampaignId, std::size_t> preparing;  // claimed, not ready yet
  std::unordered_set<CampaignId> claiming;
  std::unordered_map<CampaignId, Instant> next_claim;
  std::unordered_map<CampaignId, std::vector<Settlement>> doubtful;  // perhaps leased to us
  std::uint64_t claims = 0;
  std::size_t in_flight = 0;

  bool flush_scheduled = false;
  bool journal_blocked = false;  // a write failed; nothing is attempted until it works again
  std::vector<std::pair<std::function<void()>, std::function<void()>>> intents;
  std::vector<Settlement> settlements;  // to be recorded
  std::vector<Settlement> releases;     // to be given back
  std::vector<std::pair<CampaignKeys, MessageId>> drops;
  std::vector<Evidence> evidence;
  bool ledger_busy = false;
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
        : lease(loop), journal(loop), ledger(loop), claim(loop), suppression(loop) {}
    net::Timer lease;
    net::Timer journal;
    net::Timer ledger;
    net::Timer claim;
    net::Timer suppression;
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
struct Dispatcher::Impl::Site final : DeliveryPort {
  explicit Site(Impl& impl_) : impl(impl_), rate_timer(impl_.loop), pause_timer(impl_.loop) {}

  std::unique_ptr<PreparedMessage> take() override {
    if (impl.journal_blocked || !lease_holds()) return nullptr;
    for (;;) {
      auto message = engine.take(impl.clock.now());
      if (message == nullptr) {
        schedule_wake();
        return nullptr;
      }
      // Looked at when it was claimed, by the rules of its kind.
      if (!is_direct(message->campaign_id) && impl.was_suppressed(*message)) {
        impl.drops.emplace_back(CampaignKeys{message->organisation_id, message->campaign_id, {}},
                                message->id);
        impl.schedule_ledger();
        continue;
      }
      ++impl.in_flight;
      impl.claim_more();
      return message;
    }
  }
  void give_back(std::unique_ptr<PreparedMessage> message) override {
    CHECK(impl.in_flight > 0);
    --impl.in_flight;
    impl.return_message(std::move(message));
  }
  bool lease_holds() const override { return impl.clock.now() < impl.lease_until; }
  void write_intent(const PreparedMessage& message, std::function<void()> written,
                    std::function<void()> failed) override {
    Intent intent;
    intent.organisation_id = message.organisation_id;
    intent.campaign_id = message.campaign_id;
    intent.message_id = message.id;
    intent.attempt = message.attempt;
    intent.at = impl.clock.now();
    impl.journal.append_intent(
        intent, message.record ? std::string_view(*message.record) : std::string_view());
    impl.intents.emplace_back(std::move(written), std::move(failed));
    impl.schedule_flush();
  }
  void report(std::unique_ptr<PreparedMessage> message, Outcome outcome) override {
    CHECK(impl.in_flight > 0);
    --impl.in_flight;
    if (outcome.kind == OutcomeKind::sent) works();
    impl.settle(*message, std::move(outcome));
  }
  void report_site_trouble(Outcome outcome) override {
    engine.site_trouble(impl.clock.now());
    std::string sentence = outcome.remote.empty() ? "The mail server" : outcome.remote;
    sentence += ": " + (outcome.reply_text.empty() ? outcome.reason : outcome.reply_text);
    trouble = std::move(sentence);
    impl.publish_trouble();
    // Nothing else may come to wake the transport when the pause is over.
    const Duration pause = engine.paused_until().value_or(now()) - now();
    pause_timer.start(std::max<Duration>(pause, kWakeMin), [this] { transport->wake(); });
  }
  void report_connected() override {
    engine.site_works();
    works();
  }
  bool may_connect() const override { return engine.may_connect(impl.clock.now()); }
  Instant now() const override { return impl.clock.now(); }

  // Wakes the transport when a rate lets it go on.
  void schedule_wake() {
    const Instant now = impl.clock.now();
    const auto next = engine.next_change(now);
    if (!next || (rate_timer.running() && rate_wake_at <= *next)) return;
    rate_wake_at = *next;
    rate_timer.start(std::max<Duration>(*next - now, kWakeMin), [this] { transport->wake(); });
  }
  void works() {
    if (trouble.empty()) return;
    trouble.clear();
    impl.publish_trouble();
  }

  Impl& impl;
  Engine engine;
  net::Timer rate_timer;
  Instant rate_wake_at{};
  net::Timer pause_timer;
  std::string trouble;  // why the site cannot be reached; empty when it can
  std::unique_ptr<Transport> transport;
  bool is_drained = false;
  bool is_replaced = false;  // ends what is under way, then a new site takes over
};

}  // namespace tidings::delivery
