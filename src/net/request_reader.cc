#include "net/request_reader.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <charconv>
#include <cstdint>
#include <limits>
#include <new>
#include <optional>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "wire/form_data.h"
#include "wire/url.h"

namespace tidings::net {

namespace {

namespace http = boost::beast::http;
using boost::beast::string_view;
using boost::system::error_code;

// A chunk header, or a trailer section, that is longer than this without a line end is refused.
constexpr std::size_t kFramingBytesMax = 8 * 1024;

std::string_view plain(string_view text) { return {text.data(), text.size()}; }

// Collects what Beast's parser finds in a header block.
class Collector final : public http::basic_parser<true> {
 public:
  Request request;
  std::string target;
  bool is_version_11 = false;

  bool is_chunked() const { return chunked(); }

 private:
  void on_request_impl(http::verb, string_view method, string_view where, int version,
                       error_code&) override {
    request.method = plain(method);
    target = plain(where);
    is_version_11 = version == 11;
  }
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(http::field, string_view name, string_view value, error_code&) override {
    request.headers.push_back({std::string(plain(name)), std::string(plain(value))});
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  // Never called: only header blocks are given to this parser.
  std::size_t on_body_impl(string_view, error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view, error_code&) override { return 0; }
  void on_finish_impl(error_code&) override {}
};

ReadStep refuse(int status, std::string_view why) {
  return {.state = ReadStep::State::refused, .status = status, .why = why};
}

ReadStep more() { return {}; }

ReadStep done(std::size_t consumed) {
  return {.state = ReadStep::State::done, .consumed = consumed};
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         (c != '\0' && std::string_view(".-_:[]%~").find(c) != std::string_view::npos);
}

// Rules that hold for the header lines as bytes, before anything is parsed.
std::optional<ReadStep> refuse_bytes(std::string_view block) {
  for (auto line_end = block.find("\r\n"); line_end + 2 < block.size();
       line_end = block.find("\r\n", line_end + 2)) {
    const char next = block[line_end + 2];
    if (next == ' ' || next == '\t') return refuse(400, "A header line is folded.");
  }
  return std::nullopt;
}

// How one header occurs.
struct Occurrence {
  std::size_t count = 0;
  std::string_view value;
};

Occurrence occurrence(const Request& request, std::string_view name) {
  Occurrence found;
  for (const auto& header : request.headers) {
    if (!equal_ignoring_case(header.name, name)) continue;
    if (found.count++ == 0) found.value = header.value;
  }
  return found;
}

std::optional<ReadStep> refuse_framing(const Request& request, bool is_version_11) {
  const auto length = occurrence(request, "Content-Length");
  const auto coding = occurrence(request, "Transfer-Encoding");
  if (length.count + coding.count > 1) {
    return refuse(400, "The length of the body is stated more than once.");
  }
  if (length.count == 1 &&
      (length.value.empty() || length.value.size() > 18 ||
       !std::ranges::all_of(length.value, [](char c) { return c >= '0' && c <= '9'; }))) {
    return refuse(400, "Content-Length is not a number.");
  }
  if (coding.count == 1 && (!is_version_11 || !equal_ignoring_case(coding.value, "chunked"))) {
    return refuse(400, "Transfer-Encoding is not understood: send it chunked or with its length.");
  }
  const auto encoding = occurrence(request, "Content-Encoding");
  if (encoding.count > 0 && !equal_ignoring_case(encoding.value, "identity")) {
    return refuse(415, "Send the body without Content-Encoding.");
  }
  return std::nullopt;
}

std::optional<ReadStep> refuse_meaning(const Request& request, bool is_version_11) {
  const auto host = occurrence(request, "Host");
  if (host.count > 1 || (host.count == 0 && is_version_11)) {
    return refuse(400, "There must be exactly one Host header.");
  }
  if (host.count == 1 &&
      (host.value.empty() || !std::ranges::all_of(host.value, is_host_character))) {
    return refuse(400, "The Host header is not a host.");
  }
  const auto expect = occurrence(request, "Expect");
  if (expect.count > 0 && !equal_ignoring_case(expect.value, "100-continue")) {
    return refuse(417, "The Expect header asks for something unknown.");
  }
  static constexpr std::string_view kMethods[] = {"GET",   "HEAD",   "POST",   "PUT",
                                                  "PATCH", "DELETE", "OPTIONS"};
  if (std::ranges::find(kMethods, request.method) == std::end(kMethods)) {
    return refuse(501, "The method is not known here.");
  }
  return std::nullopt;
}

ReadStep refuse_error(const error_code& error) {
  if (error == http::error::bad_version) return refuse(505, "Speak HTTP/1.1.");
  if (error == http::error::header_limit) return refuse(431, "The header is too large.");
  return refuse(400, "The request is not valid HTTP.");
}

// Takes a chunked body apart (RFC 9112 §7.1). Our own: Beast's asserts on an empty body that comes
// in pieces. Extensions and trailers are checked for length and control characters, and dropped:
// a trailer may not change what the header said (RFC 9110 §6.5.1).
class ChunkReader {
 public:
  // Consumes from the front of `bytes`, appends to `body`, done after the last trailer line.
  ReadStep read(std::string_view bytes, std::string& body, std::size_t body_bytes_max) {
    std::size_t consumed = 0;
    for (;;) {
      const std::string_view rest = bytes.substr(consumed);
      if (state_ == State::data) {
        const std::size_t taken = std::min(left_, rest.size());
        body.append(rest.substr(0, taken));
        received_ += taken;
        left_ -= taken;
        consumed += taken;
        if (left_ > 0) return more_after(consumed);
        state_ = State::data_end;
        continue;
      }
      const auto end = rest.substr(0, kFramingBytesMax).find("\r\n");
      if (end == std::string_view::npos) {
        const bool is_hopeless = state_ == State::data_end && rest.size() >= 2;
        if (is_hopeless || rest.size() >= kFramingBytesMax) return wrong();
        return more_after(consumed);
      }
      const std::string_view line = rest.substr(0, end);
      consumed += end + 2;
      if (const auto over = take_line(line, body_bytes_max - received_)) {
        ReadStep step = *over;
        step.consumed = consumed;
        return step;
      }
    }
  }

