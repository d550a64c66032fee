// SmtpTransport: hands everything to one mail server, over a pool of connections (smtp_pool.h).
// Thread: the loop's.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "delivery/smtp_pool.h"
#include "delivery/transport.h"
#include "net/fwd.h"
#include "wire/relay_url.h"
#include "wire/smtp_client.h"

namespace tidings::delivery {

struct SmtpTransportSettings {
  wire::RelayUrl relay;
  std::string password;
  std::string hello_name = "localhost";  // unless the URL names one
  std::size_t connections_max = 10;
  std::size_t messages_per_connection = 1000;    // then QUIT and a new one
  Duration idle_max = std::chrono::seconds(15);  // kept open without work
  Duration connect_timeout = std::chrono::seconds(30);
  wire::SmtpTimeouts timeouts;
};

// The one server of a relay URL.
class RelayTargets final : public SmtpTargets {
 public:
  // Error: the certificate authorities cannot be read.
  static Result<std::shared_ptr<RelayTargets>> create(const SmtpTransportSettings& settings);
  SmtpConnection::Setup next() override { return setup_; }
  bool failed(const SmtpConnection&, const wire::SmtpVerdict&) override { return false; }
  void worked(const SmtpConnection&) override {}

 private:
  explicit RelayTargets(SmtpConnection::Setup setup);
  const SmtpConnection::Setup setup_;
};

class SmtpTransport final : public Transport {
 public:
  // `loop` and `port` outlive the transport. Error: the certificate authorities cannot be read.
  static Result<std::unique_ptr<SmtpTransport>> create(net::EventLoop& loop, DeliveryPort& port,
                                                       const SmtpTransportSettings& settings);
  ~SmtpTransport() override;  // stop(), if that was not done

  void wake() override;
  void drain(std::function<void()> drained) override;
  void stop() override;
  std::size_t in_flight() const override;

  // Open or being opened.
  std::size_t connections() const;

 private:
  class Owner;
  explicit SmtpTransport(std::unique_ptr<Owner> owner);
  std::unique_ptr<Owner> owner_;
};

}  // namespace tidings::delivery
