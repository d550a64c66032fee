#include <algorithm>
#include <unordered_map>

#include "delivery/dispatcher_impl.h"

namespace tidings::delivery {

namespace {

constexpr Duration kSweepPeriod = std::chrono::milliseconds(500);
constexpr Duration kExpiryPeriodMax = std::chrono::seconds(60);
constexpr int kExpiryBatch = 500;
constexpr std::string_view kSiteSlow = "site_slow";

Duration shortest_expiry(const RetryPolicies& retry) {
  return std::min({retry.campaign.expiry, retry.individual.expiry, retry.transactional.expiry});
}

std::string_view why_not_now(const Site* site, Instant now) {
  return site != nullptr && site->paused_until(now) ? "site_paused" : kSiteSlow;
}

Settlement without_attempt(const PreparedMessage& message) {
  Settlement back;
  back.organisation_id = message.organisation_id;
  back.campaign_id = message.campaign_id;
  back.attempt = message.attempt;
  back.outcome.message_id = message.id;
  return back;
}

}  // namespace

std::string_view domain_of(std::string_view normalised) {
  const auto at = normalised.rfind('@');
  return at == std::string_view::npos ? normalised : normalised.substr(at + 1);
}

void Dispatcher::Impl::put_off(const PreparedMessage& message, Instant due_at,
                               std::string_view why) {
  if (is_recalled(message, MessageState::leased)) return;
  if (why == kSiteSlow) put_off_until = std::max(put_off_until, due_at);
  Settlement back = without_attempt(message);
  back.due_at = due_at;
  back.outcome.reason = why;
  postponed.push_back(std::move(back));
  schedule_ledger();
}

void Dispatcher::Impl::expire(const PreparedMessage& message) {
  expired.push_back(without_attempt(message));
  schedule_ledger();
}

// A site that answers may have one more attempt, however late. One that does not has had its time:
// what was attempted once, by its own age; what was not, when nothing else was in the way for all
// that time.
bool Dispatcher::Impl::is_over(MessageKind kind, Instant queued_at, int attempts,
                               const Site* site) const {
  const Instant now = clock.now();
  const Duration expiry = options.retry.of(kind).expiry;
  if (now <= queued_at + expiry || site == nullptr || !site->silent_since()) return false;
  return attempts > 0 || now > *site->silent_since() + expiry;
}

void Dispatcher::Impl::sort_out(Outlet& outlet, std::vector<ClaimedMessage>& messages,
                                std::uint64_t claim) {
  const Instant now = clock.now();
  Engine& engine = outlet.engine;
  std::unordered_map<const Site*, std::size_t> coming;
  std::erase_if(messages, [&](const ClaimedMessage& claimed) {
    PreparedMessage facts;
    const std::string_view domain = domain_of(claimed.normalised);
    const Site* const site = engine.site_of(domain);
    const bool is_suspended = engine.is_suspended(domain);
    if (site == nullptr && !is_suspended) return false;
    facts.id = claimed.id;
    facts.organisation_id = claimed.organisation_id;
    facts.campaign_id = claimed.campaign_id;
    facts.domain = domain;
    facts.attempt = claimed.attempts + 1;
    facts.claim = claim;
    if (is_suspended) {
      put_off_suspended(facts);
      return true;
    }
    if (is_over(claimed.kind, claimed.queued_at, claimed.attempts, site)) {
      expire(facts);
      return true;
    }
    // Few, and somebody waits for them: the engine keeps them.
    if (is_direct(claimed.campaign_id)) return false;
    const auto due_at = engine.comes_later(domain, claimed.id, coming[site], now);
    if (!due_at) {
      ++coming[site];
      return false;
    }
    put_off(facts, *due_at, why_not_now(site, now));
    return true;
  });
}

void Dispatcher::Impl::sweep() {
  timers->sweep.start(kSweepPeriod, [this] { sweep(); });
  if (draining || ledger_failing || journal_blocked) return;
  const Instant now = clock.now();
  const bool looks_for_old = now >= next_expiry_look;
  if (looks_for_old) {
    next_expiry_look =
        now + std::min<Duration>(kExpiryPeriodMax, shortest_expiry(options.retry) / 4);
  }
  bool is_changed = false;
  for (const auto& [id, outlet] : outlets) {
    Engine& engine = outlet->engine;
    put_off_suspended(*outlet);
    for (const auto& [message, due_at] : engine.shed(now)) {
      put_off(*message, due_at, why_not_now(engine.site_of(message->domain), now));
      is_changed = true;
    }
    if (!looks_for_old) continue;
    const auto old = engine.take_out([&](const PreparedMessage& message) {
      return is_over(message.kind, message.queued_at, message.attempt - 1,
                     engine.site_of(message.domain));
    });
    for (const auto& message : old) expire(*message);
    is_changed |= !old.empty();
    const Site* const only = engine.sites().find(kOneSite);
    if (only == nullptr || !only->silent_since()) continue;
    for (const auto& [lane, work] : campaigns) {
      if (work.transport_id == id) expire_waiting(work, *only->silent_since());
    }
  }
  if (!is_changed) return;
  claim_more();
  publish();
}

// What waits in the database for a server that is not to be reached is claimed by nobody.
void Dispatcher::Impl::expire_waiting(const CampaignWork& work, Instant silent_since) {
  const Instant now = clock.now();
  if (now <= silent_since + shortest_expiry(options.retry) ||
      !expiring.insert(work.campaign_id).second)
    return;
  auto count = std::make_shared<std::int64_t>(0);
  write_async(
      db::Priority::ledger,
      [this, work, silent_since, count](db::Connection& connection) -> Result<void> {
        const Instant then = clock.now();
        const auto is_old = [&](MessageKind kind, Instant queued_at) {
          const Duration expiry = options.retry.of(kind).expiry;
          return then > queued_at + expiry && then > silent_since + expiry;
        };
        *count = TRY(ledger.expire_waiting(connection, work.organisation_id, work.campaign_id,
                                           kExpiryBatch, is_old, then));
        return {};
      },
      [this, work, silent_since, count](Result<void> result) {
        expiring.erase(work.campaign_id);
        if (result && *count > 0 && !draining && campaigns.contains(work.campaign_id)) {
          expire_waiting(work, silent_since);
        }
        check_drained();
      });
}

}  // namespace tidings::delivery
