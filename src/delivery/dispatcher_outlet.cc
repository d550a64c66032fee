#include <algorithm>

#include "delivery/dispatcher_impl.h"
#include "domain/reply_rules.h"

namespace tidings::delivery {

std::unique_ptr<PreparedMessage> Dispatcher::Impl::Outlet::take_by(const DomainGate* gate) {
  if (impl.journal_blocked || !lease_holds()) return nullptr;
  const Instant now = impl.clock.now();
  for (;;) {
    auto message = engine.take(now, gate);
    if (message == nullptr) {
      schedule_wake();
      return nullptr;
    }
    // Looked at when it was claimed, by the rules of its kind.
    if (!is_direct(message->campaign_id) && impl.was_suppressed(*message)) {
      engine.returned(*message);
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

void Dispatcher::Impl::Outlet::give_back(std::unique_ptr<PreparedMessage> message) {
  CHECK(impl.in_flight > 0);
  --impl.in_flight;
  engine.returned(*message);
  impl.return_message(std::move(message));
}

void Dispatcher::Impl::Outlet::write_intent(const PreparedMessage& message,
                                            std::function<void()> written,
                                            std::function<void()> failed) {
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

void Dispatcher::Impl::Outlet::report(std::unique_ptr<PreparedMessage> message, Outcome outcome) {
  CHECK(impl.in_flight > 0);
  --impl.in_flight;
  engine.returned(*message);
  ReplyAdvice advice;
  if (outcome.kind == OutcomeKind::sent) {
    works();
  } else {
    advice = apply_reply_rules(outcome, message->domain, message->site);
  }
  engine.learn(*message, outcome, advice, impl.clock.now());
  if (outcome.kind != OutcomeKind::sent) schedule_pause_end();
  impl.settle(*message, std::move(outcome));
}

void Dispatcher::Impl::Outlet::report_site_trouble(std::string_view site, Outcome outcome) {
  const Instant now = impl.clock.now();
  const auto known = engine.sites().of(site, now);
  const ReplyAdvice advice = apply_reply_rules(outcome, {}, site);
  known->unreachable(now);
  if (advice.action == ReplyAction::stop) known->stop_for(advice.time, now);
  // Of several, the others go on.
  if (site == kOneSite) {
    trouble = outcome.remote.empty() ? "The mail server" : outcome.remote;
    trouble += ": " + (outcome.reply_text.empty() ? outcome.reason : outcome.reply_text);
    impl.publish_trouble();
  }
  schedule_pause_end();
}

void Dispatcher::Impl::Outlet::report_connected(std::string_view site) {
  if (site == kOneSite) works();
}

bool Dispatcher::Impl::Outlet::may_connect(std::string_view site) const {
  const Site* const known = engine.sites().find(site);
  return known == nullptr || known->may_connect(impl.clock.now());
}

std::size_t Dispatcher::Impl::Outlet::connection_limit(std::string_view site) const {
  const Site* const known = engine.sites().find(site);
  return known == nullptr ? kConnectionsFirst : known->connection_limit();
}

void Dispatcher::Impl::Outlet::schedule_wake() {
  const auto next = engine.next_change();
  if (!next || (rate_timer.running() && rate_wake_at <= *next)) return;
  rate_wake_at = *next;
  rate_timer.start(std::max<Duration>(*next - impl.clock.now(), kWakeMin),
                   [this] { transport->wake(); });
}

void Dispatcher::Impl::Outlet::schedule_pause_end() {
  const Instant now = impl.clock.now();
  const auto next = engine.sites().first_pause_end(now);
  if (!next || (pause_timer.running() && pause_wake_at <= *next)) return;
  pause_wake_at = *next;
  pause_timer.start(std::max<Duration>(*next - now, kWakeMin), [this] {
    transport->wake();
    schedule_pause_end();
  });
}

void Dispatcher::Impl::Outlet::works() {
  if (trouble.empty()) return;
  trouble.clear();
  impl.publish_trouble();
}

}  // namespace tidings::delivery
