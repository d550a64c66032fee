#include "delivery/smtp_transport.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "delivery/smtp_connection.h"
#include "domain/smtp_outcome.h"
#include "net/event_loop.h"

namespace tidings::delivery {
namespace {

constexpr Duration tick_period = std::chrono::milliseconds(250);

}  // namespace

// Shared with the callbacks under way: an intent may be written after the transport is gone.
class SmtpTransport::Pool final : public SmtpConnectionOwner,
                                  public std::enable_shared_from_this<Pool> {
 public:
  Pool(net::EventLoop& loop, DeliveryPort& port, SmtpTransportSettings settings,
       SmtpConnection::Setup setup)
      : loop_(loop),
        port_(port),
        settings_(std::move(settings)),
        setup_(std::move(setup)),
        ticker_(loop) {
    setup_.connect_timeout = settings_.connect_timeout;
    setup_.client.timeouts = settings_.timeouts;
  }

  void wake();
  void drain(std::function<void()> drained);
  void stop();
  std::size_t in_flight() const;
  std::size_t connections() const { return slots_.size(); }

 private:
  // A message given to a connection: at most two, the one under way and the one behind it.
  struct Load {
    std::uint64_t key = 0;  // 0: free
    std::unique_ptr<PreparedMessage> message;
    Instant started_at{};
  };
  struct Slot {
    std::shared_ptr<SmtpConnection> connection;
    std::array<Load, 2> loads;
    std::size_t messages = 0;  // submitted on this connection
    Instant idle_since{};      // steady time
    bool ready = false;
    bool is_leaving = false;  // QUIT was said
  };

  void on_ready(SmtpConnection& connection) override;
  void on_need_intent(SmtpConnection& connection, std::uint64_t key) override;
  void on_finished(SmtpConnection& connection, std::uint64_t key,
                   wire::SmtpVerdict verdict) override;
  void on_session_failed(SmtpConnection& connection, wire::SmtpVerdict verdict) override;
  void on_settled(SmtpConnection& connection) override;
  void on_ended(SmtpConnection& connection) override;

  Slot& slot_of(SmtpConnection& connection);
  Slot* find(const SmtpConnection* connection);
  void turn();
  void tick();
  void grow();
  bool feed(Slot& slot);
  void prefetch(Slot& slot);
  bool submit(Slot& slot, std::unique_ptr<PreparedMessage> message);
  void intent_written(const std::shared_ptr<SmtpConnection>& connection, std::uint64_t key);
  std::unique_ptr<PreparedMessage> next_message();
  void give_back_held();
  bool has_idle() const;
  std::size_t ready_count() const;
  // As many as the settings allow, and the engine at this moment.
  std::size_t connections_max() const {
    return std::min(settings_.connections_max, port_.connection_limit(kOneSite));
  }
  void check_drained();
  // A copy: connections leave slots_ when they end.
  std::vector<std::shared_ptr<SmtpConnection>> all() const;

  net::EventLoop& loop_;
  DeliveryPort& port_;
  SmtpTransportSettings settings_;
  SmtpConnection::Setup setup_;
  net::Timer ticker_;
  std::vector<std::unique_ptr<Slot>> slots_;
  // Taken to justify a new connection; the first one that is free sends it.
  std::unique_ptr<PreparedMessage> held_;
  std::uint64_t next_key_ = 1;
  bool turn_posted_ = false;
  bool draining_ = false;
  bool stopped_ = false;
  std::function<void()> drained_;
};

void SmtpTransport::Pool::wake() {
  // Later, so that the engine may call this from inside report().
  if (stopped_ || std::exchange(turn_posted_, true)) return;
  loop_.post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->turn();
  });
}

void SmtpTransport::Pool::turn() {
  turn_posted_ = false;
  if (stopped_ || draining_) return;
  // A connection may end meanwhile, so by index.
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const auto connection = slots_[i]->connection;
    if (connection->idle()) connection->pump();
  }
  grow();
}

std::size_t SmtpTransport::Pool::ready_count() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(slots_, [](const auto& slot) { return slot->ready; }));
}

bool SmtpTransport::Pool::has_idle() const {
  return std::ranges::any_of(slots_, [](const auto& slot) { return slot->connection->idle(); });
}

// One more connection if work waits that no connection is free for. Being opened at a time: one,
// or as many as are ready, so a pool doubles per round trip at most.
void SmtpTransport::Pool::grow() {
  if (stopped_ || draining_ || has_idle()) return;
  const std::size_t ready = ready_count();
  if (slots_.size() >= connections_max() ||
      slots_.size() - ready >= std::max<std::size_t>(1, ready)) {
    return;
  }
  if (!port_.may_connect(kOneSite)) {
    if (slots_.empty()) give_back_held();
    return;
  }
  if (held_ == nullptr) held_ = port_.take();
  if (held_ == nullptr) return;
  auto slot = std::make_unique<Slot>();
  slot->connection = std::make_shared<SmtpConnection>(loop_, *this, setup_);
  const auto connection = slot->connection;
  slots_.push_back(std::move(slot));
  if (!ticker_.running()) ticker_.start(tick_period, [this] { tick(); });
  connection->open();
}

