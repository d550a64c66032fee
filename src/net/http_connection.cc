#include "net/http_connection.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <exception>
#include <initializer_list>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <sys/socket.h>

#include "base/check.h"
#include "net/content_coding.h"
#include "net/event_stream.h"
#include "net/spool_file.h"
#include "wire/form_data.h"

namespace tidings::net {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// How long, and how much, is read and thrown away after a refusal.
constexpr Duration kLinger = std::chrono::seconds(2);
constexpr std::size_t kLingerBytes = 256 * 1024;
constexpr std::size_t kStreamsMax = 1'000;
constexpr Duration kSpoolLongest = std::chrono::hours(1);
// About as long as a header block is; the body follows in the same memory.
constexpr std::size_t kBlockUsual = 512;

asio::generic::stream_protocol::socket adopt(EventLoop& loop, int descriptor) {
  sockaddr_storage local{};
  socklen_t size = sizeof local;
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&local), &size);
  return {loop.context(), asio::generic::stream_protocol(local.ss_family, 0), descriptor};
}

bool is_header_safe(const HttpHeader& header) {
  const auto is_clean = [](std::string_view text) {
    return std::ranges::none_of(text, [](char c) {
      return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
    });
  };
  return !header.name.empty() && is_clean(header.name) && is_clean(header.value) &&
         header.name.find_first_of(": ") == std::string::npos;
}

// RFC 9110 §5.6.7. Worked out once a second.
const std::string& http_date() {
  thread_local std::string text;
  thread_local std::int64_t second = -1;
  const Instant now = SystemClock().now();
  if (const std::int64_t this_second = to_micros(now) / 1'000'000; this_second != second) {
    second = this_second;
    text = to_rfc5322_date(now);
    if (const auto zone = text.rfind('+'); zone != std::string::npos) text.replace(zone, 5, "GMT");
  }
  return text;
}

// The header block of an answer. The defaults of http_server.h stand unless the handler set them.
std::string header_block(const Response& response, bool closes, bool is_chunked) {
  static constexpr std::pair<std::string_view, std::string_view> kDefaults[] = {
      {"Cache-Control", "no-store"},
      {"Content-Security-Policy",
       "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
      {"Referrer-Policy", "no-referrer"},
      {"X-Content-Type-Options", "nosniff"},
      {"X-Frame-Options", "DENY"}};
  std::string block;
  block.reserve(kBlockUsual + response.body.size());
  const auto add = [&block](std::initializer_list<std::string_view> parts) {
    for (const std::string_view part : parts) block += part;
  };
  add({"HTTP/1.1 ", std::to_string(response.status), " ", reason_phrase(response.status),
       "\r\nDate: ", http_date(), "\r\n"});
  for (const auto& header : response.headers) add({header.name, ": ", header.value, "\r\n"});
  for (const auto& [name, value] : kDefaults) {
    if (response.header(name).empty()) add({name, ": ", value, "\r\n"});
  }
  if (is_chunked) {
    block += "Transfer-Encoding: chunked\r\n";
  } else if (response.status != 204 && response.status != 304 && response.events == nullptr &&
             !response.pieces) {
    add({"Content-Length: ", std::to_string(response.body.size()), "\r\n"});
  }
  if (closes) block += "Connection: close\r\n";
  return block += "\r\n";
}

Response call(const Handler& handler, const Request& request, const HttpServerOptions& options) {
  const auto trouble = [&](std::string_view what) {
    if (options.report_trouble) {
      options.report_trouble(fmt::format("{} {}: {}", request.method, request.path, what));
    }
    return Response{.status = 500};
  };
  try {
    Response response = handler(request);
    if (std::ranges::all_of(response.headers, is_header_safe)) return response;
    return trouble("a header of the answer holds a control character");
  } catch (const std::exception& error) {
    return trouble(error.what());
  } catch (...) {
    return trouble("an unknown exception");
  }
}

bool is_type_taken(const Route& route, std::string_view content_type) {
  if (route.options.media_types.empty()) return true;
  const auto media = wire::parse_media_type(content_type);
  return media && std::ranges::find(route.options.media_types, media->type) !=
                      route.options.media_types.end();
}

}  // namespace

