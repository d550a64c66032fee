// SimulatedSites: a transport to many receiving sites, each of which behaves as it is told. Nothing
// leaves; a message occupies one connection for as long as its site takes. Thread: the loop's.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "delivery/transport.h"
#include "net/event_loop.h"

namespace tidings::delivery {

class SimulatedSites final : public Transport, public DomainGate {
 public:
  enum class Behaviour { quick, hangs, throttles, dead };
  struct Script {
    std::map<std::string, Behaviour, std::less<>> sites;  // by domain; others are quick
    Duration latency = std::chrono::milliseconds(10);
    std::size_t room = 10;  // connections to a site, whatever the engine allows
    std::map<std::string, int, std::less<>> sent;  // by domain
    std::map<MessageId, int> sent_to;
    std::map<std::string, int, std::less<>> tried;
    std::map<std::string, std::size_t, std::less<>> most;  // connections at a time
    std::function<void()> on_sent;
  };

  SimulatedSites(net::EventLoop& loop, DeliveryPort& port, Script& script)
      : loop_(loop), port_(port), script_(script), timer_(loop) {}
  ~SimulatedSites() override { *alive_ = false; }

  void wake() override {
    if (std::exchange(is_woken_, true)) return;
    loop_.post([this, alive = alive_] {
      if (!*alive) return;
      is_woken_ = false;
      pump();
    });
  }
  void drain(std::function<void()> drained) override {
    drained_ = std::move(drained);
    for (auto& message : std::exchange(hanging_, {})) give_back(std::move(message));
    check_drained();
  }
  void stop() override {}
  std::size_t in_flight() const override { return in_flight_; }

  bool wants(std::string_view domain) const override {
    const auto at = busy_.find(domain);
    const std::size_t busy = at == busy_.end() ? 0 : at->second;
    return busy < std::min(script_.room, port_.connection_limit(domain)) &&
           port_.may_connect(domain);
  }
  std::string_view site_of(std::string_view domain) const override { return domain; }

 private:
  struct Ending {
    std::shared_ptr<PreparedMessage> message;
    Behaviour behaviour;
  };

  Behaviour behaviour(std::string_view domain) const {
    const auto at = script_.sites.find(domain);
    return at == script_.sites.end() ? Behaviour::quick : at->second;
  }
  void pump() {
    while (!drained_) {
      auto message = port_.take(*this);
      if (message == nullptr) return;
      start(std::move(message));
    }
  }
  void start(std::unique_ptr<PreparedMessage> message) {
    const Behaviour how = behaviour(message->domain);
    ++in_flight_;
    ++script_.tried[message->domain];
    std::size_t& busy = busy_[message->domain];
    script_.most[message->domain] = std::max(script_.most[message->domain], ++busy);
    if (how == Behaviour::dead) {
      Outcome outcome;
      outcome.reason = "connect_failed";
      outcome.reply_text = "Connection refused.";
      const std::string site = message->domain;
      give_back(std::move(message));
      return port_.report_site_trouble(site, std::move(outcome));
    }
    if (how == Behaviour::hangs) {
      hanging_.push_back(std::move(message));
      return;
    }
    endings_.emplace(net::EventLoop::steady_now() + script_.latency,
                     Ending{std::move(message), how});
    schedule();
  }
  void schedule() {
    if (endings_.empty() || timer_.running()) return;
    const Duration wait = endings_.begin()->first - net::EventLoop::steady_now();
    timer_.start(std::max<Duration>(wait, std::chrono::microseconds(100)), [this] { end_some(); });
  }
  void end_some() {
    const Instant now = net::EventLoop::steady_now();
    while (!endings_.empty() && endings_.begin()->first <= now) {
      const Ending ending = endings_.begin()->second;
      endings_.erase(endings_.begin());
      if (ending.behaviour == Behaviour::throttles) {
        finish(*ending.message, OutcomeKind::deferred, 421);
        continue;
      }
      port_.write_intent(
          *ending.message,
          [this, alive = alive_, message = ending.message] {
            if (*alive) finish(*message, OutcomeKind::sent, 250);
          },
          [this, alive = alive_, message = ending.message] {
            if (*alive) give_back(std::make_unique<PreparedMessage>(*message));
          });
    }
    schedule();
    wake();
  }
  void finish(const PreparedMessage& message, OutcomeKind kind, std::uint16_t code) {
    leave(message.domain);
    if (kind == OutcomeKind::sent) {
      ++script_.sent[message.domain];
      ++script_.sent_to[message.id];
    }
    Outcome outcome;
    outcome.message_id = message.id;
    outcome.kind = kind;
    outcome.scope = kind == OutcomeKind::sent ? Scope::none : Scope::site;
    outcome.reason = kind == OutcomeKind::sent ? "accepted" : "service_closing";
    outcome.reply_code = code;
    outcome.started_at = outcome.ended_at = port_.now();
    port_.report(std::make_unique<PreparedMessage>(message), std::move(outcome));
    if (kind == OutcomeKind::sent && script_.on_sent) script_.on_sent();
    check_drained();
    wake();
  }
  void give_back(std::unique_ptr<PreparedMessage> message) {
    leave(message->domain);
    port_.give_back(std::move(message));
    check_drained();
  }
  void leave(const std::string& domain) {
    --in_flight_;
    --busy_[domain];
  }
  void check_drained() {
    if (drained_ && in_flight_ == 0) loop_.post(std::exchange(drained_, nullptr));
  }

  net::EventLoop& loop_;
  DeliveryPort& port_;
  Script& script_;
  net::Timer timer_;
  std::multimap<Instant, Ending> endings_;
  std::vector<std::unique_ptr<PreparedMessage>> hanging_;
  std::map<std::string, std::size_t, std::less<>> busy_;
  std::size_t in_flight_ = 0;
  bool is_woken_ = false;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::function<void()> drained_;
};

}  // namespace tidings::delivery