void SmtpTransport::Pool::tick() {
  const auto self = shared_from_this();
  const Instant now = net::EventLoop::steady_now();
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = *slots_[i];
    const auto connection = slot.connection;
    if (connection->idle() && now - slot.idle_since >= settings_.idle_max) {
      connection->client().quit(now);
      connection->pump();
    } else {
      connection->tick();
    }
  }
  if (!slots_.empty()) ticker_.start(tick_period, [this] { this->tick(); });
}

std::unique_ptr<PreparedMessage> SmtpTransport::Pool::next_message() {
  return held_ != nullptr ? std::move(held_) : port_.take();
}

void SmtpTransport::Pool::give_back_held() {
  if (held_ != nullptr) port_.give_back(std::move(held_));
}

bool SmtpTransport::Pool::submit(Slot& slot, std::unique_ptr<PreparedMessage> message) {
  if (!port_.lease_holds()) {
    port_.give_back(std::move(message));
    return false;
  }
  Load& load = slot.loads[slot.loads[0].key == 0 ? 0 : 1];
  CHECK(load.key == 0 && message->octets != nullptr);
  load.key = next_key_++;
  load.started_at = port_.now();
  load.message = std::move(message);
  ++slot.messages;
  const PreparedMessage& prepared = *load.message;
  slot.connection->client().submit({.reverse_path = prepared.reverse_path,
                                    .recipient = prepared.recipient,
                                    .octets = *prepared.octets,
                                    .needs_smtputf8 = prepared.needs_smtputf8,
                                    .is_8bit = prepared.is_8bit},
                                   load.key, net::EventLoop::steady_now());
  return true;
}

bool SmtpTransport::Pool::feed(Slot& slot) {
  wire::SmtpClient& client = slot.connection->client();
  const auto staying = static_cast<std::size_t>(
      std::ranges::count_if(slots_, [](const auto& each) { return !each->is_leaving; }));
  if (draining_ || slot.messages >= settings_.messages_per_connection ||
      staying > connections_max()) {
    slot.is_leaving = true;
    client.quit(net::EventLoop::steady_now());
    return false;
  }
  auto message = next_message();
  return message != nullptr && submit(slot, std::move(message));
}

// The next message travels in the write that ends this one, unless another connection is free.
void SmtpTransport::Pool::prefetch(Slot& slot) {
  if (draining_ || stopped_ || !slot.connection->client().can_submit() || has_idle() ||
      slot.messages >= settings_.messages_per_connection) {
    return;
  }
  if (auto message = next_message()) submit(slot, std::move(message));
}

void SmtpTransport::Pool::on_ready(SmtpConnection& connection) {
  Slot& slot = slot_of(connection);
  slot.ready = true;
  slot.idle_since = net::EventLoop::steady_now();
  port_.report_connected(kOneSite);
  wake();
}

void SmtpTransport::Pool::on_settled(SmtpConnection& connection) {
  if (stopped_ || !connection.idle()) return;
  Slot& slot = slot_of(connection);
  // Work waits for nobody: another connection may be worth opening.
  if (feed(slot) && slots_.size() < connections_max()) wake();
}

void SmtpTransport::Pool::on_need_intent(SmtpConnection& connection, std::uint64_t key) {
  const Slot& slot = slot_of(connection);
  const Load& load = slot.loads[slot.loads[0].key == key ? 0 : 1];
  CHECK(load.key == key);
  const std::weak_ptr<SmtpConnection> weak = connection.weak_from_this();
  port_.write_intent(
      *load.message,
      [pool = weak_from_this(), weak, key] {
        const auto self = pool.lock();
        const auto target = weak.lock();
        if (self != nullptr && target != nullptr) self->intent_written(target, key);
      },
      [pool = weak_from_this(), weak] {
        // Without a journal the last octet must not leave: the message goes back.
        const auto self = pool.lock();
        const auto target = weak.lock();
        if (self != nullptr && target != nullptr) target->abort(wire::SmtpCause::stopped);
      });
}

void SmtpTransport::Pool::intent_written(const std::shared_ptr<SmtpConnection>& connection,
                                         std::uint64_t key) {
  Slot* const slot = find(connection.get());
  if (slot == nullptr || stopped_) return;
  const bool awaited =
      std::ranges::any_of(slot->loads, [&](const Load& l) { return l.key == key; });
  if (!awaited) return;  // it was decided meanwhile
  if (!port_.lease_holds()) return connection->abort(wire::SmtpCause::stopped);
  prefetch(*slot);
  connection->client().intent_written(net::EventLoop::steady_now());
  connection->pump();
  if (slots_.size() < connections_max()) wake();
}

