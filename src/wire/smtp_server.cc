#include "wire/smtp_server.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"

namespace tidings::wire {

namespace {

// What may wait unread while a message is being stored, or answers are not taken.
constexpr std::size_t kInputMax = std::size_t{64} << 10;
constexpr std::size_t kOutputMax = std::size_t{64} << 10;
constexpr std::size_t kPathMax = 320;

constexpr std::string_view kBareReply =
    "521 5.5.2 A line ends with CRLF; a CR or LF by itself is not taken";

bool is_8bit(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) > 127; });
}

// Cut off: "MAIL" of "MAIL FROM:<…>".
std::string_view take_word(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  while (text.starts_with(' ')) text.remove_prefix(1);
  return word;
}

bool is_word(std::string_view given, std::string_view upper) {
  return given.size() == upper.size() && lower(given) == lower(upper);
}

// `FROM:<a@b> X=Y`: the path without brackets and a source route (RFC 5321 appendix C); `text`
// keeps what stands behind it.
std::optional<std::string> take_path(std::string_view& text, std::string_view keyword) {
  if (text.size() < keyword.size() || !is_word(text.substr(0, keyword.size()), keyword)) return {};
  text.remove_prefix(keyword.size());
  while (text.starts_with(' ')) text.remove_prefix(1);
  if (!text.starts_with('<')) return {};
  // A quoted local part may hold a bracket.
  bool is_quoted = false;
  std::size_t end = 1;
  for (; end < text.size(); ++end) {
    if (text[end] == '\\' && is_quoted)
      ++end;
    else if (text[end] == '"')
      is_quoted = !is_quoted;
    else if (text[end] == '>' && !is_quoted)
      break;
  }
  if (end >= text.size()) return {};
  std::string_view path = text.substr(1, end - 1);
  text.remove_prefix(end + 1);
  if (!text.empty() && !text.starts_with(' ')) return {};
  while (text.starts_with(' ')) text.remove_prefix(1);
  if (path.starts_with('@')) {
    const std::size_t colon = path.find(':');
    if (colon == std::string_view::npos) return {};
    path.remove_prefix(colon + 1);
  }
  if (path.size() > kPathMax) return {};
  return std::string(path);
}

}  // namespace

SmtpServer::SmtpServer(SmtpServerConfig config, const SmtpRecipients& recipients, Instant now)
    : config_(std::move(config)), recipients_(recipients), began_(now), progress_(now) {}

void SmtpServer::reply(std::string_view text) {
  constexpr std::size_t kCodes = sizeof("550 5.1.1") - 1;
  if (text.starts_with('4') || text.starts_with('5'))
    refusals_.emplace_back(text.substr(0, kCodes));
  output_ += text;
  output_ += "\r\n";
}

void SmtpServer::refuse_command(std::string_view text) {
  reply(text);
  if (++errors_ >= config_.limits.errors_max) end("421 4.7.0 Too many errors");
}

void SmtpServer::end(std::string_view text) {
  if (state_ == State::ended) return;
  if (!text.empty()) reply(text);
  state_ = State::ended;
  input_.clear();
  taken_ = 0;
}

void SmtpServer::refuse(std::string_view sentence) { end(sentence); }

void SmtpServer::end_soon() {
  ends_soon_ = true;
  if (state_ != State::storing) end("421 4.3.2 Closing down; come again later");
}

void SmtpServer::reset() {
  has_mail_ = false;
  is_utf8_ = false;
  message_ = {};
}

std::optional<Instant> SmtpServer::deadline() const {
  switch (state_) {
    case State::greeting:
      return began_ + config_.limits.greeting_delay;
    case State::storing:
      return std::nullopt;
    default:
      return std::min(progress_ + config_.limits.idle_max, began_ + config_.limits.session_max);
  }
}

void SmtpServer::on_time(Instant now) {
  const auto at = deadline();
  if (!at || now < *at) return;
  if (state_ == State::greeting) {
    reply(fmt::format("220 {} ESMTP Tidings", config_.host_name));
    state_ = State::command;
    progress_ = now;
    return;
  }
  // Answers that nobody takes are not waited for.
  if (state_ == State::ended) output_.clear();
  end("421 4.4.2 Too slow; come again");
}

