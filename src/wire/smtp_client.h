// SmtpClient: the client's side of one SMTP connection as a state machine without I/O.
//
// Bytes, time and decisions go in by the on_… functions and submit(); out come output() to be
// written, deadline() and next_event(). The owner moves the bytes, begins TLS, journals intents.
//
// A message costs one round trip where the server offers PIPELINING: MAIL, RCPT and DATA of the
// next message follow the dot of the one before in the same write. At most one dot is outstanding.
// Replies are counted, never matched by text, and a reply that comes before what it answers was
// written ends the connection.
//
// Spec: RFC 5321, 2920 (PIPELINING), 3207 (STARTTLS), 4954 (AUTH), 1870 (SIZE), 6152 (8BITMIME),
// 6531 (SMTPUTF8), 2034 (enhanced codes). Deviates: CHUNKING and DSN are recognised but not used.
// Thread: one owner. What a verdict means for a message is in domain/smtp_outcome.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "wire/sasl.h"
#include "wire/smtp_output.h"
#include "wire/smtp_reply.h"

namespace tidings::wire {

// How long each step may take without progress: RFC 5321 §4.5.3.2 and where it is silent, ours.
struct SmtpTimeouts {
  Duration greeting = std::chrono::minutes(5);
  Duration hello = std::chrono::minutes(5);
  Duration starttls = std::chrono::minutes(5);  // the reply; the handshake after it likewise
  Duration auth = std::chrono::minutes(5);
  Duration mail = std::chrono::minutes(5);
  Duration rcpt = std::chrono::minutes(5);
  Duration data = std::chrono::minutes(2);
  Duration block = std::chrono::minutes(3);  // between two octets taken by the network
  Duration dot = std::chrono::minutes(10);   // shorter would make duplicates
  Duration rset = std::chrono::minutes(5);
  Duration quit = std::chrono::seconds(5);  // nothing depends on the answer
};

enum class SmtpTlsUse {
  never,
  when_offered,  // STARTTLS if the server offers it; without it, or if it declines, in the clear
  required,
  active,  // the connection is encrypted before the greeting
};

struct SmtpClientConfig {
  std::string hello_name = "localhost";  // for EHLO: a domain or an address literal
  SmtpTlsUse tls = SmtpTlsUse::when_offered;
  std::optional<SaslCredentials> credentials;
  std::vector<SaslMechanism> mechanisms = default_sasl_order();  // in order of preference
  bool allow_auth_in_clear = false;
  bool pipelining = true;  // use it when offered
  SmtpTimeouts timeouts;
  // A message up to this size waits for its intent before its first octet, so that it leaves in
  // one write; a larger one before its last octets, so that a slow line does not make it doubtful.
  std::size_t intent_first_max = 65536;
};

// What the last EHLO offered.
struct SmtpCapabilities {
  bool starttls = false;
  bool pipelining = false;
  bool eightbitmime = false;
  bool smtputf8 = false;
  bool enhanced_status_codes = false;
  bool chunking = false;
  bool dsn = false;
  bool size = false;
  std::uint64_t size_max = 0;  // 0: not stated
  std::string auth;            // mechanisms as listed, separated by spaces, upper case
};

// Where a connection or a message was when it got its verdict.
enum class SmtpStage {
  connect,
  greeting,
  hello,
  starttls,
  tls,
  auth,
  idle,
  mail,
  rcpt,
  data,
  body,
  dot
};

enum class SmtpCause {
  reply,             // the server's words decide; at stage dot with a 2xx: accepted
  timeout,           // no progress within SmtpTimeouts
  closed,            // the connection was lost
  malformed,         // not SMTP, or a reply to nothing
  stopped,           // the owner aborted
  not_attempted,     // nothing of this message was answered: it may be tried at once
  bad_address,       // a path that cannot be put into a command
  too_large,         // larger than the server's SIZE
  smtputf8_missing,  // needed and not offered
  eightbit_missing,  // 8-bit octets and no 8BITMIME
  tls_missing,       // required and not offered
  tls_failed,        // handshake or certificate; `detail` says which
  auth_missing,      // no mechanism in common, or no AUTH at all
  auth_in_clear,     // a password, no TLS, and no permission
  auth_failed,       // our side ended it; `detail` says why
};

struct SmtpVerdict {
  SmtpStage stage = SmtpStage::connect;
  SmtpCause cause = SmtpCause::closed;
  SmtpReply reply;     // code 0 when there was none
  std::string detail;  // a sentence or clause of ours, or empty
};

struct SmtpEvent {
  enum class Kind {
    start_tls,       // begin the handshake, then on_tls_established() or on_tls_failed()
    ready,           // greeted and logged in: submit() is possible
    need_intent,     // of message `key`: then intent_written(), or abort()
    finished,        // message `key` has its verdict; its octets are not referred to any more
    session_failed,  // trouble that concerns no message; the connection ends
  };
  Kind kind;
  std::uint64_t key = 0;
  SmtpVerdict verdict;
};

// The strings must live until `finished` was taken for the message.
struct SmtpMessage {
  std::string_view reverse_path;  // without brackets; may be empty
  std::string_view recipient;
  std::string_view octets;  // before dot-stuffing
  bool needs_smtputf8 = false;
  bool is_8bit = false;
  bool goes_as_it_is = false;  // known to need no dot-stuffing (dot_stuffing.h)
};

class SmtpClient {
 public:
  // The connection is made (and encrypted, if tls is `active`). `now` is monotonic time.
  SmtpClient(SmtpClientConfig config, Instant now);

