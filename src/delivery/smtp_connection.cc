#include "delivery/smtp_connection.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "net/event_loop.h"
#include "net/tls.h"

namespace tidings::delivery {
namespace {

Instant now() { return net::EventLoop::steady_now(); }

}  // namespace

SmtpConnection::SmtpConnection(net::EventLoop& loop, SmtpConnectionOwner& owner, Setup setup)
    : owner_(owner), setup_(std::move(setup)), stream_(loop, *this), remote_(setup_.host) {}

SmtpConnection::~SmtpConnection() = default;

void SmtpConnection::open() {
  stream_.connect_tcp(setup_.address.empty() ? setup_.host : setup_.address, setup_.port,
                      setup_.connect_timeout, setup_.source);
}

void SmtpConnection::on_connected() {
  remote_ = fmt::format("{} [{}]", setup_.host, stream_.peer());
  if (setup_.client.tls == wire::SmtpTlsUse::active) {
    // The client begins with the handshake done; until then the greeting's time limit is ours.
    client_ = std::make_unique<wire::SmtpClient>(setup_.client, now());
    return stream_.start_tls(setup_.tls, setup_.host, setup_.tlsa);
  }
  begin();
}

void SmtpConnection::begin() {
  client_ = std::make_unique<wire::SmtpClient>(setup_.client, now());
  pump();
}

void SmtpConnection::on_connect_failed(Error error) {
  const auto self = shared_from_this();
  const bool timeout = error.kind == ErrorKind::timeout;
  connect_error_ = error;
  owner_.on_session_failed(*this,
                           {.stage = wire::SmtpStage::connect,
                            .cause = timeout ? wire::SmtpCause::timeout : wire::SmtpCause::closed,
                            .reply = {},
                            .detail = std::move(error.message)});
  finish();
}

void SmtpConnection::on_tls_established() {
  if (setup_.client.tls == wire::SmtpTlsUse::active) return begin();
  client_->on_tls_established(now());
  pump();
}

void SmtpConnection::on_tls_failed(Error error) {
  connect_error_ = error;
  if (setup_.client.tls == wire::SmtpTlsUse::active) {
    const auto self = shared_from_this();
    owner_.on_session_failed(*this, {.stage = wire::SmtpStage::tls,
                                     .cause = wire::SmtpCause::tls_failed,
                                     .reply = {},
                                     .detail = std::move(error.message)});
    return finish();
  }
  client_->on_tls_failed(error.message, now());
  pump();
}

void SmtpConnection::on_bytes(std::string_view bytes) {
  client_->on_bytes(bytes, now());
  pump();
}

void SmtpConnection::on_writable() { pump(); }

void SmtpConnection::on_closed(std::string_view why) {
  client_->on_closed(why.empty() ? "the server closed it" : why, now());
  pump();
}

void SmtpConnection::tick() {
  if (client_ == nullptr || ended_) return;
  const auto limit = client_->deadline();
  if (!limit || now() < *limit) return;
  client_->on_time(now());
  pump();
}

void SmtpConnection::abort(wire::SmtpCause cause) {
  const auto self = shared_from_this();
  if (ended_) return;
  if (client_ == nullptr) return finish();
  client_->abort(cause, now());
  pump();
}

void SmtpConnection::hand_out(wire::SmtpEvent event) {
  switch (event.kind) {
    case wire::SmtpEvent::Kind::start_tls:
      return stream_.start_tls(setup_.tls, setup_.host, setup_.tlsa);
    case wire::SmtpEvent::Kind::ready:
      return owner_.on_ready(*this);
    case wire::SmtpEvent::Kind::need_intent:
      return owner_.on_need_intent(*this, event.key);
    case wire::SmtpEvent::Kind::finished:
      return owner_.on_finished(*this, event.key, std::move(event.verdict));
    case wire::SmtpEvent::Kind::session_failed:
      return owner_.on_session_failed(*this, std::move(event.verdict));
  }
}

// Writes what the network takes; says whether all of it left and there was something.
bool SmtpConnection::write() {
  if (!client_->has_output()) return false;
  std::array<std::string_view, 64> room;
  const auto pieces = client_->output(room);
  std::size_t total = 0;
  for (const std::string_view piece : pieces) total += piece.size();
  const std::size_t taken = stream_.send(pieces);
  if (taken > 0) client_->on_written(taken, now());
  return taken == total;
}

void SmtpConnection::pump() {
  if (pumping_ || ended_) return;
  const auto self = shared_from_this();
  pumping_ = true;
  bool wrote = false;
  do {
    while (auto event = client_->next_event()) hand_out(std::move(*event));
    if (!client_->ended()) owner_.on_settled(*this);
    wrote = write();
  } while (wrote || client_->has_event());
  pumping_ = false;
  if (client_->ended()) finish();
}

void SmtpConnection::finish() {
  if (std::exchange(ended_, true)) return;
  stream_.close();
  owner_.on_ended(*this);
}

Result<SmtpConnection::Setup> make_smtp_setup(const wire::RelayUrl& relay,
                                              const std::string& password,
                                              const std::string& hello_name) {
  SmtpConnection::Setup setup;
  setup.host = relay.host;
  setup.port = relay.port;
  setup.client.hello_name = relay.hello_name.empty() ? hello_name : relay.hello_name;
  setup.client.tls = relay.tls;
  setup.client.mechanisms = relay.mechanisms;
  setup.client.allow_auth_in_clear = relay.auth_in_clear;
  if (!relay.user.empty()) setup.client.credentials = {relay.user, password};
  if (relay.tls != wire::SmtpTlsUse::never) {
    setup.tls = TRY(net::TlsContext::client(
        relay.verify_certificate ? net::TlsVerify::full : net::TlsVerify::none, relay.ca_file));
  }
  return setup;
}

}  // namespace tidings::delivery
