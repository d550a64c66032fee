#include "delivery/dispatcher.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include "base/check.h"
#include "delivery/engine.h"
#include "wire/smtp_reply.h"

namespace tidings::delivery {

namespace {

constexpr std::size_t kLedgerGroupMax = 1000;
constexpr Duration kLedgerDelay = std::chrono::milliseconds(20);
constexpr Duration kTroublePause = std::chrono::seconds(1);
constexpr Duration kMakePause = std::chrono::seconds(5);
constexpr Duration kIdleClaim = std::chrono::milliseconds(200);
constexpr Duration kSuppressionPoll = std::chrono::milliseconds(500);
constexpr std::size_t kSuppressionPage = 1000;
constexpr std::size_t kSuppressedMax = 100'000;
constexpr std::int64_t kIdOverlap = std::int64_t{10'000} << 22;  // ten seconds of ids
constexpr Duration kWakeMin = std::chrono::milliseconds(1);
constexpr std::size_t kPreparedChunk = 32;
constexpr std::size_t kSentenceMax = 4096;
constexpr std::size_t kReadyBytes = std::size_t{24} << 20;

// What can be in the way, apart: one cause that ends says nothing about another. In the order of
// what a person should hear first.
enum class Cause : std::size_t { journal, ledger, lease, claim, transport, suppressions };
constexpr std::size_t kCauses = 6;

// The database or the keys are away: that is no fault of the message.
bool is_ours(const Error& error) {
  return error.code.starts_with("db.") || error.kind == ErrorKind::unavailable ||
         error.kind == ErrorKind::timeout || error.kind == ErrorKind::cancelled;
}

Settlement as_release(const ClaimedMessage& message) {
  Settlement back;
  back.organisation_id = message.organisation_id;
  back.campaign_id = message.campaign_id;
  back.attempt = message.attempts + 1;
  back.outcome.message_id = message.id;
  return back;
}

std::string suppression_key(OrganisationId organisation, std::string_view normalised) {
  return to_text(organisation) + std::string(normalised);
}

}  // namespace

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
  void run_preparing();
  void prepared(std::vector<Job> chunk);
  void place(Job& job);
  void set_campaigns(std::vector<CampaignWork> campaigns);
  Site* site_of(CampaignId campaign);
  Result<Site*> open_site(const CampaignWork& work);
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

