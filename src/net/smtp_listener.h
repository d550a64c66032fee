// SmtpListener: takes mail in over TCP. It moves bytes between connections and wire::SmtpServer,
// which decides everything else, and hands whole messages to their keeper.
//
// Bounds: `connections_max` in all and `connections_per_address` from one address (of IPv6 its
// /64); whoever is too many is told 421 and closed. Messages under way of all connections together
// hold `octets_max` at most: whoever sends more then is told 421. Limits of a connection:
// wire::SmtpServerLimits. Thread: the loop's, except where said.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "net/event_loop.h"
#include "wire/smtp_server.h"

namespace tidings::net {

class MailKeeper : public wire::SmtpRecipients {
 public:
  // Called from any thread, once, with the name the message is kept under.
  using Kept = std::function<void(wire::SmtpStored how, std::string name)>;
  // Begins to store; must not block. `kept` says stored only once it cannot be lost any more.
  virtual void keep(wire::SmtpIncoming message, Kept kept) = 0;

 protected:
  ~MailKeeper() = default;
};

// Told on the loop's thread; must not block.
struct SmtpListenerEvents {
  std::function<void()> connected;
  // Its code: "550 5.1.1".
  std::function<void(std::string_view reply)> refused;
};

struct SmtpListenerOptions {
  wire::SmtpServerConfig server;    // offers_tls is set by `tls`
  std::shared_ptr<TlsContext> tls;  // null: STARTTLS is not offered
  std::size_t connections_max = 200;
  std::size_t connections_per_address = 20;
  std::size_t octets_max = std::size_t{64} << 20;
  SmtpListenerEvents events = {};
};

class SmtpListener {
 public:
  // `loop` and `keeper` outlive it, and `keeper` whatever it was given.
  SmtpListener(EventLoop& loop, MailKeeper& keeper, SmtpListenerOptions options);
  ~SmtpListener();  // closes everything at once
  SmtpListener(const SmtpListener&) = delete;
  SmtpListener& operator=(const SmtpListener&) = delete;

  // Addresses and errors as HttpServer::listen_tcp says. Returns it with its real port.
  Result<std::string> listen(std::string_view address);
  // Stops listening, says 421 to everybody, but waits for what is being stored; `drained` runs
  // once, on the loop's thread, when nobody is left or `at_most` is over. Called once.
  void drain(Duration at_most, std::function<void()> drained);
  std::size_t connections() const;

 private:
  struct Core;
  std::shared_ptr<Core> core_;
};

}  // namespace tidings::net
