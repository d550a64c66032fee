#include <algorithm>
#include <future>

#include "delivery/dispatcher_impl.h"

namespace tidings::delivery {

namespace {

constexpr Duration kTroublePause = std::chrono::seconds(1);
constexpr Duration kStopMax = std::chrono::seconds(5);

}  // namespace

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
  const RetryPolicy& retry = options.retry.of(message.kind);
  Settlement settlement;
  settlement.organisation_id = message.organisation_id;
  settlement.campaign_id = message.campaign_id;
  settlement.attempt = message.attempt;
  settlement.due_at = outcome.ended_at;
  if (message.record) settlement.record = *message.record;
  if (outcome.kind == OutcomeKind::uncertain && is_direct(message.campaign_id)) {
    settlement.due_at =
        retry.next_attempt(message.id, message.attempt, message.queued_at, outcome.ended_at)
            .value_or(Instant());
  }
  if (outcome.kind == OutcomeKind::deferred) {
    const auto next =
        retry.next_attempt(message.id, message.attempt, message.queued_at, outcome.ended_at);
    if (next) {
      settlement.due_at = *next;
      settlement.is_delayed = outcome.ended_at - message.queued_at >= options.retry.delayed_after;
    } else {
      outcome.kind = OutcomeKind::failed;
      outcome.reason = "expired";
    }
  }
  const bool comes_again = outcome.kind == OutcomeKind::deferred ||
                           (outcome.kind == OutcomeKind::uncertain &&
                            is_direct(message.campaign_id) && settlement.due_at != Instant());
  settlement.outcome = std::move(outcome);
  if (options.attempted) options.attempted(message, settlement);
  journal.append_settlement(settlement);
  schedule_flush();
  settlements.push_back(std::move(settlement));
  if (comes_again) is_recalled(message, MessageState::deferred);
  schedule_ledger();
}

void Dispatcher::Impl::return_message(std::unique_ptr<PreparedMessage> message) {
  Outlet* outlet = outlet_of(message->campaign_id);
  if (draining || outlet == nullptr || !outlet->engine.allowed(message->campaign_id)) {
    release(*message);
  } else if (!is_recalled(*message, MessageState::leased)) {
    outlet->engine.give_back(std::move(message));
  }
}

void Dispatcher::Impl::release(const PreparedMessage& message) {
  if (is_recalled(message, MessageState::leased)) return;
  Settlement back;
  back.organisation_id = message.organisation_id;
  back.campaign_id = message.campaign_id;
  back.attempt = message.attempt;
  back.outcome.message_id = message.id;
  releases.push_back(std::move(back));
  schedule_ledger();
}

void Dispatcher::Impl::check_drained() {
  if (!draining || !drained || in_flight > 0 || !claiming.empty() || !preparing.empty() ||
      !doubtful.empty() || !expiring.empty() || ledger_busy || has_unrecorded()) {
    return;
  }
  for (const auto& [id, outlet] : outlets) {
    if (!outlet->is_drained) return;
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
  for (const auto& [id, outlet] : outlets) {
    if (shown == nullptr && !outlet->trouble.empty()) shown = &outlet->trouble;
  }
  const std::lock_guard lock(activity_mutex);
  activity.trouble = shown == nullptr ? std::string() : *shown;
}

void Dispatcher::Impl::publish() {
  std::size_t ready = 0;
  for (const auto& [id, outlet] : outlets) ready += outlet->engine.ready();
  for (const auto& [id, count] : preparing) ready += count;
  const std::lock_guard lock(activity_mutex);
  activity.ready = ready;
  activity.in_flight = in_flight;
  activity.is_blocked = journal_blocked || ledger_failing;
  activity.put_off_until = put_off_until;
  activity.unrecorded = settlements.size() + releases.size() + postponed.size() + expired.size() +
                        steered.size() + (ledger_busy ? 1 : 0);
}

CampaignWork direct_work(OrganisationId organisation, TransportId transport) {
  // Whatever each may weigh: enough for the small ones, not too many of the large.
  constexpr std::size_t kDirectBytes = std::size_t{256} << 10;
  return {organisation, direct_lane(transport), transport, {}, kDirectBytes};
}

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
  for (std::thread& preparer : impl_->preparers) preparer.join();
  // Without outlets first: what their transports report on the way out goes back to the ledger.
  const auto outlets = std::exchange(impl_->outlets, {});
  impl_->campaigns.clear();
  for (const auto& [id, outlet] : outlets) outlet->transport.reset();
  impl_->timers.reset();
  const std::lock_guard lock(impl_->gone_mutex);
  impl_->is_gone = true;
}

void Dispatcher::start() {
  for (int i = 0; i < std::max(impl_->options.preparing_threads, 1); ++i) {
    impl_->preparers.emplace_back([raw = impl_.get(), i] { raw->run_preparing(i > 0); });
  }
  impl_->loop.post([impl = impl_] {
    impl->renew_lease();
    impl->poll_suppressions();
    impl->sweep();
  });
}

void Dispatcher::set_campaigns(std::vector<CampaignWork> campaigns, std::uint64_t stops) {
  impl_->loop.post([impl = impl_, campaigns = std::move(campaigns), stops]() mutable {
    impl->set_campaigns(std::move(campaigns), stops);
  });
}

void Dispatcher::stop_campaign(CampaignId campaign) {
  auto stopped = std::make_shared<std::promise<void>>();
  auto is_stopped = stopped->get_future();
  impl_->loop.post([impl = impl_, campaign, number = ++impl_->stops, stopped] {
    impl->stop_campaign(campaign, number);
    stopped->set_value();
  });
  // A loop that has ended, or is stuck for so long, hands out nothing either.
  is_stopped.wait_for(kStopMax);
}

std::uint64_t Dispatcher::stops() const { return impl_->stops; }

void Dispatcher::notify() {
  impl_->loop.post([impl = impl_] {
    impl->next_claim.clear();
    impl->claim_more();
  });
}

void Dispatcher::notify_direct(OrganisationId organisation, TransportId transport) {
  impl_->loop.post(
      [impl = impl_, work = direct_work(organisation, transport)] { impl->open_direct(work); });
}

void Dispatcher::transport_changed(TransportId transport) {
  impl_->loop.post([impl = impl_, transport] {
    impl->unmade.erase(transport);
    const auto at = impl->outlets.find(transport);
    if (at == impl->outlets.end() || impl->draining || at->second->is_replaced) return;
    at->second->is_replaced = true;
    // It hands out nothing more, whatever its transport asks for.
    for (const auto& message : at->second->engine.drain()) impl->release(*message);
    // Not from within the transport's own callback: it goes with its outlet.
    at->second->transport->drain([impl, transport] {
      impl->loop.post([impl, transport] { impl->reopen_outlet(transport); });
    });
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
    for (const auto& [id, outlet] : impl->outlets) {
      for (const auto& message : outlet->engine.drain()) impl->release(*message);
      if (outlet->is_replaced) continue;
      outlet->transport->drain([impl, raw = outlet.get()] {
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
