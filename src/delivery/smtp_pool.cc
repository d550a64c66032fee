#include "delivery/smtp_pool.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "domain/smtp_outcome.h"

namespace tidings::delivery {
namespace {

constexpr Duration tick_period = std::chrono::milliseconds(250);

}  // namespace

SmtpPool::SmtpPool(net::EventLoop& loop, DeliveryPort& port, SmtpPoolOwner& owner, std::string site,
                   std::shared_ptr<SmtpTargets> targets, SmtpPoolSettings settings)
    : loop_(loop),
      port_(port),
      owner_(owner),
      site_(std::move(site)),
      targets_(std::move(targets)),
      settings_(settings),
      ticker_(loop) {}

void SmtpPool::wake() {
  // Later, so that the engine may call this from inside report().
  if (stopped_ || std::exchange(turn_posted_, true)) return;
  loop_.post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->turn();
  });
}

void SmtpPool::turn() {
  turn_posted_ = false;
  if (stopped_ || draining_) return;
  // A connection may end meanwhile, so by index.
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const auto connection = slots_[i]->connection;
    if (connection->idle()) connection->pump();
  }
  grow();
}

std::size_t SmtpPool::ready_count() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(slots_, [](const auto& slot) { return slot->ready; }));
}

bool SmtpPool::has_idle() const {
  return std::ranges::any_of(slots_, [](const auto& slot) { return slot->connection->idle(); });
}

std::size_t SmtpPool::limit() const {
  return std::min(settings_.connections_max, port_.connection_limit(site_));
}

// Being opened at a time: one, or as many as are ready, so a pool doubles per round trip at most.
bool SmtpPool::can_open() const {
  const std::size_t ready = ready_count();
  return slots_.size() < limit() && slots_.size() - ready < std::max<std::size_t>(1, ready) &&
         owner_.has_room();
}

bool SmtpPool::wants() const {
  if (stopped_ || draining_) return false;
  return has_idle() || (held_ == nullptr && can_open() && port_.may_connect(site_));
}

void SmtpPool::offer(std::unique_ptr<PreparedMessage> message) {
  for (const auto& slot : slots_) {
    if (!slot->connection->idle()) continue;
    const auto connection = slot->connection;
    if (submit(*slot, std::move(message))) connection->pump();
    return;
  }
  CHECK(held_ == nullptr);
  held_ = std::move(message);
  open_one();
}

// One more connection if work waits that no connection is free for.
void SmtpPool::grow() {
  if (stopped_ || draining_ || has_idle()) return;
  if (!can_open() || !port_.may_connect(site_)) {
    if (slots_.empty()) give_back_held();
    return;
  }
  if (held_ == nullptr) held_ = owner_.take_for(*this);
  if (held_ != nullptr) open_one();
}

void SmtpPool::open_one() {
  auto slot = std::make_unique<Slot>();
  slot->connection = std::make_shared<SmtpConnection>(loop_, *this, targets_->next());
  const auto connection = slot->connection;
  slots_.push_back(std::move(slot));
  owner_.on_opened();
  if (!ticker_.running()) ticker_.start(tick_period, [this] { tick(); });
  connection->open();
}

void SmtpPool::tick() {
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

std::unique_ptr<PreparedMessage> SmtpPool::next_message() {
  return held_ != nullptr ? std::move(held_) : owner_.take_for(*this);
}

void SmtpPool::give_back_held() {
  if (held_ != nullptr) port_.give_back(std::move(held_));
}

bool SmtpPool::submit(Slot& slot, std::unique_ptr<PreparedMessage> message) {
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
                                    .is_8bit = prepared.is_8bit,
                                    .goes_as_it_is = prepared.goes_as_it_is},
                                   load.key, net::EventLoop::steady_now());
  return true;
}

bool SmtpPool::feed(Slot& slot) {
  wire::SmtpClient& client = slot.connection->client();
  const auto staying = static_cast<std::size_t>(
      std::ranges::count_if(slots_, [](const auto& each) { return !each->is_leaving; }));
  if (draining_ || slot.messages >= settings_.messages_per_connection || staying > limit()) {
    slot.is_leaving = true;
    client.quit(net::EventLoop::steady_now());
    return false;
  }
  auto message = next_message();
  return message != nullptr && submit(slot, std::move(message));
}

