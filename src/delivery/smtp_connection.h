// SmtpConnection: pumps bytes between a net::Stream and a wire::SmtpClient, and hands the client's
// events to its owner. Thread: the loop's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/fwd.h"
#include "net/stream.h"
#include "wire/relay_url.h"
#include "wire/smtp_client.h"

namespace tidings::delivery {

class SmtpConnection;

class SmtpConnectionOwner {
 public:
  // Inside these the owner may use client() but not pump(): the connection does that afterwards.
  virtual void on_ready(SmtpConnection& connection) = 0;
  virtual void on_need_intent(SmtpConnection& connection, std::uint64_t key) = 0;
  virtual void on_finished(SmtpConnection& connection, std::uint64_t key,
                           wire::SmtpVerdict verdict) = 0;
  // The connection could not be made or failed before it was ready. on_ended() follows.
  virtual void on_session_failed(SmtpConnection& connection, wire::SmtpVerdict verdict) = 0;
  // All events were handled: submit more, quit, or leave it.
  virtual void on_settled(SmtpConnection& connection) = 0;
  // Closed; comes exactly once, last.
  virtual void on_ended(SmtpConnection& connection) = 0;

 protected:
  ~SmtpConnectionOwner() = default;
};

class SmtpConnection final : public net::StreamHandler,
                             public std::enable_shared_from_this<SmtpConnection> {
 public:
  struct Setup {
    std::string host;     // its name: certificates are held against it
    std::string address;  // connect to this; empty: the host is looked up
    std::string source;   // leave from this address of ours; empty: any
    std::uint16_t port = 25;
    Duration connect_timeout = std::chrono::seconds(30);
    wire::SmtpClientConfig client;
    std::shared_ptr<net::TlsContext> tls;  // null: no encryption is possible
    std::vector<wire::TlsaRecord> tlsa;    // DANE: instead of the context's authorities
  };

  SmtpConnection(net::EventLoop& loop, SmtpConnectionOwner& owner, Setup setup);
  ~SmtpConnection();

  void open();
  const Setup& setup() const { return setup_; }
  wire::SmtpClient& client() { return *client_; }
  // Greeted and logged in.
  bool ready() const { return client_ != nullptr && client_->ready(); }
  bool idle() const { return client_ != nullptr && client_->idle(); }
  // After a change from outside the owner's callbacks: hands out events, writes what is there.
  void pump();
  // Deadlines; every second or so is enough.
  void tick();
  // Ends it now; verdicts are handed out before this returns.
  void abort(wire::SmtpCause cause);
  // "mail.example.org [192.0.2.1:25]".
  const std::string& remote() const { return remote_; }
  std::string tls_words() const { return stream_.tls_words(); }
  // Says how it failed, for a person.
  const Error& connect_error() const { return connect_error_; }

 private:
  void on_connected() override;
  void on_connect_failed(Error error) override;
  void on_tls_established() override;
  void on_tls_failed(Error error) override;
  void on_bytes(std::string_view bytes) override;
  void on_writable() override;
  void on_closed(std::string_view why) override;
  void begin();
  void hand_out(wire::SmtpEvent event);
  bool write();
  void finish();

  SmtpConnectionOwner& owner_;
  Setup setup_;
  net::Stream stream_;
  std::unique_ptr<wire::SmtpClient> client_;  // from the moment the connection is made
  std::string remote_;
  Error connect_error_;
  bool pumping_ = false;
  bool ended_ = false;
};

// What the URL and the password say about a connection. Error: the authorities cannot be read.
// `hello_name` is used unless the URL names one.
Result<SmtpConnection::Setup> make_smtp_setup(const wire::RelayUrl& relay,
                                              const std::string& password,
                                              const std::string& hello_name);

}  // namespace tidings::delivery
