// A delivery port with a list of messages for the transport, which keeps what came back.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "delivery/transport.h"
#include "net/event_loop.h"

namespace tidings::delivery {

class ListPort final : public DeliveryPort {
 public:
  explicit ListPort(net::EventLoop& loop) : loop_(loop) {}

  void add(int count, const std::string& octets = "Subject: t\r\n\r\n.dot\r\nbody\r\n") {
    add_to("example.org", count, octets);
  }
  void add_to(const std::string& domain, int count,
              const std::string& octets = "Subject: t\r\n\r\n.dot\r\nbody\r\n") {
    const auto shared = std::make_shared<const std::string>(octets);
    for (int i = 0; i < count; ++i) {
      auto message = std::make_unique<PreparedMessage>();
      message->id = MessageId{++last_id_};
      message->reverse_path = "bounce@sender.example";
      message->recipient = "r" + std::to_string(last_id_) + "@" + domain;
      message->domain = domain;
      message->octets = shared;
      waiting_.push_back(std::move(message));
    }
  }

  std::unique_ptr<PreparedMessage> take() override {
    if (waiting_.empty() || paused) return nullptr;
    auto message = std::move(waiting_.front());
    waiting_.pop_front();
    ++taken;
    return message;
  }
  std::unique_ptr<PreparedMessage> take(const DomainGate& gate) override {
    std::map<std::string, bool> asked;
    for (auto at = waiting_.begin(); at != waiting_.end() && !paused; ++at) {
      const std::string& domain = (*at)->domain;
      if (!asked.contains(domain)) asked[domain] = gate.wants(domain);
      if (!asked[domain]) continue;
      auto message = std::move(*at);
      message->site = gate.site_of(domain);
      waiting_.erase(at);
      ++taken;
      return message;
    }
    return nullptr;
  }
  void give_back(std::unique_ptr<PreparedMessage> message) override {
    ++given_back;
    --taken;
    waiting_.push_front(std::move(message));
  }
  bool lease_holds() const override { return lease; }
  void write_intent(const PreparedMessage& message, std::function<void()> written,
                    std::function<void()> failed) override {
    ++intents;
    intent_of[message.id.value] = true;
    batch_.push_back(journal_works ? std::move(written) : std::move(failed));
    if (batch_.size() > 1) return;
    loop_.post([this] {
      ++batches;
      for (const auto& call : std::exchange(batch_, {})) call();
    });
  }
  void report(std::unique_ptr<PreparedMessage> message, Outcome outcome) override {
    --taken;
    domain_of[message->id.value] = message->domain;
    outcomes.push_back(std::move(outcome));
  }
  void report_site_trouble(std::string_view site, Outcome outcome) override {
    troubled.emplace_back(site);
    troubles.push_back(std::move(outcome));
    connect_allowed = false;
  }
  void report_connected(std::string_view) override { ++connected; }
  bool may_connect(std::string_view site) const override {
    // Only the site in trouble, of several, is left alone.
    return connect_allowed ||
           (!site.empty() && std::ranges::find(troubled, site) == troubled.end());
  }
  std::size_t connection_limit(std::string_view) const override { return limit; }
  Instant now() const override { return clock_.now(); }

  std::size_t waiting() const { return waiting_.size(); }
  std::size_t count(OutcomeKind kind) const {
    std::size_t n = 0;
    for (const Outcome& outcome : outcomes) n += outcome.kind == kind ? 1 : 0;
    return n;
  }

  bool lease = true;
  bool paused = false;
  bool journal_works = true;
  bool connect_allowed = true;
  std::size_t limit = 1000;  // of connections
  int taken = 0;             // and neither reported nor given back
  int given_back = 0;
  int intents = 0;
  int batches = 0;
  int connected = 0;
  std::map<std::int64_t, bool> intent_of;
  std::vector<Outcome> outcomes;
  std::vector<Outcome> troubles;
  std::vector<std::string> troubled;  // the site of each
  std::map<std::int64_t, std::string> domain_of;

 private:
  net::EventLoop& loop_;
  SystemClock clock_;
  std::deque<std::unique_ptr<PreparedMessage>> waiting_;
  std::vector<std::function<void()>> batch_;
  std::int64_t last_id_ = 0;
};

}  // namespace tidings::delivery
