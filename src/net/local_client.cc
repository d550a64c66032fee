#include "net/local_client.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <optional>

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/local_address.h"

namespace tidings::net {

namespace {

constexpr std::size_t kAnswerBytesMax = 64 * 1024 * 1024;
constexpr std::size_t kHeaderBytesMax = 64 * 1024;

using SteadyClock = std::chrono::steady_clock;

std::unexpected<Error> broken(std::string_view what) {
  return fail(ErrorKind::unavailable, "local.failed",
              fmt::format("The running tidings of this data folder {}. Look at its log, and at "
                          "tidings status before you repeat what you asked.",
                          what));
}

class LocalStream {
 public:
  LocalStream(int descriptor, SteadyClock::time_point until)
      : descriptor_(descriptor), until_(until) {}
  ~LocalStream() { ::close(descriptor_); }
  LocalStream(const LocalStream&) = delete;
  LocalStream& operator=(const LocalStream&) = delete;

  Result<void> wait(short events) const {
    for (;;) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(until_ - SteadyClock::now()).count();
      pollfd poll{.fd = descriptor_, .events = events, .revents = 0};
      const int ready =
          left <= 0 ? 0 : ::poll(&poll, 1, static_cast<int>(std::min<long>(left, 1'000'000)));
      if (ready > 0) return {};
      if (ready < 0 && errno == EINTR) continue;
      return fail(ErrorKind::timeout, "local.timeout",
                  "The running tidings of this data folder did not answer in time. It may still do "
                  "what you asked: look at tidings status.");
    }
  }

  Result<void> send(std::string_view bytes) const {
    while (!bytes.empty()) {
      TRY(wait(POLLOUT));
      const auto sent =
          ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
      // A server that refuses early closes its side; its answer is still to be read.
      if (sent < 0 && errno == EPIPE) return {};
      if (sent < 0 && errno != EAGAIN && errno != EINTR) return broken("broke the connection");
    }
    return {};
  }

  // Appends what has come; false at the end.
  Result<bool> receive(std::string& to) const {
    for (;;) {
      TRY(wait(POLLIN));
      char buffer[16384];
      const auto got = ::recv(descriptor_, buffer, sizeof buffer, MSG_DONTWAIT);
      if (got > 0) to.append(buffer, static_cast<std::size_t>(got));
      if (got >= 0) return got > 0;
      if (errno != EAGAIN && errno != EINTR) return broken("broke the connection");
    }
  }

 private:
  int descriptor_;
  SteadyClock::time_point until_;
};

// `block` ends before its blank line.
std::optional<Response> parse_head(std::string_view block) {
  Response response;
  if (!block.starts_with("HTTP/1.1 ") || block.size() < 12) return std::nullopt;
  const char* const code = block.data() + 9;
  if (std::from_chars(code, code + 3, response.status).ptr != code + 3) return std::nullopt;
  for (auto end = block.find("\r\n"); end != std::string_view::npos; end = block.find("\r\n")) {
    block.remove_prefix(end + 2);
    const std::string_view line = block.substr(0, block.find("\r\n"));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    auto value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    response.headers.push_back({std::string(line.substr(0, colon)), std::string(value)});
  }
  return response;
}

Result<Response> read_answer(const LocalStream& stream, bool has_body) {
  std::string bytes;
  std::size_t end = std::string::npos;
  std::optional<Response> response;
  while (!response) {
    if (!TRY(stream.receive(bytes))) return broken("stopped before it answered");
    end = bytes.find("\r\n\r\n");
    if (end == std::string::npos) {
      if (bytes.size() > kHeaderBytesMax) return broken("answered with something else than HTTP");
      continue;
    }
    response = parse_head(std::string_view(bytes).substr(0, end));
    if (!response) return broken("answered with something else than HTTP");
  }
  std::size_t length = 0;
  const auto text = response->header("Content-Length");
  if (has_body && response->status != 204) {
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    if (error != std::errc() || stop != text.data() + text.size() || length > kAnswerBytesMax) {
      return broken("answered without saying how long its answer is");
    }
  }
  bytes.erase(0, end + 4);
  while (bytes.size() < length) {
    if (!TRY(stream.receive(bytes))) return broken("stopped in the middle of its answer");
  }
  bytes.resize(length);
  response->body = std::move(bytes);
  return std::move(*response);
}

}  // namespace

Result<Response> request_local(const std::filesystem::path& socket, const LocalRequest& request) {
  const auto address = LocalAddress::create(socket);
  if (!address && address.error().kind != ErrorKind::not_found) {
    return std::unexpected(address.error());
  }
  const auto absent = [] {
    return fail(ErrorKind::not_found, "local.absent", "No tidings serves this data folder now.");
  };
  if (!address) return absent();
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return fail_errno("local.failed", "Cannot open a socket", errno);
  const LocalStream stream(descriptor, SteadyClock::now() + request.timeout);
  if (::connect(descriptor, address->address(), address->size()) != 0) {
    const int error = errno;
    if (error == ENOENT || error == ECONNREFUSED) return absent();
    if (error == EACCES || error == EPERM) {
      return fail(ErrorKind::denied, "local.denied",
                  fmt::format("{} belongs to another user: run this command as the user who runs "
                              "tidings serve.",
                              socket.string()));
    }
    return broken(error == EAGAIN ? "is too busy to answer" : "could not be reached");
  }
  std::string head = fmt::format(
      "{} {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n",
      request.method, request.target, request.body.size());
  if (!request.body.empty()) head += fmt::format("Content-Type: {}\r\n", request.content_type);
  head += "\r\n";
  head += request.body;
  TRY(stream.send(head));
  return read_answer(stream, request.method != "HEAD");
}

}  // namespace tidings::net
