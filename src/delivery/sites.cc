#include "delivery/sites.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "delivery/transport.h"

namespace tidings::delivery {

namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kPauseMin = seconds(1);
constexpr Duration kPauseMax = minutes(5);
constexpr int kDoublingsMax = 9;
// Several connections hear of the same trouble at about the same time: it counts once.
constexpr Duration kSameTrouble = seconds(2);
// Connections lost in a row before it is more than an accident.
constexpr int kBreaksMax = 3;
constexpr double kRateMin = 0.1;  // messages a second
constexpr Duration kRateStep = seconds(10);
constexpr double kRateGrowth = 1.5;
constexpr double kRateForgotten = 4;  // times what it was: then the limit says nothing any more
constexpr double kGapWeight = 0.1;    // of the newest in the average
constexpr double kGapMax = 10;        // a long silence is not to be remembered for as long
// Without a message handed out for so long, a site without a figure counts as slow.
constexpr Duration kUnknownMax = seconds(1);

double seconds_of(Duration time) { return std::chrono::duration<double>(time).count(); }
Duration duration_of(double time) {
  return Duration(static_cast<std::int64_t>(std::ceil(time * 1e6)));
}

}  // namespace

Site::Site(std::string name, SiteLimits limits)
    : name_(std::move(name)),
      limits_(limits),
      connections_(std::clamp<std::size_t>(kConnectionsFirst, 1, limits.connections)),
      rate_(limits.per_second) {}

void Site::set_limits(SiteLimits limits) {
  if (limits == limits_) return;
  limits_ = limits;
  connections_ = std::clamp<std::size_t>(connections_, 1, limits_.connections);
  use_rate();
}

bool Site::may_connect(Instant now) const {
  return !limits_.is_suspended && now >= connect_after_ && now >= send_after_;
}

std::size_t Site::connection_limit() const {
  return is_tried_ ? 1 : std::min(connections_, limits_.connections);
}

bool Site::may_send(Instant now) {
  return !limits_.is_suspended && now >= send_after_ && rate_.allows(now);
}

std::optional<Instant> Site::next_send(Instant now) {
  if (limits_.is_suspended) return std::nullopt;
  return std::max(send_after_, rate_.next(now));
}

std::optional<Instant> Site::paused_until(Instant now) const {
  const Instant until = std::max(connect_after_, send_after_);
  return until > now ? std::optional(until) : std::nullopt;
}

void Site::accepted(Instant now) {
  answered();
  count_accepted(now);
  raise_rate(now);
  // Doubles with each round trip at first; later one more for ten messages on each.
  if (connections_ >= limits_.connections) return;
  if (++credit_ < (is_slow_start_ ? 2 : 10 * connections_)) return;
  credit_ = 0;
  ++connections_;
}

void Site::answered() {
  failures_ = 0;
  breaks_ = 0;
  if (std::exchange(is_tried_, false)) place_ = Instant();
  silent_since_.reset();
}

void Site::pause(Instant& until, Instant now) {
  is_tried_ = true;
  if (!silent_since_) silent_since_ = now;
  const int doublings = std::clamp(failures_ - 1, 0, kDoublingsMax);
  until = std::max(until, now + std::min<Duration>(kPauseMin * (1 << doublings), kPauseMax));
}

void Site::halve(Instant now) {
  if (now < halved_at_ + kSameTrouble && now >= halved_at_) return;
  halved_at_ = now;
  is_slow_start_ = false;
  credit_ = 0;
  if (connections_ > 1) {
    connections_ /= 2;
    return;
  }
  const double base = learnt_rate_ > 0 ? learnt_rate_ : std::max(1.0, recent_rate(now));
  if (learnt_rate_ == 0) rate_forgotten_ = base * kRateForgotten;
  learnt_rate_ = std::max(kRateMin, base / 2);
  rate_changed_at_ = now;
  use_rate();
}

void Site::use_rate() {
  const bool is_own =
      learnt_rate_ > 0 && (limits_.per_second == 0 || learnt_rate_ < limits_.per_second);
  rate_.set_rate(is_own ? learnt_rate_ : limits_.per_second);
}