// The next message travels in the write that ends this one, unless another connection is free.
void SmtpPool::prefetch(Slot& slot) {
  if (draining_ || stopped_ || !slot.connection->client().can_submit() || has_idle() ||
      slot.messages >= settings_.messages_per_connection) {
    return;
  }
  if (auto message = next_message()) submit(slot, std::move(message));
}

void SmtpPool::on_ready(SmtpConnection& connection) {
  Slot& slot = slot_of(connection);
  slot.ready = true;
  slot.idle_since = net::EventLoop::steady_now();
  targets_->worked(connection);
  port_.report_connected(site_);
  wake();
}

void SmtpPool::on_settled(SmtpConnection& connection) {
  if (stopped_ || !connection.idle()) return;
  Slot& slot = slot_of(connection);
  // Work waits for nobody: another connection may be worth opening.
  if (feed(slot) && slots_.size() < limit()) wake();
}

void SmtpPool::on_need_intent(SmtpConnection& connection, std::uint64_t key) {
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

void SmtpPool::intent_written(const std::shared_ptr<SmtpConnection>& connection,
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
  if (slots_.size() < limit()) wake();
}

void SmtpPool::on_finished(SmtpConnection& connection, std::uint64_t key,
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
  if (outcome.kind == OutcomeKind::sent && targets_->are_recipients()) outcome.reason = kDelivered;
  outcome.message_id = message->id;
  outcome.remote = connection.remote();
  outcome.started_at = load.started_at;
  outcome.ended_at = port_.now();
  port_.report(std::move(message), std::move(outcome));
}

void SmtpPool::on_session_failed(SmtpConnection& connection, wire::SmtpVerdict verdict) {
  if (verdict.cause == wire::SmtpCause::stopped) return;
  // A server that talks to us over other connections and wants no more of them is not broken.
  const bool is_full = verdict.cause == wire::SmtpCause::reply && ready_count() > 0;
  if (!is_full && targets_->failed(connection, verdict)) return;
  const bool connecting = verdict.stage == wire::SmtpStage::connect;
  std::string sentence = verdict.detail;
  Outcome outcome = outcome_of_session(std::move(verdict));
  if (connecting) {
    outcome.reason = "connect_failed";
    outcome.reply_text = std::move(sentence);
  }
  outcome.remote = connection.remote();
  outcome.started_at = outcome.ended_at = port_.now();
  targets_->explain(connection, outcome);
  port_.report_site_trouble(site_, outcome);
  if (held_ == nullptr || !settings_.defers_on_trouble || ready_count() > 0) return;
  outcome.message_id = held_->id;
  port_.report(std::move(held_), std::move(outcome));
}

void SmtpPool::on_ended(SmtpConnection& connection) {
  const auto gone = std::ranges::find_if(
      slots_, [&](const auto& slot) { return slot->connection.get() == &connection; });
  CHECK(gone != slots_.end());
  slots_.erase(gone);
  if (slots_.empty()) {
    ticker_.cancel();
    if (held_ != nullptr && !port_.may_connect(site_)) give_back_held();
  }
  check_drained();
  owner_.on_closed();
  wake();
}

SmtpPool::Slot* SmtpPool::find(const SmtpConnection* connection) {
  for (const auto& slot : slots_) {
    if (slot->connection.get() == connection) return slot.get();
  }
  return nullptr;
}

SmtpPool::Slot& SmtpPool::slot_of(SmtpConnection& connection) {
  Slot* const slot = find(&connection);
  CHECK(slot != nullptr);
  return *slot;
}

std::vector<std::shared_ptr<SmtpConnection>> SmtpPool::all() const {
  std::vector<std::shared_ptr<SmtpConnection>> connections;
  for (const auto& slot : slots_) connections.push_back(slot->connection);
  return connections;
}

void SmtpPool::drain(std::function<void()> drained) {
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

void SmtpPool::check_drained() {
  if (!draining_ || !slots_.empty() || drained_ == nullptr) return;
  loop_.post(std::exchange(drained_, nullptr));
}

void SmtpPool::stop() {
  if (std::exchange(stopped_, true)) return;
  const auto self = shared_from_this();
  give_back_held();
  // One that is inside a callback of its own ends after that returns.
  for (const auto& connection : all()) connection->abort(wire::SmtpCause::stopped);
  ticker_.cancel();
}

std::size_t SmtpPool::in_flight() const {
  std::size_t count = held_ != nullptr ? 1 : 0;
  for (const auto& slot : slots_) {
    for (const Load& load : slot->loads) count += load.key != 0 ? 1 : 0;
  }
  return count;
}

}  // namespace tidings::delivery
