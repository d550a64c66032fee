// RequestReader: bytes of one HTTP/1 request → Request, or the status to refuse it with. No I/O.
//
// Stricter than Boost.Beast's parser underneath, because a proxy in front of us may read a doubtful
// request differently (request smuggling): refused with 400 are bare CR or LF and other control
// characters, white space before a colon, folded lines (RFC 9112 §5.2), a missing, repeated or
// wrong Host (§3.2), Content-Length repeated, listed or beside Transfer-Encoding (§6.3), any
// Transfer-Encoding but exactly `chunked` in HTTP/1.1 (§6.1), and any other HTTP/1.0 one.
// Deviates: §6.1 asks for 501 on an unknown transfer coding; 400 is as final and less telling.
// Use: give bytes to read_header() until it is done, look up the route, then allow_body(), then
// bytes to read_body(). What was not consumed belongs to the next request.
// Thread: one at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "net/http_message.h"

namespace tidings::net {

struct RequestLimits {
  std::size_t request_line_bytes = 8 * 1024;  // 414 beyond
  std::size_t header_bytes = 16 * 1024;       // request line included; 431 beyond
  std::size_t header_count = 100;             // 431 beyond
};

// Where reading stands: more bytes wanted, finished, or refused with `status`.
struct ReadStep {
  enum class State { more, done, refused };
  State state = State::more;
  std::size_t consumed = 0;  // from the front of what was given
  int status = 0;            // only when refused
  std::string_view why;      // a literal sentence, for the person who calls us
};

class RequestReader {
 public:
  explicit RequestReader(RequestLimits limits = {});
  ~RequestReader();
  RequestReader(RequestReader&&) noexcept;
  RequestReader& operator=(RequestReader&&) noexcept;

  // Reads the header from the front of `bytes`; consumes nothing until it is complete. Call again
  // with the same bytes and more.
  ReadStep read_header(std::string_view bytes);
  // After the header: how many bytes of body are welcome. Refuses with 413 when more are announced.
  ReadStep allow_body(std::size_t body_bytes);
  // Reads body bytes from the front of `bytes`; done at once when there is no body.
  ReadStep read_body(std::string_view bytes);
  // What came of the body since the last call, taken out of the request: for a body that goes to a
  // file as it comes.
  std::string take_body();

  // Valid once the header is done; body once the body is. `peer` and `path_params` are not ours.
  Request& request();
  bool is_head() const;           // HEAD, shown to handlers as GET
  bool keeps_alive() const;       // may another request follow?
  bool is_version_11() const;     // takes a chunked answer (RFC 9112 §7.1)
  bool announces_body() const;    // Content-Length (0 too) or chunked
  bool expects_continue() const;  // RFC 9110 §10.1.1

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidings::net
