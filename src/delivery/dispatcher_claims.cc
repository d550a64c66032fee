#include <algorithm>
#include <chrono>
#include <map>
#include <ranges>

#include "delivery/dispatcher_impl.h"
#include "wire/smtp_reply.h"

namespace tidings::delivery {

namespace {

constexpr Duration kTroublePause = std::chrono::seconds(1);
constexpr Duration kMakePause = std::chrono::seconds(5);
constexpr Duration kIdleClaim = std::chrono::milliseconds(200);
constexpr std::size_t kPreparedChunk = 32;
constexpr Duration kHelpFrom = std::chrono::microseconds(100);
constexpr std::size_t kSentenceMax = 4096;
constexpr std::size_t kReadyBytes = std::size_t{8} << 20;

// The database or the keys are away, or the keys are others: that is no fault of the message.
bool is_ours(const Error& error) {
  return error.code.starts_with("db.") || error.code.starts_with("secret.") ||
         error.kind == ErrorKind::unavailable || error.kind == ErrorKind::timeout ||
         error.kind == ErrorKind::cancelled;
}

Settlement as_release(const ClaimedMessage& message) {
  Settlement back;
  back.organisation_id = message.organisation_id;
  back.campaign_id = message.campaign_id;
  back.attempt = message.attempts + 1;
  back.outcome.message_id = message.id;
  return back;
}

}  // namespace

void Dispatcher::Impl::set_campaigns(std::vector<CampaignWork> wanted, std::uint64_t stops_seen) {
  if (draining) return;
  std::erase_if(stopped, [&](const auto& each) { return each.second <= stops_seen; });
  std::map<CampaignId, CampaignWork> next;
  for (CampaignWork& work : wanted) {
    if (!stopped.contains(work.campaign_id)) next.emplace(work.campaign_id, work);
  }
  for (const auto& [id, work] : campaigns) {
    if (next.contains(id)) continue;
    if (is_direct(id) && is_busy(id)) {
      next.emplace(id, work);
      continue;
    }
    if (Outlet* outlet = outlet_of(id)) {
      for (const auto& message : outlet->engine.forbid(id)) release(*message);
    }
  }
  campaigns = std::move(next);
  std::erase_if(next_claim, [this](const auto& each) { return !campaigns.contains(each.first); });
  std::string trouble;
  for (auto& [id, work] : campaigns) {
    const auto outlet = open_outlet(work);
    if (outlet) {
      (*outlet)->engine.allow(id, work.pace, work.organisation_id);
    } else {
      trouble = outlet.error().message;
    }
  }
  set_trouble(Cause::transport, std::move(trouble));
  give_up_doubtful();
  claim_more();
}

void Dispatcher::Impl::stop_campaign(CampaignId campaign, std::uint64_t number) {
  stopped[campaign] = std::max(stopped[campaign], number);
  if (draining) return;
  if (Outlet* outlet = outlet_of(campaign)) {
    for (const auto& message : outlet->engine.forbid(campaign)) release(*message);
  }
  campaigns.erase(campaign);
  next_claim.erase(campaign);
  give_up_doubtful();
  publish();
}

bool Dispatcher::Impl::is_busy(CampaignId lane) {
  Outlet* outlet = outlet_of(lane);
  return claiming.contains(lane) || preparing.contains(lane) ||
         (outlet != nullptr && outlet->engine.ready(lane) > 0);
}

void Dispatcher::Impl::open_direct(const CampaignWork& work) {
  if (draining) return;
  if (!campaigns.contains(work.campaign_id)) {
    const auto outlet = open_outlet(work);
    // The runner tries again, and says what the trouble is.
    if (!outlet) return;
    campaigns.emplace(work.campaign_id, work);
    (*outlet)->engine.allow(work.campaign_id, {}, work.organisation_id);
  }
  next_claim.erase(work.campaign_id);
  claim_more();
}

Dispatcher::Impl::Outlet* Dispatcher::Impl::outlet_of(CampaignId campaign) {
  const auto at = campaigns.find(campaign);
  if (at == campaigns.end()) return nullptr;
  const auto outlet = outlets.find(at->second.transport_id);
  return outlet == outlets.end() ? nullptr : outlet->second.get();
}

void Dispatcher::Impl::reopen_outlet(TransportId transport) {
  const auto at = outlets.find(transport);
  if (at == outlets.end()) return;
  for (const auto& message : at->second->engine.drain()) release(*message);
  outlets.erase(at);
  if (draining) return check_drained();
  for (const auto& [id, work] : campaigns) {
    if (work.transport_id != transport) continue;
    // Without one the next set_campaigns() tries again, and says what the trouble is.
    if (const auto outlet = open_outlet(work))
      (*outlet)->engine.allow(id, work.pace, work.organisation_id);
  }
  publish_trouble();
  claim_more();
}

Result<Dispatcher::Impl::Outlet*> Dispatcher::Impl::open_outlet(const CampaignWork& work) {
  if (const auto at = outlets.find(work.transport_id); at != outlets.end()) return at->second.get();
  // Making one reads the database and certificates: not at every turn.
  const Instant now = clock.now();
  const auto failed = unmade.find(work.transport_id);
  if (failed != unmade.end() && failed->second.first > now) {
    return std::unexpected(failed->second.second);
  }
  auto made = std::make_unique<Outlet>(*this, work.organisation_id);
  auto transport = make_transport(work.organisation_id, work.transport_id, *made);
  if (!transport) {
    unmade.insert_or_assign(work.transport_id, std::pair(now + kMakePause, transport.error()));
    return std::unexpected(std::move(transport).error());
  }
  unmade.erase(work.transport_id);
  made->transport = *std::move(transport);
  return (outlets[work.transport_id] = std::move(made)).get();
}

void Dispatcher::Impl::claim_more() {
  // What cannot be recorded is not added to; and a release that must be tried again must not meet
  // a claim of the same message.
  if (draining || campaigns.empty() || clock.now() >= lease_until || ledger_failing) return;
  const Instant now = clock.now();
  std::optional<Instant> later;
  for (const auto& [id, work] : campaigns) {
    Outlet* outlet = outlet_of(id);
    if (outlet == nullptr || !outlet->engine.allowed(id) || claiming.contains(id)) continue;
    const int share = share_of(work);
    if (const auto at = next_claim.find(id); at != next_claim.end() && at->second > now) {
      if (!later || at->second < *later) later = at->second;
      continue;
    }
    const auto busy = preparing.find(id);
    const int held =
        int(outlet->engine.ready(id)) + (busy == preparing.end() ? 0 : int(busy->second));
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
  unplaced[++claims] = 1;
  write_async(
      is_direct(work.campaign_id) ? db::Priority::transactional : db::Priority::ledger,
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
        placed(number, 1);
        check_barriers();
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
  const bool is_idle = messages.empty();
  if (Outlet* outlet = outlet_of(work.campaign_id)) sort_out(*outlet, messages, number);
  if (is_idle) {
    next_claim[work.campaign_id] = clock.now() + kIdleClaim;
  } else {
    next_claim.erase(work.campaign_id);
  }
  if (!messages.empty()) {
    unplaced[number] += messages.size();
    preparing[work.campaign_id] += messages.size();
    {
      const std::lock_guard lock(inbox_mutex);
      if (is_direct(work.campaign_id)) {  // in front of what campaigns have waiting
        for (ClaimedMessage& message : std::views::reverse(messages)) {
          inbox.push_front({std::move(message), number, {}});
        }
      } else {
        for (ClaimedMessage& message : messages) inbox.push_back({std::move(message), number, {}});
      }
    }
    inbox_wake.notify_all();
  }
  placed(number, 1);
  check_barriers();
  publish();
  claim_more();
  check_drained();
}

// Helpers sleep until the first thread finds that it is slow, and again when it is not any more.
void Dispatcher::Impl::run_preparing(bool is_helper) {
  std::vector<Job> chunk;
  Duration taken{};
  const auto hand_over = [&] {
    if (!is_helper) call_help(taken / chunk.size());
    taken = {};
    auto handed = std::make_shared<std::vector<Job>>(std::move(chunk));
    chunk.clear();
    loop.post([self = shared_from_this(), handed] { self->prepared(std::move(*handed)); });
  };
  for (;;) {
    std::optional<Job> job;
    {
      std::unique_lock lock(inbox_mutex);
      const auto has_work = [&] { return !inbox.empty() && (!is_helper || wants_help); };
      if (chunk.empty()) inbox_wake.wait(lock, [&] { return stop || has_work(); });
      if (stop) return;
      if (has_work()) {
        job.emplace(std::move(inbox.front()));
        inbox.pop_front();
      }
    }
    if (!job) {
      hand_over();
      continue;
    }
    const auto began = std::chrono::steady_clock::now();
    job->made = prepare(job->message);
    taken += std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - began);
    chunk.push_back(*std::move(job));
    if (chunk.size() >= kPreparedChunk) hand_over();
  }
}

void Dispatcher::Impl::call_help(Duration each) {
  const bool is_slow = each > kHelpFrom;
  {
    const std::lock_guard lock(inbox_mutex);
    if (std::exchange(wants_help, is_slow) || !is_slow) return;
  }
  inbox_wake.notify_all();
}

void Dispatcher::Impl::prepared(std::vector<Job> chunk) {
  for (Job& job : chunk) {
    const auto at = preparing.find(job.message.campaign_id);
    CHECK(at != preparing.end() && at->second > 0);
    if (--at->second == 0) preparing.erase(at);
    place(job);
    placed(job.claim, 1);
  }
  check_barriers();
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
  facts.kind = claimed.kind;
  facts.queued_at = claimed.queued_at;
  facts.domain = domain_of(claimed.normalised);
  facts.claim = job.claim;
  Outlet* outlet = outlet_of(claimed.campaign_id);
  if (outlet == nullptr || !outlet->engine.allowed(claimed.campaign_id)) return release(facts);
  if (job.made) {
    PreparedMessage& message = **job.made;
    message.organisation_id = claimed.organisation_id;
    message.campaign_id = claimed.campaign_id;
    message.attempt = facts.attempt;
    message.kind = claimed.kind;
    message.queued_at = claimed.queued_at;
    message.normalised = claimed.normalised;
    message.domain = std::move(facts.domain);
    message.claim = job.claim;
    if (is_recalled(message, MessageState::leased)) return;
    return outlet->engine.add(*std::move(job.made));
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
  for (const auto& [id, outlet] : outlets) {
    if (outlet->transport && !draining) outlet->transport->wake();
  }
}

}  // namespace tidings::delivery
