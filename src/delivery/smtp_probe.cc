#include "delivery/smtp_probe.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "delivery/smtp_connection.h"
#include "net/event_loop.h"

namespace tidings::delivery {
namespace {

using wire::SmtpCause;
using wire::SmtpStage;

// "535 5.7.8 words", as the server said it.
std::string words_of(const wire::SmtpReply& reply) {
  return fmt::format("{}{}{}{}{}", reply.code, reply.enhanced_code.empty() ? "" : " ",
                     reply.enhanced_code, reply.text.empty() ? "" : " ",
                     wire::to_valid_utf8(reply.text, 512));
}

Error refusal(const wire::RelayUrl& relay, const wire::SmtpVerdict& verdict) {
  const std::string words = words_of(verdict.reply);
  if (verdict.stage == SmtpStage::auth && verdict.reply.reply_class() == 5) {
    return {ErrorKind::denied, "relay.auth_refused",
            fmt::format("The mail server refused the user name or password: {}", words)};
  }
  if (verdict.stage == SmtpStage::auth) {
    return {
        ErrorKind::unavailable, "relay.auth_unavailable",
        fmt::format("The mail server cannot check the password now: {} Try again later.", words)};
  }
  if (verdict.stage == SmtpStage::starttls) {
    return {ErrorKind::unavailable, "relay.starttls",
            fmt::format("The mail server {} does not encrypt now: {}", relay.host, words)};
  }
  return {ErrorKind::unavailable, "relay.refused",
          fmt::format("The mail server {} does not want to talk to this computer: {}", relay.host,
                      words)};
}

Error explained(const wire::RelayUrl& relay, const wire::SmtpVerdict& verdict) {
  switch (verdict.cause) {
    case SmtpCause::reply:
      return refusal(relay, verdict);
    case SmtpCause::tls_missing:
      return {ErrorKind::unavailable, "relay.tls_missing",
              fmt::format("The mail server {} port {} offers no encryption (STARTTLS), and the "
                          "settings require it. Check the port, or allow it with ?tls=auto.",
                          relay.host, relay.port)};
    case SmtpCause::auth_missing:
      return {ErrorKind::unsupported, "relay.auth_missing",
              verdict.detail.empty()
                  ? fmt::format("The mail server {} port {} asks for no login. Leave the user name "
                                "out, or check the port.",
                                relay.host, relay.port)
                  : fmt::format("The mail server {} offers only login methods that may not be used "
                                "here: {}. Choose one with ?auth=.",
                                relay.host, wire::to_valid_utf8(verdict.detail, 256))};
    case SmtpCause::auth_in_clear:
      return {ErrorKind::denied, "relay.auth_in_clear",
              fmt::format("The connection to {} port {} is not encrypted, so the password was not "
                          "sent. Use a port with encryption (465 or 587), or allow it with "
                          "?auth_in_clear=yes.",
                          relay.host, relay.port)};
    case SmtpCause::auth_failed:
      return {ErrorKind::denied, "relay.auth_failed",
              fmt::format("Logging in to {} failed: {}", relay.host, verdict.detail)};
    case SmtpCause::malformed:
      return {ErrorKind::unavailable, "relay.not_smtp",
              fmt::format("What answers at {} port {} is not a mail server: {}. Check the host and "
                          "port.",
                          relay.host, relay.port, verdict.detail)};
    case SmtpCause::timeout:
      return {ErrorKind::timeout, "relay.timeout",
              fmt::format("The mail server {} port {} did not answer in time. Check the port: 465 "
                          "begins encrypted (smtps://).",
                          relay.host, relay.port)};
    default:
      return {ErrorKind::unavailable, "relay.closed",
              fmt::format("The mail server {} port {} closed the connection: {}. Check the port: "
                          "465 begins encrypted (smtps://).",
                          relay.host, relay.port, verdict.detail)};
  }
}

class Probe final : public SmtpConnectionOwner {
 public:
  explicit Probe(const wire::RelayUrl& relay) : relay_(relay) {}

  void on_ready(SmtpConnection& connection) override {
    const wire::SmtpClient& client = connection.client();
    greeting_ = RelayGreeting{
        .greeting = client.greeting(),
        .remote = connection.remote(),
        .tls = connection.tls_words(),
        .login = client.authenticated_by()
                     ? std::string(wire::to_string(*client.authenticated_by()))
                     : std::string(),
        .capabilities = client.capabilities(),
    };
  }
  void on_settled(SmtpConnection& connection) override {
    if (connection.idle()) connection.client().quit(net::EventLoop::steady_now());
  }
  void on_session_failed(SmtpConnection& connection, wire::SmtpVerdict verdict) override {
    const bool said = !connection.connect_error().message.empty();
    error_ = said ? connection.connect_error() : explained(relay_, verdict);
  }
  void on_need_intent(SmtpConnection&, std::uint64_t) override {}
  void on_finished(SmtpConnection&, std::uint64_t, wire::SmtpVerdict) override {}
  void on_ended(SmtpConnection&) override { ended_ = true; }

  // The answer to QUIT is not waited for once everything is known.
  bool done() const { return ended_ || error_.has_value(); }
  Result<RelayGreeting> result() {
    if (greeting_) return std::move(*greeting_);
    if (error_) return std::unexpected(std::move(*error_));
    return std::unexpected(explained(relay_, {.cause = SmtpCause::timeout}));
  }

 private:
  const wire::RelayUrl& relay_;
  std::optional<RelayGreeting> greeting_;
  std::optional<Error> error_;
  bool ended_ = false;
};

}  // namespace

Result<RelayGreeting> probe_relay(const wire::RelayUrl& relay, const std::string& password,
                                  const std::string& hello_name, Duration at_most) {
  SmtpConnection::Setup setup = TRY(make_smtp_setup(relay, password, hello_name));
  setup.connect_timeout = std::min(setup.connect_timeout, at_most);
  net::EventLoop loop;
  Probe probe(relay);
  const auto connection = std::make_shared<SmtpConnection>(loop, probe, std::move(setup));
  connection->open();
  loop.run_until([&] { return probe.done(); }, at_most);
  auto result = probe.result();
  connection->abort(SmtpCause::stopped);
  return result;
}

}  // namespace tidings::delivery