  void on_bytes(std::string_view bytes, Instant now);
  void on_written(std::size_t count, Instant now);  // octets of output() that left
  void on_closed(std::string_view why, Instant now);
  void on_tls_established(Instant now);
  void on_tls_failed(std::string_view why, Instant now);
  void on_time(Instant now);  // at deadline() or later

  // Takes a message. Only when can_submit(). Give the next one before intent_written() and it
  // travels in the same write.
  void submit(const SmtpMessage& message, std::uint64_t key, Instant now);
  bool can_submit() const;
  void intent_written(Instant now);
  // Ends the connection now; what was not finished gets its verdict.
  void abort(SmtpCause cause, Instant now);
  // Says QUIT; only while idle().
  void quit(Instant now);

  // Ready, and no message under way.
  bool idle() const { return state_ == State::ready && !current_.active; }
  bool ready() const { return state_ == State::ready; }
  // Nothing more will happen: close the connection (after output() was written, if any is left).
  bool ended() const { return state_ == State::ended; }

  bool has_output() const { return !output_.empty(); }
  std::span<const std::string_view> output(std::span<std::string_view> room) const {
    return output_.front(room);
  }
  std::optional<Instant> deadline() const;
  std::optional<SmtpEvent> next_event();
  bool has_event() const { return events_taken_ < events_.size(); }

  const SmtpCapabilities& capabilities() const { return capabilities_; }
  const std::string& greeting() const { return greeting_; }
  bool encrypted() const { return encrypted_; }
  std::optional<SaslMechanism> authenticated_by() const { return authenticated_by_; }

 private:
  enum class State { greeting, hello, starttls, handshake, auth, ready, quitting, ended };
  enum class Command : std::uint8_t {
    greeting,
    ehlo,
    helo,
    starttls,
    auth,
    rset,
    mail,
    rcpt,
    data,
    dot,
    lone_dot,
    quit
  };
  enum class Phase { queued, envelope, want_intent, streaming, dot };
  struct Expected {
    Command command;
    std::uint64_t end;  // position in the output behind what it answers
  };
  struct Transaction {
    SmtpMessage message;
    std::uint64_t key = 0;
    bool active = false;
    bool decided = false;  // the verdict is out; only replies are awaited
    bool mail_ok = false;
    bool rcpt_ok = false;
    Phase phase = Phase::queued;
  };

  // The expected replies, in order: at most RSET, MAIL, RCPT, DATA behind a dot.
  static constexpr std::size_t expected_max = 8;
  void expect(Command command);
  Expected pop_expected();
  bool expecting() const { return expected_count_ > 0; }
  const Expected& oldest() const { return expected_[expected_head_]; }
  SmtpStage stage_of(Command command) const;
  Duration timeout_of(Command command) const;

  // smtp_client_session.cc: greeting to AUTH.
  void on_greeting(SmtpReply reply);
  void say_hello();
  void on_hello(Command command, SmtpReply reply);
  void read_capabilities(std::string_view text);
  void after_hello();
  void on_starttls(SmtpReply reply);
  void begin_auth();
  void on_auth(SmtpReply reply);
  void send_auth_line(std::string_view text);
  void fail_session(SmtpStage stage, SmtpCause cause, SmtpReply reply, std::string_view detail);

  // smtp_client.cc: messages.
  void on_reply(SmtpReply reply, Instant now);
  void on_unexpected(SmtpReply reply);
  void on_envelope_reply(Command command, SmtpReply reply);
  void on_data_reply(SmtpReply reply);
  void on_dot_reply(SmtpReply reply);
  std::optional<SmtpCause> refuses(const SmtpMessage& message) const;
  void start_transaction();
  void send_mail();
  void send_rcpt();
  void send_data();
  void send_body();
  void send_dot();
  void finish_transaction();
  void decide(SmtpStage stage, SmtpCause cause, SmtpReply reply);
  void end(SmtpCause cause, std::string_view detail, SmtpReply reply = {});
  bool pipelining() const { return config_.pipelining && capabilities_.pipelining; }
  void emit(SmtpEvent event) { events_.push_back(std::move(event)); }

  SmtpClientConfig config_;
  State state_ = State::greeting;
  bool encrypted_ = false;
  SmtpReplyParser parser_;
  SmtpOutput output_;
  SmtpCapabilities capabilities_;
  std::string greeting_;
  std::unique_ptr<SaslClient> sasl_;
  std::size_t mechanism_ = 0;  // index in config_.mechanisms of the one under way
  std::string sasl_error_;
  std::optional<SaslMechanism> authenticated_by_;

  std::array<Expected, expected_max> expected_{};
  std::size_t expected_head_ = 0;
  std::size_t expected_count_ = 0;
  Instant progress_;  // when something last moved: the deadline counts from here

  Transaction current_;
  Transaction next_;
  bool needs_rset_ = false;
  std::uint64_t dot_begins_ = 0;  // position of the dot of current_ in the output
  std::string line_;              // commands are built here
  std::vector<std::string_view> slices_;
  std::string stuffed_;
  std::vector<SmtpEvent> events_;
  std::size_t events_taken_ = 0;
};

}  // namespace tidings::wire
