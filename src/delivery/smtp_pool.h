// SmtpPool: the connections to one site, and the messages on them.
//
// Connections open gradually while work waits, carry one message a round trip where the server
// offers PIPELINING, and close with QUIT when idle for a while. A message is given back to the
// engine when nothing of it was tried; every other one is reported once (domain/smtp_outcome.h).
// Spec: wire/smtp_client.h. Thread: the loop's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "delivery/smtp_connection.h"
#include "delivery/transport.h"
#include "net/event_loop.h"

namespace tidings::delivery {

class SmtpPool;

// Where a pool's connections go, and what is learnt about each place.
class SmtpTargets {
 public:
  virtual ~SmtpTargets() = default;
  virtual SmtpConnection::Setup next() = 0;
  // A connection failed before its first message. True: next() has something that is worth trying
  // at once, so this is not the site's trouble yet.
  virtual bool failed(const SmtpConnection& connection, const wire::SmtpVerdict& verdict) = 0;
  virtual void worked(const SmtpConnection& connection) = 0;
  // Adds to the outcome of a connection that failed what only the targets know.
  virtual void explain(const SmtpConnection&, Outcome&) const {}
  // Whether these are the recipients' own servers: what they accept is delivered.
  virtual bool are_recipients() const { return false; }
};

class SmtpPoolOwner {
 public:
  // The next message for the pool's site, or nothing for now.
  virtual std::unique_ptr<PreparedMessage> take_for(SmtpPool& pool) = 0;
  // May there be one more connection, as far as other pools are concerned?
  virtual bool has_room() const = 0;
  // A connection is being opened; it ended, and others may have room.
  virtual void on_opened() = 0;
  virtual void on_closed() = 0;

 protected:
  ~SmtpPoolOwner() = default;
};

struct SmtpPoolSettings {
  std::size_t connections_max = 10;
  std::size_t messages_per_connection = 1000;    // then QUIT and a new one
  Duration idle_max = std::chrono::seconds(15);  // kept open without work
  // When the site is in trouble, is a message that waits for a connection deferred (its next
  // attempt follows the retry schedule), or given back to wait for the site?
  bool defers_on_trouble = false;
};

// Shared with the callbacks under way: an intent may be written after the pool's owner is gone. It
// must be stopped before its owner goes.
class SmtpPool final : public SmtpConnectionOwner, public std::enable_shared_from_this<SmtpPool> {
 public:
  SmtpPool(net::EventLoop& loop, DeliveryPort& port, SmtpPoolOwner& owner, std::string site,
           std::shared_ptr<SmtpTargets> targets, SmtpPoolSettings settings);

  const std::string& site() const { return site_; }
  SmtpTargets& targets() { return *targets_; }

  // Work or permission may have appeared.
  void wake();
  // Would offer() find a free connection, or open one?
  bool wants() const;
  // Takes a message over; only when wants().
  void offer(std::unique_ptr<PreparedMessage> message);
  void drain(std::function<void()> drained);
  void stop();
  std::size_t in_flight() const;
  // Open or being opened.
  std::size_t connections() const { return slots_.size(); }
  bool empty() const { return slots_.empty() && held_ == nullptr; }

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
  void open_one();
  bool can_open() const;
  std::size_t limit() const;
  bool feed(Slot& slot);
  void prefetch(Slot& slot);
  bool submit(Slot& slot, std::unique_ptr<PreparedMessage> message);
  void intent_written(const std::shared_ptr<SmtpConnection>& connection, std::uint64_t key);
  std::unique_ptr<PreparedMessage> next_message();
  void give_back_held();
  bool has_idle() const;
  std::size_t ready_count() const;
  void check_drained();
  // A copy: connections leave slots_ when they end.
  std::vector<std::shared_ptr<SmtpConnection>> all() const;

  net::EventLoop& loop_;
  DeliveryPort& port_;
  SmtpPoolOwner& owner_;
  const std::string site_;
  const std::shared_ptr<SmtpTargets> targets_;
  const SmtpPoolSettings settings_;
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

}  // namespace tidings::delivery
