#include "delivery/engine.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/check.h"
#include "delivery/ledger.h"

namespace tidings::delivery {

void RateLimit::refill(Instant now) {
  if (refilled_at_ == Instant()) refilled_at_ = now;
  // A clock that went back refills nothing and starts anew.
  const double seconds = std::chrono::duration<double>(now - refilled_at_).count();
  refilled_at_ = now;
  if (seconds > 0) {
    tokens_ = std::min(tokens_ + seconds * pace_.per_second, std::max(1.0, pace_.per_second / 10));
  }
}

bool RateLimit::package_allows(Instant now) {
  if (pace_.package <= 0 || in_package_ < pace_.package) return true;
  // A clock that went back begins a package anew, rather than wait for a time long gone.
  if (now < package_began_ + pace_.every && now >= package_began_) return false;
  in_package_ = 0;
  return true;
}

bool RateLimit::allows(Instant now) {
  if (!package_allows(now)) return false;
  if (pace_.per_second <= 0) return true;
  refill(now);
  // Ten tenths added up are a little less than one: without the margin each message would wait for
  // one more look at the clock.
  return tokens_ >= 1 - 1e-9;
}

void RateLimit::spend(Instant now) {
  if (pace_.per_second > 0) tokens_ -= 1;
  if (pace_.package > 0 && in_package_++ == 0) package_began_ = now;
}

Instant RateLimit::next(Instant now) {
  if (allows(now)) return now;
  if (!package_allows(now)) return package_began_ + pace_.every;
  const double micros = (1 - tokens_) / pace_.per_second * 1e6;
  return now + Duration(static_cast<std::int64_t>(std::ceil(micros)));
}

void Engine::allow(CampaignId campaign, Pace pace) {
  if (draining_) return;
  Lane& lane = lanes_[campaign];
  if (lane.pace != pace) {
    lane.rate = RateLimit(pace);
    lane.pace = pace;
  }
}

std::vector<std::unique_ptr<PreparedMessage>> Engine::forbid(CampaignId campaign) {
  const auto at = lanes_.find(campaign);
  if (at == lanes_.end()) return {};
  std::vector<std::unique_ptr<PreparedMessage>> back(
      std::make_move_iterator(at->second.ready.begin()),
      std::make_move_iterator(at->second.ready.end()));
  ready_ -= back.size();
  lanes_.erase(at);
  return back;
}

std::vector<CampaignId> Engine::campaigns() const {
  std::vector<CampaignId> ids;
  for (const auto& [id, lane] : lanes_) ids.push_back(id);
  return ids;
}

void Engine::add(std::unique_ptr<PreparedMessage> message) {
  const auto at = lanes_.find(message->campaign_id);
  CHECK(at != lanes_.end());
  at->second.ready.push_back(std::move(message));
  ++ready_;
}

std::unique_ptr<PreparedMessage> Engine::take(Instant now) {
  if (draining_ || ready_ == 0) return nullptr;
  // Messages of their own never wait behind a campaign. Their keys are the lowest.
  for (auto& [id, lane] : lanes_) {
    if (!is_direct(id)) break;
    if (auto message = take_from(lane, now)) return message;
  }
  auto at = lanes_.upper_bound(last_);
  for (std::size_t i = 0; i < lanes_.size(); ++i, ++at) {
    if (at == lanes_.end()) at = lanes_.begin();
    if (auto message = take_from(at->second, now)) {
      last_ = at->first;
      return message;
    }
  }
  return nullptr;
}

std::unique_ptr<PreparedMessage> Engine::take_from(Lane& lane, Instant now) {
  if (lane.ready.empty() || !lane.rate.allows(now)) return nullptr;
  lane.rate.spend(now);
  auto message = std::move(lane.ready.front());
  lane.ready.pop_front();
  --ready_;
  return message;
}

void Engine::give_back(std::unique_ptr<PreparedMessage> message) {
  const auto at = lanes_.find(message->campaign_id);
  CHECK(at != lanes_.end());
  at->second.ready.push_front(std::move(message));
  ++ready_;
}

std::size_t Engine::ready(CampaignId campaign) const {
  const auto at = lanes_.find(campaign);
  return at == lanes_.end() ? 0 : at->second.ready.size();
}

void Engine::site_trouble(Instant now) {
  const int doublings = std::min(site_failures_++, 9);
  const Duration pause =
      std::min<Duration>(std::chrono::seconds(1) * (1 << doublings), std::chrono::minutes(5));
  pause_until_ = now + pause;
}

std::vector<std::unique_ptr<PreparedMessage>> Engine::drain() {
  draining_ = true;
  std::vector<std::unique_ptr<PreparedMessage>> back;
  for (const CampaignId campaign : campaigns()) {
    for (auto& message : forbid(campaign)) back.push_back(std::move(message));
  }
  return back;
}

std::optional<Instant> Engine::next_change(Instant now) {
  std::optional<Instant> next;
  const auto consider = [&](Instant at) {
    if (!next || at < *next) next = at;
  };
  for (auto& [id, lane] : lanes_) {
    if (!lane.ready.empty() && lane.pace.is_limited()) consider(lane.rate.next(now));
  }
  return next;
}

}  // namespace tidings::delivery