  // The preparing thread's inbox.
  std::mutex inbox_mutex;
  std::condition_variable inbox_wake;
  std::deque<Job> inbox;
  bool stop = false;
  std::thread preparer;

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
      if (impl.was_suppressed(*message)) {
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
};

// ------------------------------------------------------------------ claiming and preparing

void Dispatcher::Impl::set_campaigns(std::vector<CampaignWork> wanted) {
  if (draining) return;
  std::map<CampaignId, CampaignWork> next;
  for (CampaignWork& work : wanted) next.emplace(work.campaign_id, work);
  for (const auto& [id, work] : campaigns) {
    if (next.contains(id)) continue;
    if (Site* site = site_of(id)) {
      for (const auto& message : site->engine.forbid(id)) release(*message);
    }
  }
  campaigns = std::move(next);
  std::erase_if(next_claim, [this](const auto& each) { return !campaigns.contains(each.first); });
  std::string trouble;
  for (auto& [id, work] : campaigns) {
    const auto site = open_site(work);
    if (site) {
      (*site)->engine.allow(id, work.rate_per_second);
    } else {
      trouble = site.error().message;
    }
  }
  set_trouble(Cause::transport, std::move(trouble));
  give_up_doubtful();
  claim_more();
}

Dispatcher::Impl::Site* Dispatcher::Impl::site_of(CampaignId campaign) {
  const auto at = campaigns.find(campaign);
  if (at == campaigns.end()) return nullptr;
  const auto site = sites.find(at->second.transport_id);
  return site == sites.end() ? nullptr : site->second.get();
}

Result<Dispatcher::Impl::Site*> Dispatcher::Impl::open_site(const CampaignWork& work) {
  if (const auto at = sites.find(work.transport_id); at != sites.end()) return at->second.get();
  // Making one reads the database and certificates: not at every turn.
  const Instant now = clock.now();
  const auto failed = unmade.find(work.transport_id);
  if (failed != unmade.end() && failed->second.first > now) {
    return std::unexpected(failed->second.second);
  }
  auto made = std::make_unique<Site>(*this);
  auto transport = make_transport(work.organisation_id, work.transport_id, *made);
  if (!transport) {
    unmade.insert_or_assign(work.transport_id, std::pair(now + kMakePause, transport.error()));
    return std::unexpected(std::move(transport).error());
  }
  unmade.erase(work.transport_id);
  made->transport = *std::move(transport);
  return (sites[work.transport_id] = std::move(made)).get();
}

void Dispatcher::Impl::claim_more() {
  // What cannot be recorded is not added to; and a release that must be tried again must not meet
  // a claim of the same message.
  if (draining || campaigns.empty() || clock.now() >= lease_until || ledger_failing) return;
  const Instant now = clock.now();
  std::optional<Instant> later;
  for (const auto& [id, work] : campaigns) {
    Site* site = site_of(id);
    if (site == nullptr || !site->engine.allowed(id) || claiming.contains(id)) continue;
    const int share = share_of(work);
    if (const auto at = next_claim.find(id); at != next_claim.end() && at->second > now) {
      if (!later || at->second < *later) later = at->second;
      continue;
    }
    const auto busy = preparing.find(id);
    const int held =
        int(site->engine.ready(id)) + (busy == preparing.end() ? 0 : int(busy->second));
    if (held <= share / 2) claim(work, share / 2);
  }
  if (later && !timers->claim.running()) {
    timers->claim.start(std::max<Duration>(*later - now, Duration(1000)), [this] { claim_more(); });
  }
}

// How many of a campaign's messages may be claimed and not yet attempted.
int Dispatcher::Impl::share_of(const CampaignWork& work) const {
  const auto by_number =
      static_cast<std::size_t>(options.prefetch) / std::min<std::size_t>(campaigns.size(), 50);
  const auto by_size = kReadyBytes / std::max<std::size_t>(work.message_bytes, 1);
  return static_cast<int>(std::clamp<std::size_t>(std::min(by_number, by_size), 2, 100'000));
}

void Dispatcher::Impl::claim(const CampaignWork& work, int limit) {
  claiming.insert(work.campaign_id);
  struct Claim {
    std::vector<Settlement> doubtful;
    std::vector<ClaimedMessage> messages;
  };
  auto made = std::make_shared<Claim>();
  if (const auto at = doubtful.find(work.campaign_id); at != doubtful.end()) {
    made->doubtful = at->second;
  }
  ++claims;
  write_async(
      db::Priority::ledger,
      [this, work, limit, made](db::Connection& connection) -> Result<void> {
        made->messages.clear();
        const Instant now = clock.now();
        TRY(ledger.release(connection, made->doubtful, now));
        made->messages =
            TRY(ledger.claim(connection, work.organisation_id, work.campaign_id, limit, now));
        return {};
      },
      [this, work, made, number = claims](Result<void> result) {
        claiming.erase(work.campaign_id);
        set_trouble(Cause::claim, result ? std::string() : result.error().message);
        if (result) {
          doubtful.erase(work.campaign_id);
          return claimed(work, std::move(made->messages), number);
        }
        // The commit may have happened though its answer was lost: then these are leased, and no
        // one else would ever look at them. The next claim takes them back first.
        if (result.error().code == "db.commit_unknown") {
          for (const ClaimedMessage& message : made->messages) {
            doubtful[work.campaign_id].push_back(as_release(message));
          }
        }
        next_claim[work.campaign_id] = clock.now() + kTroublePause;
        give_up_doubtful();
        claim_more();
        check_drained();
      });
}

// Doubtful claims of campaigns that claim no more go back by themselves.
void Dispatcher::Impl::give_up_doubtful() {
  for (auto at = doubtful.begin(); at != doubtful.end();) {
    if ((campaigns.contains(at->first) && !draining) || claiming.contains(at->first)) {
      ++at;
      continue;
    }
    std::ranges::move(at->second, std::back_inserter(releases));
    at = doubtful.erase(at);
    schedule_ledger();
  }
}

void Dispatcher::Impl::claimed(const CampaignWork& work, std::vector<ClaimedMessage> messages,
                               std::uint64_t number) {
  if (messages.empty()) {
    next_claim[work.campaign_id] = clock.now() + kIdleClaim;
  } else {
    next_claim.erase(work.campaign_id);
    preparing[work.campaign_id] += messages.size();
    {
      const std::lock_guard lock(inbox_mutex);
      for (ClaimedMessage& message : messages) inbox.push_back({std::move(message), number, {}});
    }
    inbox_wake.notify_one();
  }
  publish();
  claim_more();
  check_drained();
}

void Dispatcher::Impl::run_preparing() {
  std::vector<Job> chunk;
  for (;;) {
    Job job;
    {
      std::unique_lock lock(inbox_mutex);
      inbox_wake.wait(lock, [this] { return stop || !inbox.empty(); });
      if (stop) return;
      job = std::move(inbox.front());
      inbox.pop_front();
    }
    job.made = prepare(job.message);
    chunk.push_back(std::move(job));
    bool is_last = false;
    {
      const std::lock_guard lock(inbox_mutex);
      is_last = inbox.empty();
    }
    if (chunk.size() >= kPreparedChunk || is_last) {
      auto handed = std::make_shared<std::vector<Job>>(std::move(chunk));
      chunk.clear();
      loop.post([self = shared_from_this(), handed] { self->prepared(std::move(*handed)); });
    }
  }
}

void Dispatcher::Impl::prepared(std::vector<Job> chunk) {
  for (Job& job : chunk) {
    const auto at = preparing.find(job.message.campaign_id);
    CHECK(at != preparing.end() && at->second > 0);
    if (--at->second == 0) preparing.erase(at);
    place(job);
  }
  wake_all();
  publish();
  check_drained();
}

void Dispatcher::Impl::place(Job& job) {
  const ClaimedMessage& claimed = job.message;
  PreparedMessage facts;
  facts.id = claimed.id;
  facts.organisation_id = claimed.organisation_id;
  facts.campaign_id = claimed.campaign_id;
  facts.attempt = claimed.attempts + 1;
  facts.queued_at = claimed.queued_at;
  Site* site = site_of(claimed.campaign_id);
  if (site == nullptr || !site->engine.allowed(claimed.campaign_id)) return release(facts);
  if (job.made) {
    PreparedMessage& message = **job.made;
    message.organisation_id = claimed.organisation_id;
    message.campaign_id = claimed.campaign_id;
    message.attempt = facts.attempt;
    message.queued_at = claimed.queued_at;
    message.normalised = claimed.normalised;
    message.claim = job.claim;
    return site->engine.add(*std::move(job.made));
  }
  const Error& error = job.made.error();
  if (is_ours(error)) {
    next_claim[claimed.campaign_id] = clock.now() + kTroublePause;
    set_trouble(Cause::claim, error.message);
    return release(facts);
  }
  Outcome outcome;
  outcome.message_id = claimed.id;
  outcome.kind = OutcomeKind::failed;
  outcome.scope = Scope::message;
  outcome.reason = error.code == "liquid.limit" ? "template limit" : "document error";
  outcome.reply_text = wire::to_valid_utf8(error.message, kSentenceMax);
  outcome.started_at = outcome.ended_at = clock.now();
  settle(facts, std::move(outcome));
}

void Dispatcher::Impl::wake_all() {
  for (const auto& [id, site] : sites) {
    if (site->transport && !draining) site->transport->wake();
  }
}

// ------------------------------------------------------------------ attempting

void Dispatcher::Impl::schedule_flush() {
#ifdef TIDINGS_PLANT_ACK_BEFORE_COMMIT
  // A planted bug for the harness: the last octet may leave before its intent is written.
  loop.post([self = shared_from_this()] {
    for (const auto& [written, failed] : std::exchange(self->intents, {})) written();
  });
  if (std::exchange(flush_scheduled, true)) return;
  timers->journal.start(std::chrono::milliseconds(30), [this] { flush_journal(); });
#else
  if (std::exchange(flush_scheduled, true)) return;
  loop.post([self = shared_from_this()] { self->flush_journal(); });
#endif
}

void Dispatcher::Impl::flush_journal() {
  flush_scheduled = false;
  const Result<void> flushed = journal.flush();
  set_trouble(Cause::journal, flushed ? std::string() : flushed.error().message);
  if (flushed && std::exchange(journal_blocked, false)) {
    wake_all();
    publish();
  } else if (!flushed && !std::exchange(journal_blocked, true)) {
    publish();
  }
  // Callbacks may write further intents: those belong to the next flush.
  const auto waiting = std::exchange(intents, {});
  for (const auto& [written, failed] : waiting) flushed ? written() : failed();
  if (!flushed) {
    // The journal keeps its settlements; a flush that works unblocks everything.
    timers->journal.start(kTroublePause, [this] { schedule_flush(); });
  }
}

void Dispatcher::Impl::settle(const PreparedMessage& message, Outcome outcome) {
  Settlement settlement;
  settlement.organisation_id = message.organisation_id;
  settlement.campaign_id = message.campaign_id;
  settlement.attempt = message.attempt;
  settlement.due_at = outcome.ended_at;
  if (message.record) settlement.record = *message.record;
  if (outcome.kind == OutcomeKind::deferred) {
    const auto next = options.retry.next_attempt(message.id, message.attempt, message.queued_at,
                                                 outcome.ended_at);
    if (next) {
      settlement.due_at = *next;
    } else {
      outcome.kind = OutcomeKind::failed;
      outcome.reason = "expired";
    }
  }
  settlement.outcome = std::move(outcome);
  journal.append_settlement(settlement);
  schedule_flush();
  settlements.push_back(std::move(settlement));
  schedule_ledger();
}

void Dispatcher::Impl::return_message(std::unique_ptr<PreparedMessage> message) {
  Site* site = site_of(message->campaign_id);
  if (draining || site == nullptr || !site->engine.allowed(message->campaign_id)) {
    release(*message);
  } else {
    site->engine.give_back(std::move(message));
  }
}

void Dispatcher::Impl::release(const PreparedMessage& message) {
  Settlement back;
  back.organisation_id = message.organisation_id;
  back.campaign_id = message.campaign_id;
  back.attempt = message.attempt;
  back.outcome.message_id = message.id;
  releases.push_back(std::move(back));
  schedule_ledger();
}

// ------------------------------------------------------------------ recording

void Dispatcher::Impl::write_async(db::Priority priority, db::Database::Work work,
                                   std::function<void(Result<void>)> done) {
  database.write_async(priority, std::move(work),
                       [self = shared_from_this(), done = std::move(done)](Result<void> result) {
                         const std::lock_guard lock(self->gone_mutex);
                         if (self->is_gone) return;
                         self->loop.post([self, done, result = std::move(result)]() mutable {
                           done(std::move(result));
                         });
                       });
}

void Dispatcher::Impl::schedule_ledger() {
  if (ledger_busy) return;
  if (settlements.size() >= kLedgerGroupMax / 2) return write_ledger();
  if (!timers->ledger.running()) timers->ledger.start(kLedgerDelay, [this] { write_ledger(); });
}

void Dispatcher::Impl::write_ledger() {
  if (ledger_busy ||
      (settlements.empty() && releases.empty() && drops.empty() && evidence.empty())) {
    return;
  }
  ledger_busy = true;
  timers->ledger.cancel();
  struct Group {
    std::vector<Settlement> settled;
    std::vector<Settlement> released;
    std::vector<std::pair<CampaignKeys, MessageId>> dropped;
    std::vector<Evidence> evidence;
  };
  auto group = std::make_shared<Group>();
  if (settlements.size() <= kLedgerGroupMax) {
    group->settled = std::exchange(settlements, {});
  } else {
    const auto cut = settlements.begin() + kLedgerGroupMax;
    group->settled.assign(std::make_move_iterator(settlements.begin()),
                          std::make_move_iterator(cut));
    settlements.erase(settlements.begin(), cut);
  }
  group->released = std::exchange(releases, {});
  group->dropped = std::exchange(drops, {});
  // Evidence follows the settlement of its message.
  if (settlements.empty()) group->evidence = std::exchange(evidence, {});
  write_async(
      db::Priority::ledger,
      [this, group](db::Connection& connection) -> Result<void> {
        const Instant now = clock.now();
        if (!group->settled.empty()) {
          TRY(ledger.settle(connection, ledger.node(), group->settled, now));
        }
        TRY(ledger.release(connection, group->released, now));
        for (const auto& [keys, id] : group->dropped) {
          TRY(ledger.drop_suppressed(connection, ledger.node(), keys, std::span(&id, 1), now));
        }
        for (const Evidence& fact : group->evidence) {
          const auto recorded = ledger.record(connection, fact, now);
          // Of a message that is deleted by now nothing is to be said.
          if (!recorded && recorded.error().kind != ErrorKind::not_found) {
            return std::unexpected(recorded.error());
          }
        }
        return {};
      },
      [this, group](Result<void> result) {
        // An intent of a message that went back is not to be acted on at a restart.
        if (result) {
          for (const Settlement& back : group->released) journal.settled(back.outcome.message_id);
          for (const auto& [keys, id] : group->dropped) journal.settled(id);
        } else {
          // Nothing is lost: everything goes back in front and is tried again.
          std::ranges::move(group->released, std::back_inserter(releases));
          std::ranges::move(group->dropped, std::back_inserter(drops));
          std::ranges::move(group->evidence, std::back_inserter(evidence));
        }
        ledger_written(std::move(group->settled), std::move(result));
      });
}

void Dispatcher::Impl::ledger_written(std::vector<Settlement> settled, Result<void> result) {
  if (!result) {
    settlements.insert(settlements.begin(), std::make_move_iterator(settled.begin()),
                       std::make_move_iterator(settled.end()));
    set_trouble(Cause::ledger, result.error().message);
    ledger_failing = true;
    timers->ledger.start(kTroublePause, [this] {
      ledger_busy = false;
      write_ledger();
    });
    publish();
    return;
  }
  ledger_busy = false;
  const bool was_failing = std::exchange(ledger_failing, false);
  if (was_failing) set_trouble(Cause::ledger, {});
  for (const Settlement& settlement : settled) journal.settled(settlement.outcome.message_id);
  if (!settlements.empty() || !releases.empty() || !drops.empty() || !evidence.empty()) {
    schedule_ledger();
  }
  publish();
  if (was_failing) claim_more();
  check_drained();
}

void Dispatcher::Impl::renew_lease() {
  static constexpr db::Statement kRenew{
      "dispatcher.renew_lease",
      "UPDATE node SET lease_until = $1 WHERE id = $2 AND closed_at IS NULL"};
  const Instant until = clock.now() + options.lease;
  auto renewed = std::make_shared<std::int64_t>(0);
  write_async(
      db::Priority::transactional,
      [this, until, renewed](db::Connection& connection) -> Result<void> {
        *renewed = TRY(connection.execute(kRenew, {until, ledger.node()}));
        return {};
      },
      [this, until, renewed](Result<void> result) {
        if (!result || *renewed != 1) {
          return set_trouble(Cause::lease,
                             result ? "Another node took over this one's work; start again."
                                    : result.error().message);
        }
        set_trouble(Cause::lease, {});
        const bool was_out = clock.now() >= lease_until;
        lease_until = until;
        if (!was_out) return;
        claim_more();
        wake_all();
      });
  timers->lease.start(options.lease / 3, [this] { renew_lease(); });
}

void Dispatcher::Impl::poll_suppressions() {
  static constexpr db::Statement kRecent{
      "dispatcher.recent_suppressions",
      "SELECT id, organisation_id, normalised FROM suppression"
      " WHERE id > $1 AND released_at IS NULL ORDER BY id LIMIT $2"};
  static constexpr db::Statement kLast{"dispatcher.last_suppression",
                                       "SELECT COALESCE(MAX(id), 0) FROM suppression"};
  struct Found {
    std::vector<std::string> keys;
    std::int64_t last = 0;
  };
  auto found = std::make_shared<Found>();
  const bool is_first = !std::exchange(suppression_poll_started, true);
  // Asynchronous: a database that is slow or away must not hold up the connections.
  write_async(
      db::Priority::ledger,
      [found, is_first, after = suppressions_after](db::Connection& connection) -> Result<void> {
        *found = {{}, after};
        if (is_first) {
          return connection.query(kLast, {},
                                  [&](const db::Row& row) { found->last = row.integer(0); });
        }
        return connection.query(kRecent, {after, kSuppressionPage}, [&](const db::Row& row) {
          found->last = row.integer(0);
          found->keys.push_back(suppression_key(row.id<OrganisationId>(1), row.text(2)));
        });
      },
      [this, found, is_first](Result<void> result) {
        set_trouble(Cause::suppressions, result ? std::string() : result.error().message);
        if (!result && is_first) suppression_poll_started = false;
        for (const std::string& key : found->keys) add_recently_suppressed(key);
        const bool is_full = found->keys.size() == kSuppressionPage;
        if (result) suppressions_seen = std::max(suppressions_seen, found->last);
        // Ids are made before they are committed, by several: the last seconds are read again.
        suppressions_after = is_full && result ? found->last : suppressions_seen - kIdOverlap;
        if (draining) return;
        timers->suppression.start(is_full ? kWakeMin : kSuppressionPoll,
                                  [this] { poll_suppressions(); });
      });
}

// What is claimed from now on is checked by the ledger; only what was claimed before needs this.
void Dispatcher::Impl::add_recently_suppressed(const std::string& key) {
  if (recently_suppressed.size() >= kSuppressedMax) {
    formerly_suppressed = std::exchange(recently_suppressed, {});
  }
  recently_suppressed.insert_or_assign(key, claims);
}

bool Dispatcher::Impl::was_suppressed(const PreparedMessage& message) {
  if (recently_suppressed.empty() && formerly_suppressed.empty()) return false;
  const auto is_known = [&](std::string_view normalised) {
    const std::string key = suppression_key(message.organisation_id, normalised);
    for (const auto* known : {&recently_suppressed, &formerly_suppressed}) {
      if (const auto at = known->find(key); at != known->end()) return message.claim <= at->second;
    }
    return false;
  };
  const auto at = message.normalised.rfind('@');
  return is_known(message.normalised) ||
         (at != std::string::npos && is_known(std::string_view(message.normalised).substr(at)));
}

void Dispatcher::Impl::check_drained() {
  if (!draining || !drained || in_flight > 0 || !claiming.empty() || !preparing.empty() ||
      !doubtful.empty() || ledger_busy || !settlements.empty() || !releases.empty() ||
      !drops.empty() || !evidence.empty()) {
    return;
  }
  for (const auto& [id, site] : sites) {
    if (!site->is_drained) return;
  }
  std::exchange(drained, nullptr)();
}

void Dispatcher::Impl::set_trouble(Cause cause, std::string sentence) {
  std::string& known = troubles[static_cast<std::size_t>(cause)];
  if (known == sentence) return;
  known = std::move(sentence);
  publish_trouble();
}

void Dispatcher::Impl::publish_trouble() {
  const auto first =
      std::ranges::find_if(troubles, [](const std::string& each) { return !each.empty(); });
  const std::string* shown = first == troubles.end() ? nullptr : &*first;
  for (const auto& [id, site] : sites) {
    if (shown == nullptr && !site->trouble.empty()) shown = &site->trouble;
  }
  const std::lock_guard lock(activity_mutex);
  activity.trouble = shown == nullptr ? std::string() : *shown;
}

void Dispatcher::Impl::publish() {
  std::size_t ready = 0;
  for (const auto& [id, site] : sites) ready += site->engine.ready();
  for (const auto& [id, count] : preparing) ready += count;
  const std::lock_guard lock(activity_mutex);
  activity.ready = ready;
  activity.in_flight = in_flight;
  activity.is_blocked = journal_blocked || ledger_failing;
  activity.unrecorded = settlements.size() + releases.size() + (ledger_busy ? 1 : 0);
}

// ------------------------------------------------------------------ the outside

Dispatcher::Dispatcher(net::EventLoop& loop, db::Database& database, const Clock& clock,
                       Ledger ledger, Journal& journal, Prepare prepare,
                       MakeTransport make_transport, DispatcherOptions options)
    : impl_(std::make_shared<Impl>(loop, database, clock, std::move(ledger), journal,
                                   std::move(prepare), std::move(make_transport),
                                   std::move(options))) {}

Dispatcher::~Dispatcher() {
  {
    const std::lock_guard lock(impl_->inbox_mutex);
    impl_->stop = true;
  }
  impl_->inbox_wake.notify_all();
  if (impl_->preparer.joinable()) impl_->preparer.join();
  // Without sites first: what their transports report on the way out goes back to the ledger.
  const auto sites = std::exchange(impl_->sites, {});
  impl_->campaigns.clear();
  for (const auto& [id, site] : sites) site->transport.reset();
  impl_->timers.reset();
  const std::lock_guard lock(impl_->gone_mutex);
  impl_->is_gone = true;
}

void Dispatcher::start() {
  impl_->preparer = std::thread([raw = impl_.get()] { raw->run_preparing(); });
  impl_->loop.post([impl = impl_] {
    impl->renew_lease();
    impl->poll_suppressions();
  });
}

void Dispatcher::set_campaigns(std::vector<CampaignWork> campaigns) {
  impl_->loop.post([impl = impl_, campaigns = std::move(campaigns)]() mutable {
    impl->set_campaigns(std::move(campaigns));
  });
}

void Dispatcher::notify() {
  impl_->loop.post([impl = impl_] {
    impl->next_claim.clear();
    impl->claim_more();
  });
}

void Dispatcher::suppressed(OrganisationId organisation, std::string normalised) {
  impl_->loop.post([impl = impl_, key = suppression_key(organisation, normalised)] {
    impl->add_recently_suppressed(key);
  });
}

void Dispatcher::add_evidence(Evidence evidence) {
  impl_->loop.post([impl = impl_, evidence = std::move(evidence)]() mutable {
    impl->evidence.push_back(std::move(evidence));
    impl->schedule_ledger();
  });
}

void Dispatcher::drain(std::function<void()> drained) {
  impl_->loop.post([impl = impl_, drained = std::move(drained)]() mutable {
    impl->draining = true;
    impl->drained = std::move(drained);
    impl->give_up_doubtful();
    for (const auto& [id, site] : impl->sites) {
      for (const auto& message : site->engine.drain()) impl->release(*message);
      site->transport->drain([impl, raw = site.get()] {
        raw->is_drained = true;
        impl->check_drained();
      });
    }
    impl->check_drained();
  });
}

Dispatcher::Activity Dispatcher::activity() const {
  const std::lock_guard lock(impl_->activity_mutex);
  return impl_->activity;
}

}  // namespace tidings::delivery