HttpConnection::HttpConnection(std::shared_ptr<HttpServerContext> context, int descriptor,
                               std::string peer, std::function<void(HttpConnection&)> closed)
    : context_(std::move(context)),
      socket_(adopt(*context_->loop, descriptor)),
      peer_(std::move(peer)),
      closed_(std::move(closed)),
      reader_(context_->options.limits) {}

void HttpConnection::start() {
  // A new connection owes its first header at once; only a kept one may be idle for longer.
  enter(Phase::header, context_->options.header_timeout);
  read_more();
}

void HttpConnection::enter(Phase phase, Duration at_most) {
  phase_ = phase;
  deadline_ = at_most == Duration::max() ? Instant::max() : EventLoop::steady_now() + at_most;
}

void HttpConnection::check_deadline(Instant now) {
  if (phase_ == Phase::streaming) return tend_stream(now);
  if (now < deadline_ || phase_ == Phase::closed) return;
  const bool has_begun = phase_ == Phase::body || (phase_ == Phase::header && !unread_.empty());
  if (!has_begun) return close();
  is_body_unread_ = true;
  refuse(408, "The request took too long to arrive.");
}

void HttpConnection::close() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  forget_stream();
  error_code ignored;
  socket_.close(ignored);
  closed_(*this);
}

void HttpConnection::read_more() {
  if (is_reading_) return;
  is_reading_ = true;
  const auto on_bytes = [self = shared_from_this()](const error_code& error, std::size_t count) {
    self->is_reading_ = false;
    // A read that was under way when the deadline answered for us brings nothing of use.
    if (self->phase_ == Phase::closed || self->phase_ == Phase::writing) return;
    if (error) return self->close();
    self->on_read(count);
  };
  socket_.async_read_some(asio::buffer(chunk_), on_bytes);
}

void HttpConnection::on_read(std::size_t count) {
  if (phase_ == Phase::lingering || phase_ == Phase::streaming) {
    discarded_ += count;
    if (discarded_ > kLingerBytes) return close();
    return read_more();
  }
  unread_.append(chunk_.data(), count);
  advance();
}

void HttpConnection::advance() {
  if (phase_ == Phase::idle) {
    if (unread_.empty()) return read_more();
    enter(Phase::header, context_->options.header_timeout);
  }
  if (phase_ == Phase::header && !advance_header()) return;
  if (phase_ == Phase::body && !advance_body()) return;
}

// True when the body is next.
bool HttpConnection::advance_header() {
  const ReadStep step = reader_.read_header(unread_);
  unread_.erase(0, step.consumed);
  if (step.state == ReadStep::State::more) {
    read_more();
    return false;
  }
  if (step.state == ReadStep::State::refused) {
    is_body_unread_ = true;
    refuse(step.status, step.why);
    return false;
  }
  route();
  return phase_ == Phase::body;
}

void HttpConnection::route() {
  Request& request = reader_.request();
  sends_no_body_ = reader_.is_head();
  closes_after_ = !reader_.keeps_alive();
  is_body_unread_ = reader_.announces_body();
  path_ = request.path;
  auto match = context_->router().match(request.method, request.path);
  if (match.allow.empty()) return refuse(404, "There is nothing at this address.");
  if (request.method == "OPTIONS") {
    return respond(Response{.status = 204, .headers = {{"Allow", match.allow}}});
  }
  if (match.route == nullptr) {
    Response response = refusal(405, "Use one of these methods here: " + match.allow + ".");
    return respond(std::move(response.set("Allow", match.allow)));
  }
  route_ = match.route;
  request.path_params = std::move(match.params);
  request.peer = peer_;
  request.is_head = sends_no_body_;
  if (route_->options.is_body_required && !reader_.announces_body()) {
    return refuse(411, "Send the body with its Content-Length.");
  }
  if (reader_.announces_body() && !is_type_taken(*route_, request.header("Content-Type"))) {
    return refuse(415, "This Content-Type is not taken here.");
  }
  if (const auto allowed = reader_.allow_body(route_->options.body_bytes); allowed.status != 0) {
    return refuse(allowed.status, allowed.why);
  }
  enter(Phase::body, context_->options.body_timeout);
  if (!route_->options.spool_folder.empty() && !open_spool()) return;
  if (reader_.expects_continue() && unread_.empty()) send_continue();
}