void SmtpServer::on_bytes(std::string_view bytes, Instant now) {
  switch (state_) {
    case State::ended:
      return;
    case State::greeting:
      // RFC 5321 §4.3.1: the server speaks first.
      return end("554 5.5.1 Wait for the greeting");
    case State::handshake:
      return;  // in the clear behind STARTTLS
    default:
      break;
  }
  input_ += bytes;
  work(now);
  // Who writes on without waiting for answers.
  if (input_.size() - taken_ > kInputMax) end("421 4.7.0 Too much at once");
}

void SmtpServer::on_written(std::size_t count, Instant now) {
  output_.erase(0, count);
  if (output_.size() < kOutputMax) work(now);
}

void SmtpServer::work(Instant now) {
  for (;;) {
    if (state_ == State::data) {
      read_data(now);
      if (state_ == State::data) break;
    } else if (state_ != State::command || output_.size() >= kOutputMax || !next_command(now)) {
      break;
    }
  }
  input_.erase(0, std::exchange(taken_, 0));
}

// One command; false when there is no whole one.
bool SmtpServer::next_command(Instant now) {
  const std::string_view rest = std::string_view(input_).substr(taken_);
  const std::size_t end_at = rest.find('\n');
  const std::size_t size = end_at == std::string_view::npos ? rest.size() : end_at + 1;
  if (size > config_.limits.command_max) {
    end("500 5.5.2 The line is too long");
    return false;
  }
  if (end_at == std::string_view::npos) return false;
  const std::string line(rest.substr(0, end_at));
  taken_ += size;
  progress_ = now;
  if (!line.ends_with('\r') || line.find('\r') != line.size() - 1) {
    end(kBareReply);
    return false;
  }
  if (++commands_ > config_.limits.commands_max) {
    end("421 4.7.0 Too many commands; come again");
    return false;
  }
  on_command(std::string_view(line).substr(0, line.size() - 1));
  return true;
}

void SmtpServer::on_command(std::string_view line) {
  while (line.ends_with(' ')) line.remove_suffix(1);
  std::string_view rest = line;
  const std::string_view verb = take_word(rest);
  const auto is = [&](std::string_view word) { return is_word(verb, word); };
  // A control character is in no command.
  if (std::ranges::any_of(line, [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; })) {
    return refuse_command("500 5.5.2 That is no command");
  }
  if (is("EHLO") || is("HELO")) return on_hello(verb, rest);
  if (is("MAIL")) return on_mail(rest);
  if (is("RCPT")) return on_recipient(rest);
  if (is("DATA")) return on_data(rest);
  if (is("STARTTLS")) return on_starttls(rest);
  if (is("RSET")) {
    reset();
    return reply("250 2.0.0 Ok");
  }
  if (is("NOOP")) return reply("250 2.0.0 Ok");
  if (is("QUIT")) return end("221 2.0.0 Bye");
  if (is("VRFY")) return reply("252 2.0.0 Send it and see");
  if (is("EXPN") || is("HELP") || is("AUTH") || is("BDAT") || is("ETRN") || is("TURN")) {
    return refuse_command("502 5.5.1 Not offered here");
  }
  // A web page that makes a browser speak to port 25.
  if (line.contains(" HTTP/")) return end("554 5.5.1 This is no web server");
  refuse_command("500 5.5.2 That is no command");
}

void SmtpServer::on_hello(std::string_view verb, std::string_view name) {
  if (name.empty()) return refuse_command("501 5.5.4 Say who you are");
  reset();
  hello_ = name.substr(0, kPathMax);
  if (is_word(verb, "HELO")) return reply(fmt::format("250 {}", config_.host_name));
  reply(fmt::format("250-{}", config_.host_name));
  reply("250-PIPELINING");
  reply(fmt::format("250-SIZE {}", config_.limits.message_max));
  if (config_.offers_tls && !is_encrypted_) reply("250-STARTTLS");
  reply("250-8BITMIME");
  reply("250-SMTPUTF8");
  reply("250 ENHANCEDSTATUSCODES");
}

