// How far a search that no index helps goes at once, so that it ends within its time. Private to
// src/report/. Thread: values.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace tidings::report {

class Stopwatch {
 public:
  explicit Stopwatch(Duration most) : until_(std::chrono::steady_clock::now() + most) {}
  bool is_over() const { return left() <= Duration::zero(); }
  Duration left() const {
    return std::chrono::duration_cast<Duration>(until_ - std::chrono::steady_clock::now());
  }

 private:
  std::chrono::steady_clock::time_point until_;
};

// The rows of the next step: four times those of this one, but no more than the time that is left
// is enough for. Made before a step, asked after it.
class Pace {
 public:
  Pace(const Stopwatch& watch, std::int64_t rows)
      : watch_(watch), rows_(rows), left_(watch.left()) {}
  std::int64_t next(std::int64_t smallest, std::int64_t largest) const {
    const Duration left = watch_.left();
    const auto took = static_cast<double>(std::max((left_ - left).count(), Duration::rep{1}));
    const double most = static_cast<double>(rows_) * static_cast<double>(left.count()) / took;
    if (most >= static_cast<double>(largest)) return std::min(rows_ * 4, largest);
    return std::max(std::min(rows_ * 4, static_cast<std::int64_t>(most)), smallest);
  }

 private:
  const Stopwatch& watch_;
  const std::int64_t rows_;
  const Duration left_;
};

}  // namespace tidings::report