void HttpConnection::send_continue() {
  // 25 bytes into the empty send buffer of a connection that just asked: it fits, or the client
  // is not there.
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  const auto sent = ::send(socket_.native_handle(), kContinue.data(), kContinue.size(),
                           MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent != static_cast<ssize_t>(kContinue.size())) close();
}

bool HttpConnection::open_spool() {
  auto spool = SpoolFile::create(route_->options.spool_folder);
  if (!spool) {
    if (context_->options.report_trouble) context_->options.report_trouble(spool.error().message);
    refuse(503, "The upload cannot be kept here now.");
    return false;
  }
  reader_.request().spool = *std::move(spool);
  body_until_ = EventLoop::steady_now() + kSpoolLongest;
  return true;
}

// What came goes to the file. A write to the page cache is as quick as one to memory; a disk that
// blocks is one that is full of unwritten data, which the 30 s of silence bound.
bool HttpConnection::spool_body(std::size_t consumed) {
  const auto kept = reader_.request().spool->append(reader_.take_body());
  if (!kept) {
    is_body_unread_ = true;
    refuse(503, kept.error().code == "spool.full" ? "The disk is full, so the upload was not taken."
                                                  : "The upload cannot be kept here now.");
    return false;
  }
  if (consumed > 0) {
    deadline_ = std::min(body_until_, EventLoop::steady_now() + context_->options.body_timeout);
  }
  return true;
}

// False always: what follows comes by a callback.
bool HttpConnection::advance_body() {
  const ReadStep step = reader_.read_body(unread_);
  unread_.erase(0, step.consumed);
  if (reader_.request().spool != nullptr && step.state != ReadStep::State::refused &&
      !spool_body(step.consumed)) {
    return false;
  }
  if (step.state == ReadStep::State::more) {
    read_more();
  } else if (step.state == ReadStep::State::refused) {
    refuse(step.status, step.why);
  } else {
    is_body_unread_ = false;
    handle(*route_);
  }
  return false;
}

// True when it was answered.
bool HttpConnection::handle_quickly(const Route& route) {
  if (!route.options.quick || reader_.announces_body()) return false;
  std::optional<Response> response;
  const Handler once = [&](const Request& request) {
    response = route.options.quick(request);
    return response ? std::move(*response) : Response();
  };
  Response answer = call(once, reader_.request(), context_->options);
  if (!response && answer.status != 500) return false;
  if (answer.status == 500) {
    refuse(500, "Something went wrong here. Try again later.");
  } else {
    must_settle_ = route.options.settle != nullptr;
    respond(std::move(answer));
  }
  return true;
}

void HttpConnection::handle(const Route& route) {
  if (handle_quickly(route)) return;
  enter(Phase::handling, Duration::max());
  // The context lives as long as this connection, so route and options do.
  const auto task = [self = shared_from_this(), &route,
                     request = std::make_shared<Request>(std::move(reader_.request()))] {
    auto response =
        std::make_shared<Response>(call(route.handler, *request, self->context_->options));
    compress(*request, *response);
    self->context_->loop->post([self, response] {
      if (self->phase_ != Phase::handling) return;
      if (response->status == 500 && response->body.empty()) {
        return self->refuse(500, "Something went wrong here. Try again later.");
      }
      self->respond(std::move(*response));
    });
  };
  if (!context_->pool->submit(task)) {
    closes_after_ = true;
    refuse(503, "Too many requests are waiting. Try again in a moment.");
  }
}

