// SmtpTransport: hands messages to a mail server over a pool of connections.
//
// Connections open gradually while work waits, carry one message a round trip where the server
// offers PIPELINING, and close with QUIT when idle for a while. A message is given back to the
// engine when nothing of it was tried; every other one is reported once (domain/smtp_outcome.h).
// Spec: wire/smtp_client.h. Thread: the loop's.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
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

class SmtpTransport final : public Transport {
 public:
  // `loop` and `port` outlive the transport. Error: the certificate authorities cannot be read.
  static Result<std::unique_ptr<SmtpTransport>> create(net::EventLoop& loop, DeliveryPort& port,
                                                       SmtpTransportSettings settings);
  ~SmtpTransport() override;  // stop(), if that was not done

  void wake() override;
  void drain(std::function<void()> drained) override;
  void stop() override;
  std::size_t in_flight() const override;

  // Open or being opened.
  std::size_t connections() const;

 private:
  class Pool;
  explicit SmtpTransport(std::shared_ptr<Pool> pool);
  std::shared_ptr<Pool> pool_;
};

}  // namespace tidings::delivery
