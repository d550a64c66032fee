// ReturnedFigures: the mail that came back to this process, in numbers, since it began. For
// /metrics.
//
// No label names a person or an organisation; codes are those of our own answers, kinds and
// outcomes the few there are. Thread: any.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace tidings::feedback {

class ReturnedFigures {
 public:
  using ByReply = std::map<std::string, std::uint64_t, std::less<>>;
  using ByReading = std::map<std::pair<std::string, std::string>, std::uint64_t>;

  void connected() { connections_.fetch_add(1, std::memory_order_relaxed); }
  // Answered 250.
  void accepted() { accepted_.fetch_add(1, std::memory_order_relaxed); }
  void refused(std::string_view reply) {
    const std::lock_guard lock(mutex_);
    ++refused_[std::string(reply)];
  }
  void read(std::string_view kind, std::string_view outcome) {
    const std::lock_guard lock(mutex_);
    ++read_[{std::string(kind), std::string(outcome)}];
  }

  std::uint64_t connections() const { return connections_.load(std::memory_order_relaxed); }
  std::uint64_t accepts() const { return accepted_.load(std::memory_order_relaxed); }
  ByReply refusals() const {
    const std::lock_guard lock(mutex_);
    return refused_;
  }
  ByReading readings() const {
    const std::lock_guard lock(mutex_);
    return read_;
  }

 private:
  std::atomic<std::uint64_t> connections_ = 0;
  std::atomic<std::uint64_t> accepted_ = 0;
  mutable std::mutex mutex_;  // guards what follows
  ByReply refused_;
  ByReading read_;
};

}  // namespace tidings::feedback
