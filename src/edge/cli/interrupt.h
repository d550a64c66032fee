// Ctrl-C and SIGTERM for commands that take a while.
//
// The first asks the work to stop where it can be resumed, the second ends the process at once
// with exit code 130; what was promised is durable either way.
// Make one before the first thread of the command: threads inherit that the signals are theirs to
// ignore. Thread: make and destroy on one thread; token() from any.
#pragma once

#include <csignal>
#include <stop_token>
#include <thread>

namespace tidings::cli {

class InterruptWatch {
 public:
  InterruptWatch();
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

  std::stop_token token() const { return asked_.get_token(); }

 private:
  sigset_t before_{};
  std::stop_source asked_;
  std::jthread watcher_;
};

}  // namespace tidings::cli