Response HttpConnection::refusal(int status, std::string_view why) const {
  const auto& page = context_->options.error_page;
  return page ? page(status, why, path_) : Response::text(status, std::string(why) + "\n");
}

void HttpConnection::refuse(int status, std::string_view why) {
  Response response = refusal(status, why);
  if (status == 503) response.set("Retry-After", "5");
  respond(std::move(response));
}

void HttpConnection::respond(Response response) {
  if (response.events != nullptr && context_->streams >= kStreamsMax) {
    response.events->detach();
    return refuse(503, "Too many people are watching. Try again in a moment.");
  }
  is_chunked_ = response.pieces && reader_.is_version_11();
  // An event stream has no length: its end is the connection's (RFC 9112 §6.3).
  closes_after_ = closes_after_ || is_body_unread_ || context_->is_draining ||
                  response.events != nullptr || (response.pieces && !is_chunked_);
  enter(Phase::writing, context_->options.write_timeout);
  outgoing_ = header_block(response, closes_after_, is_chunked_);
  const bool has_body = response.status != 204 && response.status != 304 && !sends_no_body_;
  if (has_body) outgoing_ += response.body;
  if (response.events != nullptr) {
    if (has_body) return begin_stream(std::move(response.events));
    response.events->detach();
  }
  if (has_body && response.pieces) {
    pieces_ = std::make_shared<BodyPieces>(std::move(response.pieces));
  }
  if (std::exchange(must_settle_, false)) return hold_until_settled();
  write_outgoing();
}

// What is posted runs behind the reads that are ready in this turn.
void HttpConnection::hold_until_settled() {
  auto& settling = context_->settling;
  settling.push_back(shared_from_this());
  if (settling.size() > 1) return;
  context_->loop->post([context = context_] { settle(*context); });
}

void HttpConnection::settle(HttpServerContext& context) {
  for (const auto& connection : std::exchange(context.settling, {})) {
    connection->route_->options.settle();  // also what nobody waits for any more
    if (connection->phase_ == Phase::writing) connection->write_settled();
  }
}

// Optimisation: at once instead of by a turn of the loop, as it nearly always fits the socket.
void HttpConnection::write_settled() {
  const ssize_t sent = ::send(socket_.native_handle(), outgoing_.data(), outgoing_.size(),
                              MSG_NOSIGNAL | MSG_DONTWAIT);
  if (pieces_ == nullptr && sent == static_cast<ssize_t>(outgoing_.size())) return on_written();
  if (sent > 0) outgoing_.erase(0, static_cast<std::size_t>(sent));
  write_outgoing();
}

void HttpConnection::write_outgoing() {
  asio::async_write(socket_, asio::buffer(outgoing_),
                    [self = shared_from_this()](const error_code& error, std::size_t) {
                      if (self->phase_ == Phase::closed) return;
                      if (error) return self->close();
                      if (self->pieces_ != nullptr) return self->next_piece();
                      self->on_written();
                    });
}

// Has the next piece made on the pool.
void HttpConnection::next_piece() {
  enter(Phase::handling, Duration::max());
  const auto task = [self = shared_from_this(), pieces = pieces_] {
    auto piece = std::make_shared<std::string>();
    std::optional<bool> goes_on;
    std::string trouble = "an exception";
    try {
      auto made = (*pieces)(*piece);
      if (made) goes_on = *made;
      if (!made) trouble = made.error().message;
    } catch (const std::exception& error) {
      trouble = error.what();
    }
    const auto& report = self->context_->options.report_trouble;
    if (!goes_on && report) report(fmt::format("{}: {}", self->path_, trouble));
    self->context_->loop->post([self, piece, goes_on] {
      if (self->phase_ != Phase::handling) return;
      if (!goes_on) return self->close();
      self->add_piece(*piece, !*goes_on);
    });
  };
  if (context_->pool->submit(task)) return;
  // With the pool full it waits: others were here first.
  constexpr auto kPieceAgain = std::chrono::milliseconds(50);
  auto timer = std::make_shared<asio::steady_timer>(context_->loop->context(), kPieceAgain);
  timer->async_wait([self = shared_from_this(), timer](const error_code& error) {
    if (!error && self->phase_ == Phase::handling) self->next_piece();
  });
}