void SmtpTransport::Pool::on_finished(SmtpConnection& connection, std::uint64_t key,
                                      wire::SmtpVerdict verdict) {
  Slot& slot = slot_of(connection);
  Load& load = slot.loads[slot.loads[0].key == key ? 0 : 1];
  CHECK(load.key == key);
  load.key = 0;
  auto message = std::move(load.message);
  if (slot.loads[0].key == 0 && slot.loads[1].key == 0) {
    slot.idle_since = net::EventLoop::steady_now();
  }
  if (is_untried(verdict)) return port_.give_back(std::move(message));
  Outcome outcome = outcome_of_message(std::move(verdict));
  outcome.message_id = message->id;
  outcome.remote = connection.remote();
  outcome.started_at = load.started_at;
  outcome.ended_at = port_.now();
  port_.report(std::move(message), std::move(outcome));
}

void SmtpTransport::Pool::on_session_failed(SmtpConnection& connection, wire::SmtpVerdict verdict) {
  if (verdict.cause == wire::SmtpCause::stopped) return;
  const bool connecting = verdict.stage == wire::SmtpStage::connect;
  std::string sentence = verdict.detail;
  Outcome outcome = outcome_of_session(std::move(verdict));
  if (connecting) {
    outcome.reason = "connect_failed";
    outcome.reply_text = std::move(sentence);
  }
  outcome.remote = connection.remote();
  outcome.started_at = outcome.ended_at = port_.now();
  port_.report_site_trouble(kOneSite, std::move(outcome));
}

void SmtpTransport::Pool::on_ended(SmtpConnection& connection) {
  const auto gone = std::ranges::find_if(
      slots_, [&](const auto& slot) { return slot->connection.get() == &connection; });
  CHECK(gone != slots_.end());
  slots_.erase(gone);
  if (slots_.empty()) {
    ticker_.cancel();
    if (held_ != nullptr && !port_.may_connect(kOneSite)) give_back_held();
  }
  check_drained();
  wake();
}

SmtpTransport::Pool::Slot* SmtpTransport::Pool::find(const SmtpConnection* connection) {
  for (const auto& slot : slots_) {
    if (slot->connection.get() == connection) return slot.get();
  }
  return nullptr;
}

SmtpTransport::Pool::Slot& SmtpTransport::Pool::slot_of(SmtpConnection& connection) {
  Slot* const slot = find(&connection);
  CHECK(slot != nullptr);
  return *slot;
}

std::vector<std::shared_ptr<SmtpConnection>> SmtpTransport::Pool::all() const {
  std::vector<std::shared_ptr<SmtpConnection>> connections;
  for (const auto& slot : slots_) connections.push_back(slot->connection);
  return connections;
}

void SmtpTransport::Pool::drain(std::function<void()> drained) {
  draining_ = true;
  drained_ = std::move(drained);
  give_back_held();
  const auto self = shared_from_this();
  for (const auto& connection : all()) {
    if (!connection->ready()) {
      connection->abort(wire::SmtpCause::stopped);
    } else if (connection->idle()) {
      connection->pump();  // feed() says QUIT
    }
  }
  check_drained();
}

void SmtpTransport::Pool::check_drained() {
  if (!draining_ || !slots_.empty() || drained_ == nullptr) return;
  loop_.post(std::exchange(drained_, nullptr));
}

void SmtpTransport::Pool::stop() {
  if (std::exchange(stopped_, true)) return;
  const auto self = shared_from_this();
  give_back_held();
  // One that is inside a callback of its own ends after that returns.
  for (const auto& connection : all()) connection->abort(wire::SmtpCause::stopped);
  ticker_.cancel();
}

std::size_t SmtpTransport::Pool::in_flight() const {
  std::size_t count = held_ != nullptr ? 1 : 0;
  for (const auto& slot : slots_) {
    for (const Load& load : slot->loads) count += load.key != 0 ? 1 : 0;
  }
  return count;
}

Result<std::unique_ptr<SmtpTransport>> SmtpTransport::create(net::EventLoop& loop,
                                                             DeliveryPort& port,
                                                             SmtpTransportSettings settings) {
  SmtpConnection::Setup setup =
      TRY(make_smtp_setup(settings.relay, settings.password, settings.hello_name));
  return std::unique_ptr<SmtpTransport>(
      new SmtpTransport(std::make_shared<Pool>(loop, port, std::move(settings), std::move(setup))));
}

SmtpTransport::SmtpTransport(std::shared_ptr<Pool> pool) : pool_(std::move(pool)) {}
SmtpTransport::~SmtpTransport() { pool_->stop(); }

void SmtpTransport::wake() { pool_->wake(); }
void SmtpTransport::drain(std::function<void()> drained) { pool_->drain(std::move(drained)); }
void SmtpTransport::stop() { pool_->stop(); }
std::size_t SmtpTransport::in_flight() const { return pool_->in_flight(); }
std::size_t SmtpTransport::connections() const { return pool_->connections(); }

}  // namespace tidings::delivery