void Site::raise_rate(Instant now) {
  if (learnt_rate_ == 0 || now - rate_changed_at_ < kRateStep) return;
  learnt_rate_ *= kRateGrowth;
  if (learnt_rate_ >= rate_forgotten_) learnt_rate_ = 0;
  rate_changed_at_ = now;
  use_rate();
}

double Site::recent_rate(Instant now) const {
  // What was accepted in the last full second, or in this one so far.
  const bool is_fresh = now >= second_began_ && now - second_began_ < seconds(2);
  return is_fresh ? std::max(in_last_second_, in_second_) : in_second_ / 2;
}

void Site::count_accepted(Instant now) {
  if (now < second_began_ || now - second_began_ >= seconds(1)) {
    in_last_second_ = now - second_began_ < seconds(2) ? in_second_ : 0;
    in_second_ = 0;
    second_began_ = now;
  }
  in_second_ += 1;
}

void Site::slow_down(Instant now) {
  // Said to several connections at the same time.
  if (failures_ > 0 && now < send_after_) return;
  halve(now);
  // Once may be the end of a connection's life: then the others go on.
  if (++failures_ > 1) pause(send_after_, now);
}

void Site::broke(Instant now) {
  if (++breaks_ < kBreaksMax) return;
  halve(now);
  leave_alone(now);
}

void Site::unreachable(Instant now) {
  is_slow_start_ = false;
  credit_ = 0;
  if (now >= halved_at_ + kSameTrouble || now < halved_at_) {
    connections_ = std::max<std::size_t>(1, connections_ / 2);
    halved_at_ = now;
  }
  leave_alone(now);
}

// What fails during a pause had begun before it: the other connections of the same trouble.
void Site::leave_alone(Instant now) {
  if (failures_ > 0 && now < connect_after_) return;
  ++failures_;
  pause(connect_after_, now);
}

void Site::stop_for(Duration time, Instant now) {
  slow_down(now);
  send_after_ = std::max(send_after_, now + time);
}

void Site::refused(Instant now) {
  if (!refused_at_ || *refused_at_ > now) refused_at_ = now;
}

void Site::departed(Instant now) {
  used_at = now;
  if (!refused_at_) {
    gap_ *= 1 - kGapWeight;  // there was room at once: what was slow once is not so for ever
    return;
  }
  const double gap = std::clamp(seconds_of(now - *refused_at_), 1e-6, kGapMax);
  gap_ = gap_ == 0 ? gap : gap_ + (gap - gap_) * kGapWeight;
  refused_at_.reset();
}

void Site::emptied() { refused_at_.reset(); }

std::optional<double> Site::capacity(Instant now) const {
  const Duration waiting = refused_at_ && now > *refused_at_ ? now - *refused_at_ : Duration(0);
  if (gap_ == 0 && waiting < kUnknownMax) return std::nullopt;
  return 1 / std::max(gap_, seconds_of(waiting));
}

std::size_t Site::hold_max(Instant now, bool has_others) const {
  const auto each_second = capacity(now);
  if (!each_second) return refused_at_ && has_others ? kHoldUnknown : SIZE_MAX;
  const double worth = *each_second * seconds_of(kHoldTime);
  return worth > 1e9 ? SIZE_MAX : std::max(kHoldMin, static_cast<std::size_t>(worth));
}

Duration Site::longest_row(Instant now) const {
  const bool in_trouble = failures_ > 0 || is_tried_ || capacity(now).value_or(1) < 1;
  if (in_trouble) return kPostponedMax;
  return std::clamp<Duration>(now - row_began_, kPostponedMin, kPostponedMax);
}

