#include "edge/cli/interrupt.h"

#include <cstdio>
#include <ctime>

#include <pthread.h>
#include <unistd.h>

#include "edge/cli/command.h"

namespace tidings::cli {
namespace {

constexpr long look_every_ns = 100'000'000;

void watch(const std::stop_token& end, std::stop_source asked, sigset_t signals) {
  const timespec wait{.tv_sec = 0, .tv_nsec = look_every_ns};
  while (!end.stop_requested()) {
    if (::sigtimedwait(&signals, nullptr, &wait) < 0) continue;
    if (!asked.request_stop()) ::_exit(kInterrupted);
    std::fputs("\nStopping; press Ctrl-C again to stop at once.\n", stderr);
  }
}

}  // namespace

InterruptWatch::InterruptWatch() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, &before_);
  watcher_ = std::jthread(
      [asked = asked_, signals](const std::stop_token& end) { watch(end, asked, signals); });
}

InterruptWatch::~InterruptWatch() {
  watcher_.request_stop();
  watcher_.join();
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace tidings::cli
