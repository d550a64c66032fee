// Pace and RateLimit: how fast messages may follow each other.
//
// Pure: asked about now. A clock that went back refills nothing and starts anew. Thread: one.
#pragma once

#include "base/clock.h"

namespace tidings::delivery {

// How fast a campaign may go: messages a second, packages of so many every so often (P25), or both.
struct Pace {
  double per_second = 0;  // 0: no limit
  int package = 0;        // messages; 0: no packages
  Duration every{};

  Pace() = default;
  Pace(double rate) : per_second(rate) {}  // NOLINT(google-explicit-constructor)
  Pace(double rate, int messages, Duration period)
      : per_second(rate), package(messages), every(period) {}
  bool is_limited() const { return per_second > 0 || package > 0; }
  friend bool operator==(const Pace&, const Pace&) = default;
};

// A burst is one tenth of a second's messages (at least one), and never more than a package. A
// package begins with its first message.
class RateLimit {
 public:
  RateLimit() = default;                 // no limit
  RateLimit(Pace pace) : pace_(pace) {}  // NOLINT(google-explicit-constructor)
  explicit RateLimit(double per_second) : pace_(per_second) {}

  bool allows(Instant now);
  void spend(Instant now);
  // When allows() will be true; `now` when it is.
  Instant next(Instant now);
  const Pace& pace() const { return pace_; }
  // What was spent stays spent.
  void set_rate(double per_second) { pace_.per_second = per_second; }

 private:
  void refill(Instant now);
  bool package_allows(Instant now);

  Pace pace_;
  double tokens_ = 1;
  Instant refilled_at_{};
  int in_package_ = 0;  // handed out since package_began_
  Instant package_began_{};
};

}  // namespace tidings::delivery
