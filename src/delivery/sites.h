// Site and Sites: what is learnt of a receiving site, and how it is treated for it.
//
// Connections begin small and grow with what is accepted (slow start). A site that asks for
// patience (421, a 4xx about the session, a rule of domain/reply_rules.h) gets half of them, and
// nothing for a moment that doubles each time until something is accepted again; with one
// connection left it gets half of its rate, which grows back. One that cannot be reached is left
// alone for a growing time (1 s doubling to 5 min) and then tried with one connection.
// Pure: asked about now, so the tests and the simulator run it under a virtual clock. Thread: one.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "delivery/rate_limit.h"
#include "domain/site_rule.h"

namespace tidings::delivery {

// What a site may be given at most.
struct SiteLimits {
  std::size_t connections = 1000;
  double per_second = 0;      // 0: no limit
  bool is_suspended = false;  // by a person: nothing at all

  friend bool operator==(const SiteLimits&, const SiteLimits&) = default;
};

class Site {
 public:
  Site(std::string name, SiteLimits limits);
  const std::string& name() const { return name_; }
  void set_limits(SiteLimits limits);
  void set_suspended(bool is_suspended) { limits_.is_suspended = is_suspended; }

  // --- asked
  bool may_connect(Instant now) const;
  std::size_t connection_limit() const;
  bool may_send(Instant now);
  // When may_send() is true next; nothing while a person has suspended it.
  std::optional<Instant> next_send(Instant now);
  // The end of the time without connections; nothing when there is none.
  std::optional<Instant> paused_until(Instant now) const;
  bool is_suspended() const { return limits_.is_suspended; }
  int failures() const { return failures_; }
  // Since when it has been in trouble without a break; nothing when it is not.
  std::optional<Instant> silent_since() const { return silent_since_; }
  double rate() const { return rate_.pace().per_second; }

  // --- told
  void spent(Instant now) { rate_.spend(now); }
  void accepted(Instant now);
  // It answered, if only to refuse one recipient: it is there.
  void answered();
  // Asked us to be slower.
  void slow_down(Instant now);
  // A connection broke, or nothing came in time: an accident, or the beginning of something.
  void broke(Instant now);
  // Cannot be reached, or does not let us in.
  void unreachable(Instant now);
  // Asked, by its own words, for so long without us.
  void stop_for(Duration time, Instant now);

  // --- how much of it is worth holding in memory
  // A message for it was ready and the site had no room.
  void refused(Instant now);
  // One was handed out.
  void departed(Instant now);
  // None is ready any more.
  void emptied();
  // Messages a second that it takes when more wait; nothing while that is not known.
  std::optional<double> capacity(Instant now) const;
  // How many ready messages to hold: what it takes in the next seconds. Without a figure, all, or
  // a few once it had no room and others have messages too: one that hangs from the start would
  // fill the memory before it is known.
  std::size_t hold_max(Instant now, bool has_others = false) const;
  // When one that is not held should come again: each call gives the next place in the row, after
  // the pause and at the pace the site keeps; in a second or so while that is not known. What is
  // beyond the longest row is spread by `spread` over as long again. That is kPostponedMax for one
  // in trouble; for one that accepts, as long as the row has been there: its pace may be growing,
  // and it must not wait for those that were put off at the pace of its beginning.
  Instant next_place(Instant now, std::uint64_t spread);

  std::size_t held = 0;         // ready in the engine
  std::size_t in_flight = 0;    // handed out and not back yet
  std::set<std::size_t> rules;  // of Sites, those that are about it
  Instant used_at{};
  bool is_forgotten = false;  // by Sites, while a domain still points here

 private:
  Duration longest_row(Instant now) const;
  void halve(Instant now);
  void pause(Instant& until, Instant now);
  void leave_alone(Instant now);
  void raise_rate(Instant now);
  void use_rate();
  void count_accepted(Instant now);
  double recent_rate(Instant now) const;  // messages accepted in a second

  const std::string name_;
  SiteLimits limits_;
  std::size_t connections_;
  std::size_t credit_ = 0;  // accepted since the last connection was granted
  bool is_slow_start_ = true;
  int failures_ = 0;       // since something was accepted
  int breaks_ = 0;         // connections lost, since something was accepted
  bool is_tried_ = false;  // with one connection, after a pause
  std::optional<Instant> silent_since_;
  Instant halved_at_{};
  Instant connect_after_{};
  Instant send_after_{};
  RateLimit rate_;
  double learnt_rate_ = 0;     // 0: none
  double rate_forgotten_ = 0;  // grown to this it is
  double in_second_ = 0;       // accepted since second_began_
  double in_last_second_ = 0;
  Instant second_began_{};
  Instant rate_changed_at_{};
  std::optional<Instant> refused_at_;  // since when it has had no room
  double gap_ = 0;                     // seconds from no room to room, on average; 0: not known
  Instant place_{};
  Instant row_began_{};
  Instant row_asked_at_{};  // when next_place() was last called
};

inline constexpr std::size_t kConnectionsFirst = 2;
inline constexpr std::size_t kSitesMax = 10'000;
inline constexpr std::size_t kHoldMin = 5;
inline constexpr std::size_t kHoldUnknown = 100;
inline constexpr Duration kHoldTime = std::chrono::seconds(2);
inline constexpr Duration kPostponedMin = std::chrono::seconds(4);
inline constexpr Duration kPostponedMax = std::chrono::minutes(30);

// By name. Bound: kSitesMax; the one unused for longest is forgotten then, unless something of it
// is held or under way.
class Sites {
 public:
  std::shared_ptr<Site> of(std::string_view name, Instant now);
  // Mail for the domain goes to this site: what is ruled for the domain holds for it from now on.
  void serves(Site& site, std::string_view domain);
  Site* find(std::string_view name) const;
  // What nothing is sent to for now: domains of recipients, sites, and single hosts of sites. In
  // place of those before.
  void set_suspended(std::set<std::string, std::less<>> names);
  bool has_suspended() const { return !suspended_.empty(); }
  // A domain or a host; not those of a site.
  bool is_suspended(std::string_view name) const { return suspended_.contains(name); }
  // The end of the first pause that is under way; nothing when there is none.
  std::optional<Instant> first_pause_end(Instant now) const;
  template <typename F>
  void each(F visit) const {
    for (const auto& [name, site] : sites_) visit(*site);
  }

  // What holds for a site, and where others do; but for kOneSite. Set before any site is asked for.
  SiteLimits limits;
  std::vector<SiteRule> rules;

 private:
  void forget_one();
  bool is_suspended_site(std::string_view name) const;
  // The default, or the lowest of what the rules say that are about it.
  SiteLimits limits_of(const Site& site) const;

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  std::unordered_map<std::string, std::shared_ptr<Site>, Hash, std::equal_to<>> sites_;
  std::set<std::string, std::less<>> suspended_;
};

}  // namespace tidings::delivery
