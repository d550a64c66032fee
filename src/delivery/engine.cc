#include "delivery/engine.h"

#include <utility>

#include "base/check.h"
#include "delivery/ledger.h"

namespace tidings::delivery {

namespace {

// Queues that are empty and kept, so that the next message finds them made.
constexpr std::size_t kIdleMax = 1024;
// Messages of their own that a slow site may keep in memory.
constexpr std::size_t kDirectHeldMax = 200;

}  // namespace

// ---------------------------------------------------------------- queues

void Engine::Queue::push_back(std::unique_ptr<PreparedMessage> message) {
  if (head > 0 && items.size() == items.capacity()) {
    items.erase(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(head));
    head = 0;
  }
  items.push_back(std::move(message));
}

void Engine::Queue::push_front(std::unique_ptr<PreparedMessage> message) {
  if (head > 0) {
    items[--head] = std::move(message);
  } else {
    items.insert(items.begin(), std::move(message));
  }
}

std::unique_ptr<PreparedMessage> Engine::Queue::pop_front() {
  auto message = std::move(items[head++]);
  if (empty()) {
    items.clear();
    head = 0;
  }
  return message;
}

std::unique_ptr<PreparedMessage> Engine::Queue::pop_back() {
  auto message = std::move(items.back());
  items.pop_back();
  if (empty()) {
    items.clear();
    head = 0;
  }
  return message;
}

// ---------------------------------------------------------------- lanes

void Engine::allow(CampaignId campaign, Pace pace, OrganisationId organisation) {
  if (draining_) return;
  Lane& lane = lanes_[campaign];
  if (lane.group == nullptr) {
    lane.group = is_direct(campaign) ? &direct_ : &groups_[organisation];
    if (lane.group != &direct_) lane.group->rate.set_rate(organisation_rate_);
  }
  if (lane.rate.pace() != pace) lane.rate = RateLimit(pace);
}

void Engine::set_organisation_rate(double per_second) {
  organisation_rate_ = per_second;
  for (auto& [id, group] : groups_) group.rate.set_rate(per_second);
}

void Engine::unlist(Lane& lane) {
  Group& group = *lane.group;
  std::erase(group.turns, &lane);
  if (group.turns.empty() && &group != &direct_) std::erase(turns_, &group);
}

Engine::Messages Engine::forbid(CampaignId campaign) {
  const auto at = lanes_.find(campaign);
  if (at == lanes_.end()) return {};
  Lane& lane = at->second;
  Messages back;
  back.reserve(lane.ready);
  for (auto& [domain, queue] : lane.queues) {
    if (queue.empty()) --idle_;
    while (!queue.empty()) {
      back.push_back(queue.pop_front());
      left(lane, queue, 1);
      if (queue.empty()) --idle_;
    }
  }
  unlist(lane);
  lanes_.erase(at);
  return back;
}

std::vector<CampaignId> Engine::campaigns() const {
  std::vector<CampaignId> ids;
  for (const auto& [id, lane] : lanes_) ids.push_back(id);
  return ids;
}

std::size_t Engine::ready(CampaignId campaign) const {
  const auto at = lanes_.find(campaign);
  return at == lanes_.end() ? 0 : at->second.ready;
}

// ---------------------------------------------------------------- in and out

void Engine::put(std::unique_ptr<PreparedMessage> message, bool is_first) {
  const auto at = lanes_.find(message->campaign_id);
  CHECK(at != lanes_.end());
  Lane& lane = at->second;
  auto known = domains_.find(std::string_view(message->domain));
  if (known == domains_.end()) {
    tidy_up();
    auto made = std::make_unique<Domain>();
    made->name = message->domain;
    known = domains_.emplace(message->domain, std::move(made)).first;
  }
  Domain& domain = *known->second;
  const auto [place, is_new] = lane.queues.try_emplace(&domain);
  Queue& queue = place->second;
  if (is_new) {
    queue.domain = &domain;
  } else if (queue.empty()) {
    --idle_;
  }
  if (queue.empty()) is_first ? lane.turns.push_front(&queue) : lane.turns.push_back(&queue);
  is_first ? queue.push_front(std::move(message)) : queue.push_back(std::move(message));
  ++domain.held;
  if (domain.site) ++domain.site->held;
  ++ready_;
  if (lane.ready++ > 0) return;
  Group& group = *lane.group;
  if (group.turns.empty() && &group != &direct_) turns_.push_back(&group);
  group.turns.push_back(&lane);
}

void Engine::add(std::unique_ptr<PreparedMessage> message) { put(std::move(message), false); }
void Engine::give_back(std::unique_ptr<PreparedMessage> message) { put(std::move(message), true); }

// The books, after messages went out of a queue.
void Engine::left(Lane& lane, Queue& queue, std::size_t count) {
  lane.ready -= count;
  ready_ -= count;
  Domain& domain = *queue.domain;
  domain.held -= count;
  if (domain.site) {
    domain.site->held -= count;
    if (domain.site->held == 0) domain.site->emptied();
  }
  if (queue.empty()) ++idle_;
}

void Engine::tidy_up() {
  if (idle_ <= kIdleMax) return;
  for (auto& [id, lane] : lanes_) {
    std::erase_if(lane.queues, [](const auto& each) { return each.second.empty(); });
  }
  std::erase_if(domains_, [](const auto& each) { return each.second->held == 0; });
  idle_ = 0;
}

// ---------------------------------------------------------------- whose turn it is

void Engine::consider(Instant at) {
  if (!next_change_ || at < *next_change_) next_change_ = at;
}

std::unique_ptr<PreparedMessage> Engine::take(Instant now, const DomainGate* gate) {
  next_change_.reset();
  if (draining_ || ready_ == 0) return nullptr;
  ++pass_;
  has_gate_ = gate != nullptr;
  // Messages of their own never wait behind a campaign.
  if (auto message = take_from(direct_, now, gate)) return message;
  for (std::size_t left_over = turns_.size(); left_over > 0; --left_over) {
    Group* const group = turns_.front();
    turns_.pop_front();
    auto message = take_from(*group, now, gate);
    if (!group->turns.empty()) turns_.push_back(group);
    if (message) return message;
  }
  return nullptr;
}

std::unique_ptr<PreparedMessage> Engine::take_from(Group& group, Instant now,
                                                   const DomainGate* gate) {
  if (group.turns.empty()) return nullptr;
  if (!group.rate.allows(now)) {
    consider(group.rate.next(now));
    return nullptr;
  }
  for (std::size_t left_over = group.turns.size(); left_over > 0; --left_over) {
    Lane* const lane = group.turns.front();
    group.turns.pop_front();
    auto message = take_from(*lane, now, gate);
    if (lane->ready > 0) group.turns.push_back(lane);
    if (message) {
      group.rate.spend(now);
      return message;
    }
  }
  return nullptr;
}

std::unique_ptr<PreparedMessage> Engine::take_from(Lane& lane, Instant now,
                                                   const DomainGate* gate) {
  if (!lane.rate.allows(now)) {
    consider(lane.rate.next(now));
    return nullptr;
  }
  for (std::size_t left_over = lane.turns.size(); left_over > 0; --left_over) {
    Queue* const queue = lane.turns.front();
    lane.turns.pop_front();
    Site* const site = open_site(*queue->domain, now, gate);
    if (site == nullptr) {
      lane.turns.push_back(queue);
      continue;
    }
    auto message = queue->pop_front();
    if (!queue->empty()) lane.turns.push_back(queue);
    lane.rate.spend(now);
    site->spent(now);
    site->departed(now);
    ++site->in_flight;
    message->site = site->name();
    left(lane, *queue, 1);
    return message;
  }
  return nullptr;
}

Site* Engine::open_site(Domain& domain, Instant now, const DomainGate* gate) {
  if (domain.refused_in == pass_) return nullptr;
  const bool is_wanted = gate == nullptr || gate->wants(domain.name);
  if (gate == nullptr) {
    if (!domain.site) move_domain(domain, sites_.of(kOneSite, now));
  } else if (const std::string_view name = gate->site_of(domain.name);
             !name.empty() &&
             (!domain.site || domain.site->is_forgotten || domain.site->name() != name)) {
    move_domain(domain, sites_.of(name, now));
    sites_.serves(*domain.site, domain.name);
  }
  Site* const site = domain.site.get();
  const bool is_suspended =
      sites_.is_suspended(domain.name) || (site != nullptr && site->is_suspended());
  if (is_wanted && !is_suspended && site != nullptr && site->may_send(now)) return site;
  domain.refused_in = pass_;
  if (site != nullptr && !is_suspended) {
    site->refused(now);
    if (is_wanted) {
      if (const auto at = site->next_send(now)) consider(*at);
    }
  }
  return nullptr;
}

void Engine::move_domain(Domain& domain, std::shared_ptr<Site> site) {
  if (domain.site) {
    domain.site->held -= domain.held;
    if (domain.site->held == 0) domain.site->emptied();
  }
  domain.site = std::move(site);
  domain.site->held += domain.held;
}

// ---------------------------------------------------------------- what is learnt

void Engine::returned(const PreparedMessage& message) {
  Site* const site = sites_.find(message.site);
  if (site != nullptr && site->in_flight > 0) --site->in_flight;
}

void Engine::learn(const PreparedMessage& message, const Outcome& outcome,
                   const ReplyAdvice& advice, Instant now) {
  Site* const site = sites_.find(message.site);
  if (site == nullptr) return;
  if (outcome.kind == OutcomeKind::sent) return site->accepted(now);
  if (advice.action == ReplyAction::stop) return site->stop_for(advice.time, now);
  if (advice.action == ReplyAction::slow_down) return site->slow_down(now);
  const bool is_session = outcome.scope == Scope::session || outcome.scope == Scope::site;
  if (outcome.reply_code == 0 && is_session) return site->broke(now);
  // Refused for good is an answer: the next one may be welcome.
  if (outcome.kind == OutcomeKind::deferred &&
      (outcome.scope == Scope::site || outcome.scope == Scope::source)) {
    return site->slow_down(now);
  }
  site->answered();
}

// ---------------------------------------------------------------- what is not worth holding

bool Engine::is_suspended(std::string_view domain) const {
  if (!sites_.has_suspended()) return false;
  if (sites_.is_suspended(domain)) return true;
  const Site* const site = site_of(domain);
  return site != nullptr && site->is_suspended();
}

const Site* Engine::site_of(std::string_view domain) const {
  if (!has_gate_) return sites_.find(kOneSite);
  const auto known = domains_.find(domain);
  return known == domains_.end() ? nullptr : known->second->site.get();
}

std::optional<Instant> Engine::comes_later(std::string_view domain, MessageId id,
                                           std::size_t also_held, Instant now) {
  if (!has_gate_) return std::nullopt;
  const auto known = domains_.find(domain);
  if (known == domains_.end() || !known->second->site) return std::nullopt;
  Site& site = *known->second->site;
  if (site.held + also_held < site.hold_max(now, site.held < ready_)) return std::nullopt;
  return site.next_place(now, static_cast<std::uint64_t>(id.value) * 0x9e3779b97f4a7c15u);
}

std::vector<Engine::Shed> Engine::shed(Instant now) {
  std::vector<Shed> gone;
  if (!has_gate_) return gone;
  for (auto& [id, lane] : lanes_) {
    // Somebody waits for these; there are few.
    if (is_direct(id) && lane.ready <= kDirectHeldMax) continue;
    for (auto& [domain, queue] : lane.queues) {
      Site* const site = domain->site.get();
      if (site == nullptr || queue.empty()) continue;
      const std::size_t keep = site->hold_max(now, site->held < ready_);
      bool is_changed = false;
      while (!queue.empty() && site->held > keep) {
        auto message = queue.pop_back();
        left(lane, queue, 1);
        const auto spread = static_cast<std::uint64_t>(message->id.value) * 0x9e3779b97f4a7c15u;
        gone.push_back({std::move(message), site->next_place(now, spread)});
        is_changed = true;
      }
      if (is_changed && queue.empty()) std::erase(lane.turns, &queue);
    }
    if (lane.ready == 0) unlist(lane);
  }
  return gone;
}

Engine::Messages Engine::take_out(const std::function<bool(const PreparedMessage&)>& is_over) {
  Messages gone;
  for (auto& [id, lane] : lanes_) {
    for (auto& [domain, queue] : lane.queues) {
      if (queue.empty()) continue;
      const std::size_t before = gone.size();
      Messages kept;
      for (std::size_t at = queue.head; at < queue.items.size(); ++at) {
        auto& list = is_over(*queue.items[at]) ? gone : kept;
        list.push_back(std::move(queue.items[at]));
      }
      queue.items = std::move(kept);
      queue.head = 0;
      if (gone.size() == before) continue;
      if (queue.empty()) std::erase(lane.turns, &queue);
      left(lane, queue, gone.size() - before);
    }
    if (lane.ready == 0) unlist(lane);
  }
  return gone;
}

Engine::Messages Engine::drain() {
  draining_ = true;
  Messages back;
  for (const CampaignId campaign : campaigns()) {
    for (auto& message : forbid(campaign)) back.push_back(std::move(message));
  }
  return back;
}

}  // namespace tidings::delivery