// SIZE=n BODY=8BITMIME SMTPUTF8, each at most once. Refuses by itself.
bool SmtpServer::read_mail_parameters(std::string_view rest) {
  while (!rest.empty()) {
    const std::string parameter = lower(take_word(rest));
    if (parameter == "smtputf8") {
      is_utf8_ = true;
    } else if (parameter == "body=7bit" || parameter == "body=8bitmime") {
      continue;
    } else if (parameter.starts_with("size=")) {
      std::uint64_t size = 0;
      const char* const end = parameter.data() + parameter.size();
      const auto [at, error] = std::from_chars(parameter.data() + 5, end, size);
      if (at != end || error == std::errc::invalid_argument) {
        refuse_command("501 5.5.4 SIZE is a number");
        return false;
      }
      if (error != std::errc() || size > config_.limits.message_max) {
        refuse_command("552 5.3.4 Too large");
        return false;
      }
    } else {
      refuse_command("555 5.5.4 That parameter is not known");
      return false;
    }
  }
  return true;
}

void SmtpServer::on_mail(std::string_view rest) {
  if (hello_.empty()) return refuse_command("503 5.5.1 Say EHLO first");
  if (has_mail_) return refuse_command("503 5.5.1 One message at a time");
  auto path = take_path(rest, "FROM:");
  if (!path) return refuse_command("501 5.1.7 Write MAIL FROM:<address>");
  if (!read_mail_parameters(rest)) return reset();
  if (is_8bit(*path) && !is_utf8_) {
    reset();
    return refuse_command("553 5.6.7 That address needs SMTPUTF8");
  }
  if (messages_ >= config_.limits.messages_max) {
    return end("421 4.7.0 Enough messages; come again");
  }
  has_mail_ = true;
  message_.hello = hello_;
  message_.reverse_path = *std::move(path);
  reply("250 2.1.0 Ok");
}

void SmtpServer::on_recipient(std::string_view rest) {
  if (!has_mail_) return refuse_command("503 5.5.1 Say MAIL first");
  auto path = take_path(rest, "TO:");
  if (!path || path->empty()) return refuse_command("501 5.1.3 Write RCPT TO:<address>");
  if (!rest.empty()) return refuse_command("555 5.5.4 That parameter is not known");
  if (is_8bit(*path) && !is_utf8_) {
    return refuse_command("553 5.6.7 That address needs SMTPUTF8");
  }
  if (message_.recipients.size() >= config_.limits.recipients_max) {
    return refuse_command("452 4.5.3 Too many recipients");
  }
  switch (recipients_.answer(*path)) {
    case SmtpRecipientAnswer::accepted:
      if (std::ranges::find(message_.recipients, *path) == message_.recipients.end()) {
        message_.recipients.push_back(*std::move(path));
      }
      return reply("250 2.1.5 Ok");
    case SmtpRecipientAnswer::unknown:
      return refuse_command("550 5.1.1 There is no such address here");
    case SmtpRecipientAnswer::elsewhere:
      return refuse_command("550 5.7.1 Nothing is relayed here");
    case SmtpRecipientAnswer::later:
      return refuse_command("451 4.3.0 Not now; come again");
  }
}

void SmtpServer::on_data(std::string_view rest) {
  if (!rest.empty()) return refuse_command("501 5.5.4 DATA has nothing behind it");
  if (!has_mail_) return refuse_command("503 5.5.1 Say MAIL first");
  if (message_.recipients.empty()) return refuse_command("554 5.5.1 No valid recipients");
  reply("354 End with a line of one dot");
  state_ = State::data;
  has_cr_ = is_lone_dot_ = false;
  line_size_ = data_size_ = raw_size_ = 0;
  fault_ = {};
}

