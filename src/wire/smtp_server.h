// SmtpServer: the server's side of one SMTP connection that takes mail in, as a state machine
// without I/O. It never relays: whom it takes mail for is asked of SmtpRecipients, and what it took
// is answered 250 only after its owner said that it is stored.
//
// Bytes, time and decisions go in by greet() and the on_… functions; out come output() to be
// written, deadline(), wants_tls() and take_message(). While a message is being stored nothing
// further is read; what came before a greeting, or in the clear behind STARTTLS, is never obeyed.
// A line ends with CRLF and nothing else: a CR or LF by itself makes a message, or a command, be
// refused and the connection end behind it, so that nobody can hide a second message in a first.
//
// Offered: PIPELINING, SIZE, 8BITMIME, SMTPUTF8, ENHANCEDSTATUSCODES, STARTTLS.
// Spec: RFC 5321 (smuggling: §2.3.8, 4.1.1.4), 1870, 2034, 2920, 3207 §4.2, 3463, 6152, 6531.
// Deviates: VRFY always says 252, EXPN and HELP tell nothing. Thread: one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace tidings::wire {

// What happens at a limit stands behind it.
struct SmtpServerLimits {
  std::size_t message_max = std::size_t{10} << 20;  // octets: 552
  std::size_t command_max = 1'000;                  // a command with its CRLF: 500, and it ends
  std::size_t line_max = 1'000;                     // of a message with its CRLF: 554
  std::size_t recipients_max = 100;                 // of a message: 452 for the others
  std::size_t messages_max = 100;                   // of a connection: 421
  std::size_t commands_max = 2'000;                 // of a connection: 421
  std::size_t errors_max = 20;                      // commands refused: 421
  Duration greeting_delay = std::chrono::milliseconds(100);  // who speaks before is refused: 554
  Duration idle_max = std::chrono::minutes(5);               // without a whole command or line: 421
  Duration session_max = std::chrono::minutes(30);           // however busy: 421
};

struct SmtpServerConfig {
  std::string host_name = "localhost";  // in the greeting
  bool offers_tls = false;
  SmtpServerLimits limits;
};

enum class SmtpRecipientAnswer {
  accepted,
  unknown,    // ours to know, and there is no such address: 550 5.1.1
  elsewhere,  // nobody's here: 550 5.7.1
  later,      // 451 4.3.0
};

class SmtpRecipients {
 public:
  // `address` without brackets, as it was given; perhaps no address at all. Must not block.
  virtual SmtpRecipientAnswer answer(std::string_view address) const = 0;

 protected:
  ~SmtpRecipients() = default;
};

// A message that came in whole.
struct SmtpIncoming {
  std::string hello;         // what its sender calls itself
  std::string reverse_path;  // without brackets; empty: the null reverse-path
  std::vector<std::string> recipients;
  std::string octets;  // dots removed
};

enum class SmtpStored {
  stored,       // 250
  unavailable,  // 451: come again
  too_large,    // 552
};

class SmtpServer {
 public:
  // `recipients` outlives it. `now` is monotonic time.
  SmtpServer(SmtpServerConfig config, const SmtpRecipients& recipients, Instant now);

  void on_bytes(std::string_view bytes, Instant now);
  void on_tls_established(Instant now);
  // At deadline() or later; greets, too.
  void on_time(Instant now);
  // Not taken in, whatever the reason: `sentence` begins with its code. Nothing else is said.
  void refuse(std::string_view sentence);
  // The answer to take_message(). `name`: under which it is kept.
  void on_stored(SmtpStored how, std::string_view name, Instant now);
  // Says 421 when nothing is being stored, or after it.
  void end_soon();

  // Begin the handshake once output() was written.
  bool wants_tls() const { return state_ == State::handshake && output_.empty(); }
  // Once for each: until on_stored() nothing is read.
  std::optional<SmtpIncoming> take_message();
  bool is_storing() const { return state_ == State::storing; }

  std::string_view output() const { return output_; }
  void on_written(std::size_t count, Instant now);
  // Nothing more will happen: write output(), then close.
  bool ended() const { return state_ == State::ended; }
  // Nothing while a message is being stored.
  std::optional<Instant> deadline() const;
  // The codes of what was refused since the last call: "550 5.1.1". Words of ours only.
  std::vector<std::string> take_refusals() { return std::exchange(refusals_, {}); }
  bool encrypted() const { return is_encrypted_; }
  // Octets of the message under way: what its owner counts against all connections' together.
  std::size_t held() const { return message_.octets.size() + input_.size(); }

 private:
  enum class State { greeting, command, data, storing, handshake, ended };
  struct Fault {
    std::string_view reply;  // empty: none
    bool ends = false;
  };

  void work(Instant now);
  bool next_command(Instant now);
  void on_command(std::string_view line);
  void on_hello(std::string_view verb, std::string_view name);
  void on_mail(std::string_view rest);
  void on_recipient(std::string_view rest);
  void on_data(std::string_view rest);
  void on_starttls(std::string_view rest);
  bool read_mail_parameters(std::string_view rest);
  void read_data(Instant now);
  void add_data(std::string_view octets);
  void end_line(Instant now);
  void end_message();
  void reset();
  void reply(std::string_view text);
  void refuse_command(std::string_view text);
  void end(std::string_view text);
  void fault(std::string_view reply, bool ends);

  const SmtpServerConfig config_;
  const SmtpRecipients& recipients_;
  State state_ = State::greeting;
  bool is_encrypted_ = false;
  bool ends_soon_ = false;
  std::string input_;
  std::size_t taken_ = 0;  // octets of input_ that were read
  std::string output_;
  std::vector<std::string> refusals_;  // a connection has few: errors_max
  const Instant began_;
  Instant progress_;
  std::size_t commands_ = 0;
  std::size_t errors_ = 0;
  std::size_t messages_ = 0;

  std::string hello_;
  bool has_mail_ = false;
  bool is_utf8_ = false;
  SmtpIncoming message_;
  bool is_taken_ = false;
  // Of the message under way.
  bool has_cr_ = false;        // the octet before was a CR
  bool is_lone_dot_ = false;   // the line so far is a dot
  std::size_t line_size_ = 0;  // octets of the line so far
  std::size_t data_size_ = 0;  // octets of the message so far, kept or not
  std::size_t raw_size_ = 0;   // octets that came since DATA
  Fault fault_;
};

}  // namespace tidings::wire
