// HttpConnection: one accepted connection from its first byte to its close. Part of http_server.
//
// Phases: header (idle while nothing has arrived) → body → handling (on the pool) → writing (both
// again for each piece of an answer in pieces) → header again, or streaming (an event stream,
// until it ends or the client leaves), or lingering (a refusal was sent while more was arriving:
// read and discarded for a moment, because closing with unread bytes would make the kernel destroy
// the answer) → closed. Ownership: shared by the server and by the operation under way. Thread: the
// loop's.
#pragma once

#include <array>
#include <boost/asio/generic/stream_protocol.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "net/http_server.h"

namespace tidings::net {

class HttpConnection;

// What a connection needs of its server.
struct HttpServerContext {
  EventLoop* loop = nullptr;
  WorkerPool* pool = nullptr;
  HttpServerOptions options;
  MakeRouter make_router;
  std::optional<Router> made;
  bool is_draining = false;
  std::size_t streams = 0;  // event streams that are open
  // Those whose quick answer leaves at the end of this turn of the loop.
  std::vector<std::shared_ptr<HttpConnection>> settling = {};

  const Router& router() {
    if (!made) made = make_router();
    return *made;
  }
};

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  enum class Phase { idle, header, body, handling, writing, streaming, lingering, closed };

  // `closed` runs once, when the connection is over.
  HttpConnection(std::shared_ptr<HttpServerContext> context, int descriptor, std::string peer,
                 std::function<void(HttpConnection&)> closed);

  void start();
  // Refuses or closes when `now` is past the phase's deadline.
  void check_deadline(Instant now);
  void close();
  void end_stream();  // when it has one: after what waits
  Phase phase() const { return phase_; }
  // Since when it is in this phase's deadline; orders idle connections.
  Instant deadline() const { return deadline_; }

 private:
  void enter(Phase phase, Duration at_most);
  void read_more();
  void on_read(std::size_t count);
  void advance();
  bool advance_header();
  bool advance_body();
  bool open_spool();
  bool spool_body(std::size_t consumed);
  void route();
  bool handle_quickly(const Route& route);
  void handle(const Route& route);
  void send_continue();
  Response refusal(int status, std::string_view why) const;
  void refuse(int status, std::string_view why);
  void respond(Response response);
  void on_written();
  void write_outgoing();
  void hold_until_settled();
  static void settle(HttpServerContext& context);
  void write_settled();
  void next_piece();
  void add_piece(const std::string& piece, bool is_last);
  void begin_stream(std::shared_ptr<EventStream> events);
  void pump_stream();
  void write_stream(std::string bytes);
  void tend_stream(Instant now);
  void forget_stream();

  std::shared_ptr<HttpServerContext> context_;
  boost::asio::generic::stream_protocol::socket socket_;
  std::string peer_;
  std::function<void(HttpConnection&)> closed_;
  Phase phase_ = Phase::idle;
  Instant deadline_{};
  RequestReader reader_;
  std::string path_;  // of the request under way; the request itself moves to its handler
  const Route* route_ = nullptr;  // owned by the router, which the context holds
  std::string unread_;            // received and not consumed
  std::string outgoing_;
  std::array<char, 8192> chunk_;
  std::size_t discarded_ = 0;
  bool is_reading_ = false;  // a read is under way
  bool must_settle_ = false;
  bool closes_after_ = false;
  bool is_body_unread_ = false;
  bool sends_no_body_ = false;          // HEAD
  std::shared_ptr<BodyPieces> pieces_;  // what is left of an answer in pieces
  bool is_chunked_ = false;
  std::shared_ptr<EventStream> events_;
  bool is_stream_writing_ = false;
  bool is_polling_ = false;
  bool ends_stream_ = false;  // after the write under way
  Instant poll_at_{};
  Instant body_until_{};  // of a spooled body
};

}  // namespace tidings::net
