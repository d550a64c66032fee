#include "net/event_loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/check.h"

namespace tidings::net {
namespace asio = boost::asio;

struct EventLoop::Impl {
  // The hint 1: handlers run on one thread, so the scheduler skips most of its locking. post()
  // from other threads stays safe.
  asio::io_context context{1};
  std::unique_ptr<asio::signal_set> signals;
  std::function<void(int)> on_signal;

  void await_signal() {
    signals->async_wait([this](const boost::system::error_code& error, int number) {
      if (error) return;
      on_signal(number);
      await_signal();
    });
  }
};

EventLoop::EventLoop() : impl_(std::make_unique<Impl>()) {}
EventLoop::~EventLoop() = default;

// The context is made ready for the next run afterwards, not before: a stop() that comes before the
// thread got here must hold. The guard goes first, because its end stops a context without work.
void EventLoop::run() {
  {
    const auto guard = asio::make_work_guard(impl_->context);
    impl_->context.run();
  }
  impl_->context.restart();
}

bool EventLoop::run_until(const std::function<bool()>& done, Duration at_most) {
  const auto end = std::chrono::steady_clock::now() + at_most;
  {
    const auto guard = asio::make_work_guard(impl_->context);
    while (!done()) {
      if (impl_->context.run_one_until(end) == 0) break;
    }
  }
  impl_->context.restart();
  return done();
}

void EventLoop::stop() { impl_->context.stop(); }

void EventLoop::post(std::function<void()> task) { asio::post(impl_->context, std::move(task)); }

void EventLoop::on_signals(std::initializer_list<int> signals, std::function<void(int)> handler) {
  CHECK(impl_->signals == nullptr);
  impl_->signals = std::make_unique<asio::signal_set>(impl_->context);
  for (const int number : signals) impl_->signals->add(number);
  impl_->on_signal = std::move(handler);
  impl_->await_signal();
}

Instant EventLoop::steady_now() {
  return Instant(
      std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

asio::io_context& EventLoop::context() { return impl_->context; }

struct Timer::Impl {
  explicit Impl(asio::io_context& context) : timer(context) {}
  asio::steady_timer timer;
  std::function<void()> expired;
  // Raised by start and cancel: a handler of an earlier round knows that it is out of date.
  std::uint64_t round = 0;
  bool running = false;
};

Timer::Timer(EventLoop& loop) : impl_(std::make_shared<Impl>(loop.context())) {}
Timer::~Timer() { cancel(); }

void Timer::start(Duration delay, std::function<void()> expired) {
  const std::uint64_t round = ++impl_->round;
  impl_->expired = std::move(expired);
  impl_->running = true;
  impl_->timer.expires_after(delay);
  impl_->timer.async_wait(
      [weak = std::weak_ptr<Impl>(impl_), round](const boost::system::error_code& error) {
        const auto self = weak.lock();
        if (self == nullptr || error || self->round != round) return;
        self->running = false;
        const auto call = std::move(self->expired);
        call();
      });
}

void Timer::cancel() {
  if (!impl_->running) return;
  ++impl_->round;
  impl_->running = false;
  impl_->expired = nullptr;
  impl_->timer.cancel();
}

bool Timer::running() const { return impl_->running; }

}  // namespace tidings::net
