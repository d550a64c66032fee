// EventLoop: one thread's loop of sockets, timers and posted work (an Asio io_context); Timer: one
// deadline on it.
//
// Asio's headers are not included here: a .cc that needs sockets of its own includes
// <boost/asio/io_context.hpp> and takes context().
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>

#include "base/clock.h"
#include "net/fwd.h"

namespace tidings::net {

class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs on the calling thread until stop(), also while there is nothing to do.
  void run();
  // Runs until `done` says true (asked after every handler) or the time is over; says whether it
  // was done. For synchronous callers and tests.
  bool run_until(const std::function<bool()>& done, Duration at_most);
  // Makes run() return after the handler under way, or at once when it has not begun yet. Any
  // thread; a signal handler may not call it.
  void stop();

  // Runs `task` later on the loop's thread. Any thread. Called on the loop's thread it runs after
  // all the handlers that are ready now: the end of this turn, where writes are batched.
  // A task must not throw.
  void post(std::function<void()> task);

  // Calls `handler` with the number of each signal that arrives, on the loop's thread. One call
  // per loop.
  void on_signals(std::initializer_list<int> signals, std::function<void(int)> handler);

  // Monotonic time for deadlines: unaffected by changes of the wall clock. Its zero means nothing.
  static Instant steady_now();

  boost::asio::io_context& context();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A single deadline. Thread: the loop's.
class Timer {
 public:
  explicit Timer(EventLoop& loop);
  ~Timer();  // cancels
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Calls `expired` once after `delay`; replaces what was set before. After cancel() or
  // destruction it is never called, even if it had already become due.
  void start(Duration delay, std::function<void()> expired);
  void cancel();
  bool running() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tidings::net
