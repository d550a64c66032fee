#include "wire/smtp_client.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "wire/dot_stuffing.h"

namespace tidings::wire {
namespace {

// RFC 5321 §4.5.3.1.3: a path with its brackets.
constexpr std::size_t path_max = 256;

// May `path` stand between angle brackets? Whoever could put a line end, a bracket or a space there
// could add a parameter or a command.
bool fits_in_brackets(std::string_view path) {
  if (path.size() + 2 > path_max) return false;
  bool quoted = false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const auto c = static_cast<unsigned char>(path[i]);
    if (c < 0x20 || c == 0x7F) return false;
    if (quoted && c == '\\') {
      if (++i == path.size() || static_cast<unsigned char>(path[i]) < 0x20) return false;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == ' ' || c == '<' || c == '>')) {
      return false;
    }
  }
  return !quoted;
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

void SmtpClient::expect(Command command) {
  CHECK(expected_count_ < expected_max);
  expected_[(expected_head_ + expected_count_) % expected_max] = {command, output_.end()};
  ++expected_count_;
}

SmtpClient::Expected SmtpClient::pop_expected() {
  const Expected expected = oldest();
  expected_head_ = (expected_head_ + 1) % expected_max;
  --expected_count_;
  return expected;
}

SmtpStage SmtpClient::stage_of(Command command) const {
  switch (command) {
    case Command::greeting:
      return SmtpStage::greeting;
    case Command::ehlo:
    case Command::helo:
      return SmtpStage::hello;
    case Command::starttls:
      return SmtpStage::starttls;
    case Command::auth:
      return SmtpStage::auth;
    case Command::rset:
    case Command::mail:
      return SmtpStage::mail;
    case Command::rcpt:
      return SmtpStage::rcpt;
    case Command::data:
      return SmtpStage::data;
    case Command::dot:
      return SmtpStage::dot;
    case Command::lone_dot:
    case Command::quit:
      return SmtpStage::idle;
  }
  return SmtpStage::idle;
}

Duration SmtpClient::timeout_of(Command command) const {
  const SmtpTimeouts& limits = config_.timeouts;
  switch (command) {
    case Command::greeting:
      return limits.greeting;
    case Command::ehlo:
    case Command::helo:
      return limits.hello;
    case Command::starttls:
      return limits.starttls;
    case Command::auth:
      return limits.auth;
    case Command::rset:
      return limits.rset;
    case Command::mail:
      return limits.mail;
    case Command::rcpt:
      return limits.rcpt;
    case Command::data:
      return limits.data;
    case Command::dot:
    case Command::lone_dot:
      return limits.dot;
    case Command::quit:
      return limits.quit;
  }
  return limits.dot;
}

std::optional<Instant> SmtpClient::deadline() const {
  if (state_ == State::ended) return std::nullopt;
  if (state_ == State::handshake) return progress_ + config_.timeouts.starttls;
  if (!output_.empty()) return progress_ + config_.timeouts.block;
  if (expecting()) return progress_ + timeout_of(oldest().command);
  return std::nullopt;
}

std::optional<SmtpEvent> SmtpClient::next_event() {
  if (events_taken_ == events_.size()) return std::nullopt;
  SmtpEvent event = std::move(events_[events_taken_++]);
  if (events_taken_ == events_.size()) {
    events_.clear();
    events_taken_ = 0;
  }
  return event;
}

void SmtpClient::on_bytes(std::string_view bytes, Instant now) {
  while (!bytes.empty() && state_ != State::ended && state_ != State::handshake) {
    switch (parser_.feed(bytes)) {
      case SmtpReplyParser::Status::incomplete:
        return;
      case SmtpReplyParser::Status::malformed:
        return end(SmtpCause::malformed, "the server sent something that is not an SMTP reply");
      case SmtpReplyParser::Status::complete:
        on_reply(parser_.take(), now);
        break;
    }
  }
}

void SmtpClient::on_written(std::size_t count, Instant now) {
  progress_ = now;
  output_.consume(count);
  if (output_.empty() && current_.active && current_.phase == Phase::streaming) {
    current_.phase = Phase::want_intent;
    emit({.kind = SmtpEvent::Kind::need_intent, .key = current_.key});
  }
}

void SmtpClient::on_closed(std::string_view why, Instant) {
  if (state_ == State::ended) return;
  if (state_ == State::quitting) {
    output_.clear();
    state_ = State::ended;
    return;
  }
  end(SmtpCause::closed, why);
}

void SmtpClient::on_time(Instant now) {
  const auto limit = deadline();
  if (!limit || now < *limit) return;
  if (state_ == State::quitting) {
    output_.clear();
    state_ = State::ended;
    return;
  }
  end(SmtpCause::timeout, "the server did not answer in time");
}

void SmtpClient::on_reply(SmtpReply reply, Instant now) {
  if (!expecting() || output_.written() < oldest().end) return on_unexpected(std::move(reply));
  progress_ = now;
  const Command command = pop_expected().command;
  if (reply.code == 421 && state_ == State::ready) {
    // The server is closing; every reply behind this one is void. A dot it answers was refused.
    if (current_.active && !current_.decided && command != Command::lone_dot) {
      decide(stage_of(command), SmtpCause::reply, std::move(reply));
    }
    return end(SmtpCause::closed, "the server is closing");
  }
  switch (command) {
    case Command::greeting:
      return on_greeting(std::move(reply));
    case Command::ehlo:
    case Command::helo:
      return on_hello(command, std::move(reply));
    case Command::starttls:
      return on_starttls(std::move(reply));
    case Command::auth:
      return on_auth(std::move(reply));
    case Command::rset:
      if (!pipelining()) send_mail();
      return;
    case Command::mail:
    case Command::rcpt:
      return on_envelope_reply(command, std::move(reply));
    case Command::data:
      return on_data_reply(std::move(reply));
    case Command::dot:
      return on_dot_reply(std::move(reply));
    case Command::lone_dot:
      return finish_transaction();
    case Command::quit:
      output_.clear();
      state_ = State::ended;
      return;
  }
}

// A reply to nothing, or before its command was written out. While a body is going out it is the
// server giving up on it, which decides (the dot has not left); everywhere else the count of
// replies would be off from here on.
void SmtpClient::on_unexpected(SmtpReply reply) {
  const bool in_body = current_.active && !current_.decided &&
                       (current_.phase == Phase::want_intent ||
                        current_.phase == Phase::streaming || current_.phase == Phase::dot);
  if (in_body && output_.written() <= dot_begins_ && reply.reply_class() >= 4) {
    decide(SmtpStage::body, SmtpCause::reply, std::move(reply));
    return end(SmtpCause::closed, "the server refused the message before it was complete");
  }
  if (state_ == State::ready && !current_.active && reply.code == 421) {
    return end(SmtpCause::closed, "the server closed an idle connection");
  }
  end(SmtpCause::malformed, "the server answered before it was asked", std::move(reply));
}

std::optional<SmtpCause> SmtpClient::refuses(const SmtpMessage& message) const {
  if (!fits_in_brackets(message.reverse_path) || !fits_in_brackets(message.recipient) ||
      message.recipient.empty()) {
    return SmtpCause::bad_address;
  }
  const bool smtputf8 =
      message.needs_smtputf8 || !is_ascii(message.recipient) || !is_ascii(message.reverse_path);
  if (smtputf8 && !capabilities_.smtputf8) return SmtpCause::smtputf8_missing;
  if (message.is_8bit && !capabilities_.eightbitmime) return SmtpCause::eightbit_missing;
  if (capabilities_.size_max > 0 && message.octets.size() > capabilities_.size_max) {
    return SmtpCause::too_large;
  }
  return std::nullopt;
}

bool SmtpClient::can_submit() const {
  if (state_ != State::ready) return false;
  if (!current_.active) return true;
  return pipelining() && !next_.active && !current_.decided &&
         (current_.phase == Phase::want_intent || current_.phase == Phase::dot);
}

void SmtpClient::submit(const SmtpMessage& message, std::uint64_t key, Instant now) {
  CHECK(can_submit());
  if (const auto cause = refuses(message)) {
    SmtpVerdict verdict{.stage = SmtpStage::idle, .cause = *cause};
    if (*cause == SmtpCause::too_large) {
      verdict.detail = fmt::format("the message has {} octets and the server takes {}",
                                   message.octets.size(), capabilities_.size_max);
    }
    return emit({.kind = SmtpEvent::Kind::finished, .key = key, .verdict = std::move(verdict)});
  }
  Transaction& transaction = current_.active ? next_ : current_;
  transaction = {.message = message, .key = key, .active = true};
  if (&transaction == &current_) {
    progress_ = now;
    start_transaction();
  } else if (current_.phase == Phase::dot) {
    start_transaction();
  }
}

// Sends the commands of next_ behind the dot of current_, or those of current_.
void SmtpClient::start_transaction() {
  Transaction& transaction = next_.active ? next_ : current_;
  transaction.phase = Phase::envelope;
  const bool all = pipelining();
  if (std::exchange(needs_rset_, false)) {
    output_.add_text("RSET\r\n");
    expect(Command::rset);
    if (!all) return;
  }
  send_mail();
  if (!all) return;
  send_rcpt();
  send_data();
}

void SmtpClient::send_mail() {
  const SmtpMessage& message = next_.active ? next_.message : current_.message;
  line_.assign("MAIL FROM:<").append(message.reverse_path).append(">");
  if (capabilities_.size) {
    std::array<char, 20> digits{};
    const auto end =
        std::to_chars(digits.data(), digits.data() + digits.size(), message.octets.size()).ptr;
    line_.append(" SIZE=").append(digits.data(), end);
  }
  const bool smtputf8 =
      message.needs_smtputf8 || !is_ascii(message.recipient) || !is_ascii(message.reverse_path);
  if (message.is_8bit) line_.append(" BODY=8BITMIME");
  if (smtputf8) line_.append(" SMTPUTF8");
  line_.append("\r\n");
  output_.add_text(line_);
  expect(Command::mail);
}

void SmtpClient::send_rcpt() {
  const SmtpMessage& message = next_.active ? next_.message : current_.message;
  line_.assign("RCPT TO:<").append(message.recipient).append(">\r\n");
  output_.add_text(line_);
  expect(Command::rcpt);
}

void SmtpClient::send_data() {
  output_.add_text("DATA\r\n");
  expect(Command::data);
}

void SmtpClient::on_envelope_reply(Command command, SmtpReply reply) {
  const bool taken = reply.reply_class() == 2;
  if (command == Command::rcpt) current_.rcpt_ok = taken;
  if (current_.decided) return;  // MAIL was refused and this answers RCPT
  if (command == Command::mail) {
    current_.mail_ok = taken;
    if (!taken) {
      decide(SmtpStage::mail, SmtpCause::reply, std::move(reply));
      if (!pipelining()) finish_transaction();
    } else if (!pipelining()) {
      send_rcpt();
    }
    return;
  }
  if (!taken) {
    needs_rset_ = true;
    decide(SmtpStage::rcpt, SmtpCause::reply, std::move(reply));
    if (!pipelining()) finish_transaction();
  } else if (!pipelining()) {
    send_data();
  }
}

void SmtpClient::on_data_reply(SmtpReply reply) {
  if (reply.reply_class() == 3) {
    if (!current_.decided) return send_body();
    // A server that refused MAIL and took RCPT would deliver an empty message at a dot.
    if (current_.rcpt_ok) return end(SmtpCause::malformed, "the server took a refused message");
    // RFC 2920 §3.1: accepted although there is no valid recipient; nothing is delivered.
    needs_rset_ = false;
    output_.add_text(end_of_data);
    return expect(Command::lone_dot);
  }
  if (!current_.decided) {
    if (reply.reply_class() == 2) {
      return end(SmtpCause::malformed, "the server answered DATA with success", std::move(reply));
    }
    decide(SmtpStage::data, SmtpCause::reply, std::move(reply));
  }
  needs_rset_ = needs_rset_ || current_.mail_ok;
  finish_transaction();
}

void SmtpClient::send_body() {
  slices_.clear();
  if (current_.message.goes_as_it_is) {
    slices_.push_back(current_.message.octets);
  } else {
    append_dot_stuffed(current_.message.octets, slices_);
  }
  dot_begins_ = output_.end();
  for (const std::string_view slice : slices_) dot_begins_ += slice.size();
  if (slices_.size() > 1024) {
    // A text full of leading dots: a copy is smaller than its list of slices.
    stuffed_.clear();
    for (const std::string_view slice : slices_) stuffed_.append(slice);
    slices_.assign(1, stuffed_);
    slices_.shrink_to_fit();
  }
  if (current_.message.octets.size() > config_.intent_first_max) {
    for (const std::string_view slice : slices_) output_.add_slice(slice);
    slices_.clear();
    current_.phase = Phase::streaming;
    return;
  }
  current_.phase = Phase::want_intent;
  emit({.kind = SmtpEvent::Kind::need_intent, .key = current_.key});
}

void SmtpClient::intent_written(Instant now) {
  if (state_ != State::ready || !current_.active || current_.phase != Phase::want_intent) return;
  progress_ = now;
  for (const std::string_view slice : slices_) output_.add_slice(slice);
  slices_.clear();
  send_dot();
}

void SmtpClient::send_dot() {
  current_.phase = Phase::dot;
  output_.add_text(end_of_data);
  expect(Command::dot);
  if (next_.active) start_transaction();
}

void SmtpClient::on_dot_reply(SmtpReply reply) {
  decide(SmtpStage::dot, SmtpCause::reply, std::move(reply));
  finish_transaction();
}

void SmtpClient::finish_transaction() {
  current_ = std::exchange(next_, Transaction{});
  if (current_.active && current_.phase == Phase::queued) start_transaction();
}

void SmtpClient::decide(SmtpStage stage, SmtpCause cause, SmtpReply reply) {
  current_.decided = true;
  emit({.kind = SmtpEvent::Kind::finished,
        .key = current_.key,
        .verdict = {.stage = stage, .cause = cause, .reply = std::move(reply)}});
}

void SmtpClient::abort(SmtpCause cause, Instant) {
  if (state_ != State::ended) end(cause, {});
}

void SmtpClient::quit(Instant now) {
  CHECK(idle());
  progress_ = now;
  state_ = State::quitting;
  output_.add_text("QUIT\r\n");
  expect(Command::quit);
}

// The connection is over: everyone who has no verdict gets one.
void SmtpClient::end(SmtpCause cause, std::string_view detail, SmtpReply reply) {
  const bool established = state_ == State::ready || state_ == State::quitting;
  if (!established) {
    SmtpStage stage = SmtpStage::tls;
    if (expecting()) stage = stage_of(oldest().command);
    output_.clear();
    return fail_session(stage, cause, std::move(reply), detail);
  }
  if (current_.active && !current_.decided) {
    SmtpStage stage = SmtpStage::body;
    if (current_.phase == Phase::envelope) {
      stage = expecting() ? stage_of(oldest().command) : SmtpStage::mail;
    } else if (current_.phase == Phase::dot && output_.written() > dot_begins_) {
      // An octet of the dot has left: the server may have taken the message (RFC 1047).
      stage = SmtpStage::dot;
      reply = {};
    }
    current_.decided = true;
    emit({.kind = SmtpEvent::Kind::finished,
          .key = current_.key,
          .verdict = {.stage = stage,
                      .cause = cause,
                      .reply = std::move(reply),
                      .detail = std::string(detail)}});
  }
  if (next_.active) {
    emit({.kind = SmtpEvent::Kind::finished,
          .key = next_.key,
          .verdict = {.stage = SmtpStage::mail, .cause = SmtpCause::not_attempted}});
  }
  current_ = {};
  next_ = {};
  slices_.clear();
  output_.clear();
  state_ = State::ended;
}

}  // namespace tidings::wire