// RFC 9112 §7.1: a chunk of no octets is the end, so an empty piece is none.
void HttpConnection::add_piece(const std::string& piece, bool is_last) {
  if (is_last) pieces_.reset();
  outgoing_.clear();
  if (is_chunked_ && !piece.empty()) {
    outgoing_ = fmt::format("{:x}\r\n", piece.size());
    outgoing_ += piece;
    outgoing_ += "\r\n";
  } else {
    outgoing_ = piece;
  }
  if (is_last && is_chunked_) outgoing_ += "0\r\n\r\n";
  if (outgoing_.empty()) return is_last ? on_written() : next_piece();
  enter(Phase::writing, context_->options.write_timeout);
  write_outgoing();
}

void HttpConnection::begin_stream(std::shared_ptr<EventStream> events) {
  events_ = std::move(events);
  ++context_->streams;
  enter(Phase::streaming, context_->options.write_timeout);
  discarded_ = 0;
  poll_at_ = EventLoop::steady_now();
  events_->attach([loop = context_->loop, weak = weak_from_this()] {
    loop->post([weak] {
      if (const auto self = weak.lock()) self->pump_stream();
    });
  });
  if (context_->is_draining) events_->end();
  write_stream(std::exchange(outgoing_, {}));
  tend_stream(poll_at_);
  // What it says meanwhile is thrown away; that it leaves is seen here.
  read_more();
}

// Writes what waits, when nothing is being written.
void HttpConnection::pump_stream() {
  if (phase_ != Phase::streaming || is_stream_writing_) return;
  std::string bytes = events_->take(ends_stream_);
  if (!bytes.empty()) return write_stream(std::move(bytes));
  if (!ends_stream_) return;
  forget_stream();
  on_written();
}

void HttpConnection::write_stream(std::string bytes) {
  outgoing_ = std::move(bytes);
  is_stream_writing_ = true;
  deadline_ = EventLoop::steady_now() + context_->options.write_timeout;
  asio::async_write(socket_, asio::buffer(outgoing_),
                    [self = shared_from_this()](const error_code& error, std::size_t) {
                      self->is_stream_writing_ = false;
                      if (self->phase_ != Phase::streaming) return;
                      if (error) return self->close();
                      self->deadline_ =
                          EventLoop::steady_now() + self->events_->options().heartbeat;
                      self->pump_stream();
                    });
}

// Drops a client that takes nothing, says that we are still there, asks for what is new.
void HttpConnection::tend_stream(Instant now) {
  if (now >= deadline_) {
    if (is_stream_writing_) return close();
    write_stream(":\n\n");
  }
  const Duration every = events_->poll_every();
  if (every == Duration{} || is_polling_ || now < poll_at_ || events_->is_over()) return;
  const auto task = [self = shared_from_this(), events = events_] {
    events->poll();
    self->context_->loop->post([self] { self->is_polling_ = false; });
  };
  // With the pool full it waits for the next look.
  is_polling_ = context_->pool->submit(task);
  if (is_polling_) poll_at_ = now + every;
}

void HttpConnection::end_stream() {
  if (events_ != nullptr) events_->end();
}

void HttpConnection::forget_stream() {
  if (events_ == nullptr) return;
  events_->detach();
  events_.reset();
  --context_->streams;
}

void HttpConnection::on_written() {
  outgoing_.clear();
  if (closes_after_ || context_->is_draining) {
    error_code ignored;
    socket_.shutdown(asio::socket_base::shutdown_send, ignored);
    enter(Phase::lingering, kLinger);
    return read_more();
  }
  reader_ = RequestReader(context_->options.limits);
  route_ = nullptr;
  path_.clear();
  sends_no_body_ = false;
  enter(Phase::idle, context_->options.idle_timeout);
  advance();
}

}  // namespace tidings::net
