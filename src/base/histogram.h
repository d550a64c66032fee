// Histogram: how many observed values were at most each of a few bounds, as Prometheus counts them.
//
// observe() is a search and two relaxed additions, fit for the sending thread. Thread: any; a
// Snapshot taken meanwhile may lack what is being observed, and is never more than what was.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace tidings {

class Histogram {
 public:
  // Upper bounds in the unit of what is observed, ascending; they outlive the histogram.
  explicit Histogram(std::span<const double> bounds);

  void observe(double value);

  struct Snapshot {
    std::span<const double> bounds;
    std::vector<std::uint64_t> at_most;  // cumulative, one for each bound and one for all
    double sum = 0;
  };
  Snapshot read() const;

 private:
  const std::span<const double> bounds_;
  const std::unique_ptr<std::atomic<std::uint64_t>[]> counts_;  // one more than bounds
  std::atomic<double> sum_ = 0;
};

}  // namespace tidings
