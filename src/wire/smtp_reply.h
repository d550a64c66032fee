// SmtpReply: one reply of an SMTP server, and the incremental parser that takes it from a stream.
//
// Spec: RFC 5321 §4.2 (replies), §4.5.3.1.5 (reply line 512), RFC 2034 and 3463 (enhanced codes).
// Deviates: tolerates longer lines, bare LF line ends, NULs and unknown codes, because servers do
// these things and the first digit says enough (§4.2.1). Thread: values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tidings::wire {

struct SmtpReply {
  std::uint16_t code = 0;     // 200..599; 0 when there was no reply
  std::string enhanced_code;  // "5.1.1", or empty; its class always is the code's first digit
  // The words behind code and enhanced code, lines joined by '\n', as they came but for NULs,
  // which are dropped. At most SmtpReplyParser::text_max bytes: the rest was left out.
  std::string text;

  int reply_class() const { return code / 100; }  // 2, 3, 4 or 5
  bool positive() const { return code >= 200 && code < 400; }
};

// Feeds on bytes as they arrive, however they are split; keeps no more than one line and the text.
class SmtpReplyParser {
 public:
  static constexpr std::size_t line_max = 4096;     // kept of one line; the rest is skipped
  static constexpr std::size_t text_max = 16384;    // kept of one reply
  static constexpr std::size_t reply_max = 262144;  // received of one reply, then it is malformed

  enum class Status {
    incomplete,  // all bytes taken, more are needed
    complete,    // take reply(); bytes behind it were left in place
    malformed,   // no SMTP reply, or larger than reply_max: the connection is of no further use
  };

  // Takes bytes off the front of `bytes` up to the end of one reply.
  Status feed(std::string_view& bytes);
  // The reply of the last `complete`; the parser is ready for the next one.
  SmtpReply take();
  // Forgets everything: RFC 3207 §4.2 after STARTTLS.
  void reset();
  // Nothing of a reply was received so far.
  bool at_start() const { return received_ == 0; }

 private:
  Status end_line(std::string_view line);
  void add_text(std::string_view text, bool first);

  SmtpReply reply_;
  std::string line_;  // the part of a line that came without its end
  std::size_t received_ = 0;
  std::size_t lines_ = 0;
};

// `text` with every invalid UTF-8 sequence as U+FFFD and every control character but '\n' and tab
// as a space, cut between characters to at most `max_bytes`.
std::string to_valid_utf8(std::string_view text, std::size_t max_bytes);

}  // namespace tidings::wire