 private:
  enum class State { size, data, data_end, trailer };

  static ReadStep wrong() { return refuse(400, "A chunk of the body is not valid."); }
  static ReadStep more_after(std::size_t consumed) {
    return {.state = ReadStep::State::more, .consumed = consumed};
  }

  // A step when reading is over, for good or bad.
  std::optional<ReadStep> take_line(std::string_view line, std::size_t room) {
    const bool is_odd = std::ranges::any_of(line, [](char c) {
      return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
    });
    if (is_odd) return wrong();
    if (state_ == State::data_end) {
      if (!line.empty()) return wrong();
      state_ = State::size;
      return std::nullopt;
    }
    if (state_ == State::trailer) {
      if (line.empty()) return done(0);
      trailer_bytes_ += line.size() + 2;
      if (trailer_bytes_ > kFramingBytesMax) return wrong();
      return std::nullopt;
    }
    const std::string_view digits = line.substr(0, line.find(';'));
    const auto [stop, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), left_, 16);
    if (error == std::errc::result_out_of_range) return refuse(413, "The body is too large.");
    if (error != std::errc() || stop != digits.data() + digits.size()) return wrong();
    if (left_ > room) return refuse(413, "The body is too large.");
    state_ = left_ == 0 ? State::trailer : State::data;
    return std::nullopt;
  }

  State state_ = State::size;
  std::size_t left_ = 0;      // of the chunk's data
  std::size_t received_ = 0;  // of all chunks
  std::size_t trailer_bytes_ = 0;
};

}  // namespace

struct RequestReader::Impl {
  RequestLimits limits;
  Collector collector;
  ChunkReader chunks;
  std::size_t body_bytes_max = 0;
  std::size_t received = 0;  // of a body whose length is announced
  std::size_t scanned = 0;   // bytes of the header already known to hold no wrong character
  bool is_head = false;
  bool keeps_alive = false;
  bool announces_body = false;
  bool expects_continue = false;

  // Refuses at the first byte that cannot stand in a header, rather than wait for a header end
  // that never comes (a TLS hello, bare line feeds).
  std::optional<ReadStep> scan(std::string_view bytes) {
    for (; scanned < bytes.size(); ++scanned) {
      const char c = bytes[scanned];
      const bool last = scanned + 1 == bytes.size();
      if (c == '\r') {
        if (last) return std::nullopt;  // looked at again with its successor
        if (bytes[scanned + 1] != '\n') return refuse(400, "A line does not end with CR LF.");
        ++scanned;
      } else if (c == '\n') {
        return refuse(400, "A line does not end with CR LF.");
      } else if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) {
        return refuse(400, "The header holds a control character.");
      }
    }
    return std::nullopt;
  }

  ReadStep parse(std::string_view block) {
    if (const auto refused = refuse_bytes(block)) return *refused;
    error_code error;
    collector.header_limit(std::numeric_limits<std::uint32_t>::max());  // ours was checked
    collector.body_limit(boost::none);                                  // likewise
    collector.put(boost::asio::buffer(block.data(), block.size()), error);
    if (error && error != http::error::need_more) return refuse_error(error);
    if (!collector.is_header_done()) return refuse(400, "The request is not valid HTTP.");
    return check();
  }

