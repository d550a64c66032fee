// The first part of a connection: greeting, EHLO, STARTTLS, AUTH.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "wire/smtp_client.h"

namespace tidings::wire {
namespace {

// Challenges and responses in one login: the longest mechanism needs three.
constexpr std::size_t auth_line_max = 12288;  // RFC 4954 §4

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

bool lists(std::string_view words, std::string_view word) {
  for (std::size_t at = 0; (at = words.find(word, at)) != std::string_view::npos; ++at) {
    const bool begins = at == 0 || words[at - 1] == ' ';
    const std::size_t end = at + word.size();
    if (begins && (end == words.size() || words[end] == ' ')) return true;
  }
  return false;
}

}  // namespace

SmtpClient::SmtpClient(SmtpClientConfig config, Instant now)
    : config_(std::move(config)), encrypted_(config_.tls == SmtpTlsUse::active), progress_(now) {
  expect(Command::greeting);
}

void SmtpClient::on_greeting(SmtpReply reply) {
  if (reply.reply_class() != 2) {
    return fail_session(SmtpStage::greeting, SmtpCause::reply, std::move(reply), {});
  }
  greeting_ = to_valid_utf8(reply.text, 512);
  say_hello();
}

void SmtpClient::say_hello() {
  state_ = State::hello;
  output_.add_text(fmt::format("EHLO {}\r\n", config_.hello_name));
  expect(Command::ehlo);
}

void SmtpClient::on_hello(Command command, SmtpReply reply) {
  capabilities_ = {};
  if (reply.reply_class() == 2) {
    if (command == Command::ehlo) read_capabilities(reply.text);
    return after_hello();
  }
  if (command == Command::ehlo && reply.reply_class() == 5) {
    // RFC 5321 §3.2: a server without extensions.
    output_.add_text(fmt::format("HELO {}\r\n", config_.hello_name));
    return expect(Command::helo);
  }
  fail_session(SmtpStage::hello, SmtpCause::reply, std::move(reply), {});
}

void SmtpClient::read_capabilities(std::string_view text) {
  bool first = true;  // the line of the domain
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string line = upper(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
    if (std::exchange(first, false)) continue;
    const std::size_t word_end = std::min(line.find_first_of(" ="), line.size());
    const std::string_view word = std::string_view(line).substr(0, word_end);
    std::string_view rest = std::string_view(line).substr(std::min(line.size(), word_end + 1));
    if (word == "PIPELINING") {
      capabilities_.pipelining = true;
    } else if (word == "STARTTLS") {
      capabilities_.starttls = true;
    } else if (word == "8BITMIME") {
      capabilities_.eightbitmime = true;
    } else if (word == "SMTPUTF8") {
      capabilities_.smtputf8 = true;
    } else if (word == "ENHANCEDSTATUSCODES") {
      capabilities_.enhanced_status_codes = true;
    } else if (word == "CHUNKING") {
      capabilities_.chunking = true;
    } else if (word == "DSN") {
      capabilities_.dsn = true;
    } else if (word == "SIZE") {
      capabilities_.size = true;
      capabilities_.size_max = 0;
      std::from_chars(rest.data(), rest.data() + rest.size(), capabilities_.size_max);
    } else if (word == "AUTH") {
      // Also "AUTH=LOGIN", as old servers wrote it.
      if (!capabilities_.auth.empty()) capabilities_.auth += ' ';
      capabilities_.auth += rest;
    }
  }
}

void SmtpClient::after_hello() {
  const bool wanted =
      config_.tls == SmtpTlsUse::when_offered || config_.tls == SmtpTlsUse::required;
  if (!encrypted_ && wanted && capabilities_.starttls) {
    state_ = State::starttls;
    output_.add_text("STARTTLS\r\n");
    return expect(Command::starttls);
  }
  if (!encrypted_ && config_.tls == SmtpTlsUse::required) {
    return fail_session(SmtpStage::starttls, SmtpCause::tls_missing, {}, {});
  }
  begin_auth();
}

void SmtpClient::on_starttls(SmtpReply reply) {
  if (reply.reply_class() == 2) {
    // RFC 3207 §4.2: nothing that came in the clear counts. on_bytes() drops what follows this
    // reply because the state is `handshake`.
    parser_.reset();
    capabilities_ = {};
    state_ = State::handshake;
    return emit({.kind = SmtpEvent::Kind::start_tls});
  }
  if (config_.tls == SmtpTlsUse::required || reply.code == 421) {
    return fail_session(SmtpStage::starttls, SmtpCause::reply, std::move(reply), {});
  }
  begin_auth();
}

void SmtpClient::on_tls_established(Instant now) {
  if (state_ != State::handshake) return;
  progress_ = now;
  encrypted_ = true;
  say_hello();
}

void SmtpClient::on_tls_failed(std::string_view why, Instant) {
  if (state_ != State::handshake) return;
  fail_session(SmtpStage::tls, SmtpCause::tls_failed, {}, why);
}

void SmtpClient::begin_auth() {
  if (!config_.credentials) {
    state_ = State::ready;
    return emit({.kind = SmtpEvent::Kind::ready});
  }
  state_ = State::auth;
  if (!encrypted_ && !config_.allow_auth_in_clear) {
    return fail_session(SmtpStage::auth, SmtpCause::auth_in_clear, {}, {});
  }
  const auto& order = config_.mechanisms;
  while (mechanism_ < order.size() && !lists(capabilities_.auth, to_string(order[mechanism_]))) {
    ++mechanism_;
  }
  if (mechanism_ == order.size()) {
    return fail_session(SmtpStage::auth, SmtpCause::auth_missing, {}, capabilities_.auth);
  }
  sasl_ = make_sasl_client(order[mechanism_], *config_.credentials);
  sasl_error_.clear();
  std::string command = fmt::format("AUTH {}", to_string(order[mechanism_]));
  if (const auto first = sasl_->initial_response()) {
    command += ' ';
    command += first->empty() ? "=" : to_base64(*first);
  }
  send_auth_line(command);
}

void SmtpClient::send_auth_line(std::string_view text) {
  if (text.size() + 2 > auth_line_max) {
    return fail_session(SmtpStage::auth, SmtpCause::auth_failed, {},
                        "the password or token is longer than SMTP allows");
  }
  output_.add_text(text);
  output_.add_text("\r\n");
  expect(Command::auth);
}

void SmtpClient::on_auth(SmtpReply reply) {
  if (reply.reply_class() == 2) {
    if (!sasl_->server_proved()) {
      return fail_session(SmtpStage::auth, SmtpCause::auth_failed, std::move(reply),
                          "the mail server did not prove that it knows the password");
    }
    authenticated_by_ = config_.mechanisms[mechanism_];
    sasl_.reset();
    state_ = State::ready;
    return emit({.kind = SmtpEvent::Kind::ready});
  }
  if (reply.reply_class() == 3) {
    if (!sasl_error_.empty()) {
      return fail_session(SmtpStage::auth, SmtpCause::auth_failed, std::move(reply), sasl_error_);
    }
    const auto challenge = from_base64(reply.text);
    Result<std::string> response = challenge
                                       ? sasl_->respond(*challenge)
                                       : fail(ErrorKind::unavailable, "sasl.challenge",
                                              "The mail server's login challenge is not base64.");
    if (response) return send_auth_line(to_base64(*response));
    sasl_error_ = response.error().message;
    return send_auth_line("*");
  }
  if (!sasl_error_.empty()) {
    return fail_session(SmtpStage::auth, SmtpCause::auth_failed, std::move(reply), sasl_error_);
  }
  // 504: this mechanism is not for us after all; 534: too weak for this user. Another may do.
  if ((reply.code == 504 || reply.code == 534) && mechanism_ + 1 < config_.mechanisms.size()) {
    ++mechanism_;
    const std::string rest = capabilities_.auth;
    const bool another =
        std::any_of(config_.mechanisms.begin() + static_cast<std::ptrdiff_t>(mechanism_),
                    config_.mechanisms.end(),
                    [&](SaslMechanism mechanism) { return lists(rest, to_string(mechanism)); });
    if (another) return begin_auth();
  }
  fail_session(SmtpStage::auth, SmtpCause::reply, std::move(reply), {});
}

void SmtpClient::fail_session(SmtpStage stage, SmtpCause cause, SmtpReply reply,
                              std::string_view detail) {
  // The server hears a QUIT where it is still listening; nobody waits for its answer.
  const bool polite = cause != SmtpCause::closed && cause != SmtpCause::timeout &&
                      cause != SmtpCause::malformed && cause != SmtpCause::stopped &&
                      cause != SmtpCause::tls_failed && reply.code != 421;
  emit({.kind = SmtpEvent::Kind::session_failed,
        .verdict = {.stage = stage,
                    .cause = cause,
                    .reply = std::move(reply),
                    .detail = std::string(detail)}});
  if (polite) output_.add_text("QUIT\r\n");
  state_ = State::ended;
}

}  // namespace tidings::wire