void SmtpServer::on_starttls(std::string_view rest) {
  if (!config_.offers_tls) return refuse_command("502 5.5.1 Not offered here");
  if (is_encrypted_) return refuse_command("503 5.5.1 It is encrypted already");
  if (!rest.empty()) return refuse_command("501 5.5.4 STARTTLS has nothing behind it");
  reply("220 2.0.0 Go on");
  state_ = State::handshake;
  // RFC 3207 §4.2: what was said in the clear is forgotten, and what came along is not obeyed.
  reset();
  hello_.clear();
  input_.clear();
  taken_ = 0;
}

void SmtpServer::on_tls_established(Instant now) {
  CHECK(state_ == State::handshake);
  is_encrypted_ = true;
  state_ = State::command;
  progress_ = now;
}

void SmtpServer::fault(std::string_view text, bool ends) {
  if (fault_.reply.empty() || (ends && !fault_.ends)) fault_ = {text, ends};
  message_.octets.clear();
  message_.octets.shrink_to_fit();
}

void SmtpServer::add_data(std::string_view octets) {
  data_size_ += octets.size();
  if (data_size_ > config_.limits.message_max) return fault("552 5.3.4 Too large", false);
  if (fault_.reply.empty()) message_.octets += octets;
}

void SmtpServer::end_line(Instant now) {
  progress_ = now;
  has_cr_ = false;
  line_size_ = 0;
  if (std::exchange(is_lone_dot_, false)) return end_message();
  add_data("\r\n");
}

// Reads until the message is over or nothing is left. Only CRLF.CRLF ends it, whatever is wrong.
void SmtpServer::read_data(Instant now) {
  raw_size_ += input_.size() - taken_;
  while (state_ == State::data && taken_ < input_.size()) {
    const char next = input_[taken_];
    if (has_cr_) {
      if (next == '\n') {
        ++taken_;
        end_line(now);
        continue;
      }
      fault(kBareReply, true);
      has_cr_ = false;
      is_lone_dot_ = false;
    }
    if (next == '\r') {
      has_cr_ = true;
      ++taken_;
      continue;
    }
    if (next == '\n') {
      fault(kBareReply, true);
      is_lone_dot_ = false;
      ++line_size_;
      ++taken_;
      continue;
    }
    if (line_size_ == 0 && next == '.') {
      is_lone_dot_ = true;
      ++line_size_;
      ++taken_;
      continue;
    }
    is_lone_dot_ = false;
    const std::size_t end_at = std::min(input_.find_first_of("\r\n", taken_), input_.size());
    const std::string_view text = std::string_view(input_).substr(taken_, end_at - taken_);
    line_size_ += text.size();
    if (line_size_ + 2 > config_.limits.line_max) fault("554 5.6.0 A line is too long", false);
    add_data(text);
    taken_ = end_at;
  }
  if (state_ != State::data) return;
  input_.clear();
  taken_ = 0;
  // Nobody who does not stop is listened to for ever.
  if (raw_size_ > 2 * config_.limits.message_max) end("552 5.3.4 Too large");
}

void SmtpServer::end_message() {
  ++messages_;
  state_ = State::command;
  if (fault_.reply.empty()) {
    state_ = State::storing;
    is_taken_ = false;
    return;
  }
  reset();
  if (fault_.ends) return end(fault_.reply);
  refuse_command(fault_.reply);
}

std::optional<SmtpIncoming> SmtpServer::take_message() {
  if (state_ != State::storing || is_taken_) return std::nullopt;
  is_taken_ = true;
  return std::exchange(message_, {});
}

void SmtpServer::on_stored(SmtpStored how, std::string_view name, Instant now) {
  CHECK(state_ == State::storing && is_taken_);
  reset();
  state_ = State::command;
  progress_ = now;
  switch (how) {
    case SmtpStored::stored:
      reply(fmt::format("250 2.0.0 Kept as {}", name));
      break;
    case SmtpStored::unavailable:
      reply("451 4.3.0 It cannot be kept now; come again");
      break;
    case SmtpStored::too_large:
      reply("552 5.3.4 Too large");
      break;
  }
  if (ends_soon_) return end("421 4.3.2 Closing down; come again later");
  work(now);
}

}  // namespace tidings::wire