  ReadStep check() {
    Request& request = collector.request;
    const bool is_version_11 = collector.is_version_11;
    if (request.headers.size() > limits.header_count) return refuse(431, "Too many headers.");
    if (const auto refused = refuse_framing(request, is_version_11)) return *refused;
    if (const auto refused = refuse_meaning(request, is_version_11)) return *refused;
    const bool asks_server = request.method == "OPTIONS" && collector.target == "*";
    const auto target =
        wire::parse_request_target(asks_server ? std::string_view("/") : collector.target);
    if (!target) return refuse(400, "The address asked for is not valid.");
    auto query = wire::parse_form_urlencoded(target->query);
    if (!query) return refuse(414, "The query has too many values.");
    request.path = target->path;
    for (auto& field : *query) {
      request.query.emplace_back(std::move(field.name), std::move(field.value));
    }
    is_head = request.method == "HEAD";
    if (is_head) request.method = "GET";
    keeps_alive = is_version_11 && collector.keep_alive();
    announces_body = collector.is_chunked() || collector.content_length().has_value();
    expects_continue = is_version_11 && !request.header("Expect").empty() && announces_body;
    return done(0);
  }
};

RequestReader::RequestReader(RequestLimits limits) : impl_(std::make_unique<Impl>()) {
  impl_->limits = limits;
}
RequestReader::~RequestReader() = default;
RequestReader::RequestReader(RequestReader&&) noexcept = default;
RequestReader& RequestReader::operator=(RequestReader&&) noexcept = default;

ReadStep RequestReader::read_header(std::string_view bytes) {
  // One empty line before a request line is skipped (RFC 9112 §2.2).
  const std::size_t skipped = bytes.starts_with("\r\n") ? 2 : 0;
  const std::string_view header = bytes.substr(skipped);
  if (header.starts_with("\r\n")) return refuse(400, "The request is not valid HTTP.");
  if (bytes.size() <= 2 && skipped == bytes.size()) return more();
  const RequestLimits& limits = impl_->limits;
  // Looks no further than the limits allow: what follows may be a body or another request.
  const auto visible = header.substr(0, limits.header_bytes + 1);
  const auto line_end = visible.find("\r\n");
  if (std::min(line_end, visible.size()) > limits.request_line_bytes) {
    return refuse(414, "The address asked for is too long.");
  }
  const auto end = visible.find("\r\n\r\n");
  const auto block = visible.substr(0, end == std::string_view::npos ? end : end + 4);
  if (const auto refused = impl_->scan(block)) return *refused;
  if (end == std::string_view::npos || end + 4 > limits.header_bytes) {
    if (visible.size() > limits.header_bytes) return refuse(431, "The header is too large.");
    return more();
  }
  ReadStep step = impl_->parse(block);
  if (step.state == ReadStep::State::done) step.consumed = skipped + block.size();
  return step;
}

ReadStep RequestReader::allow_body(std::size_t body_bytes) {
  CHECK(impl_->collector.is_header_done());
  impl_->body_bytes_max = body_bytes;
  const auto announced = impl_->collector.content_length();
  if (announced && *announced > body_bytes) return refuse(413, "The body is too large.");
  return done(0);
}

ReadStep RequestReader::read_body(std::string_view bytes) {
  Collector& collector = impl_->collector;
  CHECK(collector.is_header_done());
  std::string& body = collector.request.body;
  if (collector.is_chunked()) return impl_->chunks.read(bytes, body, impl_->body_bytes_max);
  const std::uint64_t length = collector.content_length().value_or(0);
  const auto taken =
      static_cast<std::size_t>(std::min<std::uint64_t>(length - impl_->received, bytes.size()));
  body.append(bytes.substr(0, taken));
  impl_->received += taken;
  if (impl_->received == length) return done(taken);
  return {.state = ReadStep::State::more, .consumed = taken};
}

std::string RequestReader::take_body() { return std::exchange(impl_->collector.request.body, {}); }

Request& RequestReader::request() { return impl_->collector.request; }
bool RequestReader::is_head() const { return impl_->is_head; }
bool RequestReader::keeps_alive() const { return impl_->keeps_alive; }
bool RequestReader::is_version_11() const { return impl_->collector.is_version_11; }
bool RequestReader::announces_body() const { return impl_->announces_body; }
bool RequestReader::expects_continue() const { return impl_->expects_continue; }

}  // namespace tidings::net