Instant Site::next_place(Instant now, std::uint64_t spread) {
  const Instant begin = std::max(paused_until(now).value_or(now), now);
  const auto each_second = capacity(now);
  if (!each_second) return begin + kUnknownMax + Duration(std::int64_t(spread % 200'000));
  const Duration step = duration_of(1 / std::clamp(*each_second, 0.5, 1000.0));
  // Whoever was put off is back by now: another row.
  const bool is_over = now > row_asked_at_ + 2 * longest_row(row_asked_at_) + kHoldTime;
  if (is_over || now < row_began_) row_began_ = now;
  row_asked_at_ = now;
  const Duration longest = longest_row(now);
  place_ = std::max(place_, begin + kHoldTime);
  if (place_ > begin + longest) {
    const auto within = static_cast<std::uint64_t>(longest.count());
    return begin + longest + Duration(static_cast<std::int64_t>(spread % within));
  }
  const Instant place = place_;
  place_ += step;
  return place;
}

std::shared_ptr<Site> Sites::of(std::string_view name, Instant now) {
  const auto at = sites_.find(name);
  if (at != sites_.end()) return at->second;
  if (sites_.size() >= kSitesMax) forget_one();
  // The only site has the transport's own limits.
  auto made = std::make_shared<Site>(std::string(name), name == kOneSite ? SiteLimits() : limits);
  for (std::string_view hosts = name; !hosts.empty() && !rules.empty();) {
    const auto comma = hosts.find(',');
    serves(*made, hosts.substr(0, comma));
    hosts.remove_prefix(comma == std::string_view::npos ? hosts.size() : comma + 1);
  }
  made->used_at = now;
  made->set_suspended(is_suspended_site(name));
  return sites_.emplace(std::string(name), std::move(made)).first->second;
}

void Sites::serves(Site& site, std::string_view domain) {
  const std::size_t before = site.rules.size();
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (rules[i].concerns(domain)) site.rules.insert(i);
  }
  if (site.rules.size() > before) site.set_limits(limits_of(site));
}

SiteLimits Sites::limits_of(const Site& site) const {
  std::optional<std::size_t> connections;
  std::optional<double> rate;
  for (const std::size_t i : site.rules) {
    if (const auto ruled = rules[i].connections) {
      connections = std::min(connections.value_or(SIZE_MAX), static_cast<std::size_t>(*ruled));
    }
    // 0 is no limit: anything else is lower.
    if (const auto ruled = rules[i].rate) {
      rate = rate.value_or(0) == 0 ? *ruled : *ruled == 0 ? *rate : std::min(*rate, *ruled);
    }
  }
  return {.connections = connections.value_or(limits.connections),
          .per_second = rate.value_or(limits.per_second),
          .is_suspended = site.is_suspended()};
}

void Sites::set_suspended(std::set<std::string, std::less<>> names) {
  suspended_ = std::move(names);
  for (const auto& [name, site] : sites_) site->set_suspended(is_suspended_site(name));
}

bool Sites::is_suspended_site(std::string_view name) const {
  if (suspended_.empty() || name.empty()) return false;
  if (is_suspended(name)) return true;
  for (std::string_view hosts = name; !hosts.empty();) {
    const auto comma = hosts.find(',');
    if (is_suspended(hosts.substr(0, comma))) return true;
    hosts.remove_prefix(comma == std::string_view::npos ? hosts.size() : comma + 1);
  }
  return false;
}

Site* Sites::find(std::string_view name) const {
  const auto at = sites_.find(name);
  return at == sites_.end() ? nullptr : at->second.get();
}

std::optional<Instant> Sites::first_pause_end(Instant now) const {
  std::optional<Instant> first;
  for (const auto& [name, site] : sites_) {
    const auto until = site->paused_until(now);
    if (until && (!first || *until < *first)) first = until;
  }
  return first;
}

void Sites::forget_one() {
  auto oldest = sites_.end();
  for (auto at = sites_.begin(); at != sites_.end(); ++at) {
    if (at->second->held > 0 || at->second->in_flight > 0) continue;
    if (oldest == sites_.end() || at->second->used_at < oldest->second->used_at) oldest = at;
  }
  if (oldest == sites_.end()) return;
  oldest->second->is_forgotten = true;
  sites_.erase(oldest);
}

}  // namespace tidings::delivery
