#include "net/listener.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/local_address.h"

namespace tidings::net {

namespace asio = boost::asio;

namespace {

constexpr int kBacklog = 1024;
// As many as are accepted in one turn, so that connections at hand get theirs too.
constexpr int kAcceptsPerTurn = 64;

// Closes unless released.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&&) = delete;
  int get() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

std::string to_text(const sockaddr_storage& storage) {
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    sockaddr_in address;
    std::memcpy(&address, &storage, sizeof address);
    ::inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
    return fmt::format("{}:{}", text, ntohs(address.sin_port));
  }
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 address;
    std::memcpy(&address, &storage, sizeof address);
    if (IN6_IS_ADDR_V4MAPPED(&address.sin6_addr)) {
      ::inet_ntop(AF_INET, address.sin6_addr.s6_addr + 12, text, sizeof text);
      return fmt::format("{}:{}", text, ntohs(address.sin6_port));
    }
    ::inet_ntop(AF_INET6, &address.sin6_addr, text, sizeof text);
    return fmt::format("[{}]:{}", text, ntohs(address.sin6_port));
  }
  return "local";
}

std::unexpected<Error> bad_address(std::string_view given) {
  return fail(ErrorKind::invalid, "listen.address",
              fmt::format("'{}' is no address to listen on: write ADDRESS:PORT, such as "
                          "127.0.0.1:8080, or [::]:8080 for every network of this machine.",
                          given));
}

Result<SocketAddress> parse_address(std::string_view given) {
  const auto colon = given.rfind(':');
  std::string host(colon == std::string_view::npos ? "127.0.0.1" : given.substr(0, colon));
  const std::string_view digits = colon == std::string_view::npos ? given : given.substr(colon + 1);
  if (host == "localhost") host = "127.0.0.1";
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size()) return bad_address(given);
  SocketAddress address;
  if (host.starts_with('[') && host.ends_with(']')) {
    auto* const v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    if (::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &v6->sin6_addr) != 1) {
      return bad_address(given);
    }
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    address.size = sizeof *v6;
  } else {
    auto* const v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
    if (::inet_pton(AF_INET, host.c_str(), &v4->sin_addr) != 1) return bad_address(given);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    address.size = sizeof *v4;
  }
  return address;
}

std::unexpected<Error> bind_failed(std::string_view name, int error) {
  if (error == EADDRINUSE) {
    return fail(ErrorKind::conflict, "listen.port_taken",
                fmt::format("Another program already listens on {}: stop it, or choose another "
                            "port with --listen ADDRESS:PORT.",
                            name));
  }
  if (error == EACCES) {
    return fail(ErrorKind::denied, "listen.denied",
                fmt::format("This user may not listen on {}: choose a port above 1023 with "
                            "--listen ADDRESS:PORT.",
                            name));
  }
  if (error == EADDRNOTAVAIL) {
    return fail(ErrorKind::invalid, "listen.address",
                fmt::format("This machine has no address {}: give one of its own with "
                            "--listen ADDRESS:PORT, or 127.0.0.1:8080.",
                            name));
  }
  return fail_errno("listen.failed", fmt::format("Cannot listen on {}", name), error);
}

// Makes way for a socket at `path`: removes one that nobody answers.
Result<void> clear_path(const std::filesystem::path& path, const LocalAddress& address) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return fail_errno("listen.failed", path.string(), errno);
  }
  if (!S_ISSOCK(status.st_mode)) {
    return fail(
        ErrorKind::conflict, "listen.in_use",
        fmt::format("{} is in the way and is no socket: move it elsewhere.", path.string()));
  }
  const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (probe.get() < 0) return fail_errno("listen.failed", "Cannot open a socket", errno);
  // EAGAIN: alive, but its queue is full.
  if (::connect(probe.get(), address.address(), address.size()) == 0 || errno == EAGAIN) {
    return fail(ErrorKind::conflict, "listen.in_use",
                fmt::format("Another tidings already serves this data folder ({} answers): stop it "
                            "first, or use another folder with --data.",
                            path.string()));
  }
  if (errno != ECONNREFUSED && errno != ENOENT) {
    return fail_errno("listen.failed", fmt::format("Cannot take over {}", path.string()), errno);
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return fail_errno("listen.failed", fmt::format("Cannot remove {}", path.string()), errno);
  }
  return {};
}

}  // namespace

struct Listener::Impl : std::enable_shared_from_this<Impl> {
  Impl(EventLoop& loop, Descriptor descriptor, Accept on_accept)
      : socket(loop.context(), descriptor.release()), retry(loop), accept(std::move(on_accept)) {}

  asio::posix::stream_descriptor socket;
  Timer retry;
  Accept accept;
  std::string name;
  std::filesystem::path path;  // of a local socket
  struct stat file{};

  void await() {
    socket.async_wait(asio::posix::stream_descriptor::wait_read,
                      [self = shared_from_this()](const boost::system::error_code& error) {
                        if (!error && self->socket.is_open()) self->accept_some();
                      });
  }

  void accept_some() {
    for (int i = 0; i < kAcceptsPerTurn && socket.is_open(); ++i) {
      SocketAddress from;
      const int got =
          ::accept4(socket.native_handle(), from.get(), &from.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (got >= 0) {
        if (path.empty()) {
          const int on = 1;
          ::setsockopt(got, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        }
        accept(got, to_text(from.storage));
        continue;
      }
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) break;
      // Out of descriptors or memory: the connection stays in the queue; look again shortly,
      // rather than spin.
      retry.start(std::chrono::milliseconds(100), [this] { accept_some(); });
      return;
    }
    if (socket.is_open()) await();
  }

  void close() {
    if (!socket.is_open()) return;
    retry.cancel();
    boost::system::error_code ignored;
    socket.close(ignored);
    struct stat now{};
    if (!path.empty() && ::lstat(path.c_str(), &now) == 0 && now.st_ino == file.st_ino &&
        now.st_dev == file.st_dev) {
      ::unlink(path.c_str());
    }
  }
};

Listener::Listener(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Listener::~Listener() { impl_->close(); }
const std::string& Listener::name() const { return impl_->name; }

Result<std::unique_ptr<Listener>> Listener::tcp(EventLoop& loop, std::string_view given,
                                                Accept accept) {
  SocketAddress address = TRY(parse_address(given));
  const std::string wanted = to_text(address.storage);
  Descriptor socket(
      ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return bind_failed(wanted, errno);
  const int on = 1;
  const int off = 0;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.storage.ss_family == AF_INET6) {
    ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  }
  if (::bind(socket.get(), address.get(), address.size) != 0 ||
      ::listen(socket.get(), kBacklog) != 0) {
    return bind_failed(wanted, errno);
  }
  SocketAddress bound;
  ::getsockname(socket.get(), bound.get(), &bound.size);
  auto impl = std::make_shared<Impl>(loop, std::move(socket), std::move(accept));
  impl->name = to_text(bound.storage);
  impl->await();
  return std::unique_ptr<Listener>(new Listener(std::move(impl)));
}

Result<std::unique_ptr<Listener>> Listener::local(EventLoop& loop,
                                                  const std::filesystem::path& path,
                                                  Accept accept) {
  const LocalAddress address = TRY(LocalAddress::create(path));
  TRY(clear_path(path, address));
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  // The mode of the socket before bind() is the mode of the file it makes: never open to others,
  // not even for a moment, and no process-wide umask to change.
  if (socket.get() < 0 || ::fchmod(socket.get(), 0600) != 0 ||
      ::bind(socket.get(), address.address(), address.size()) != 0 ||
      ::listen(socket.get(), kBacklog) != 0) {
    return bind_failed(path.string(), errno);
  }
  auto impl = std::make_shared<Impl>(loop, std::move(socket), std::move(accept));
  impl->name = path.string();
  impl->path = path;
  if (::lstat(path.c_str(), &impl->file) != 0) {
    return fail_errno("listen.failed", path.string(), errno);
  }
  impl->await();
  return std::unique_ptr<Listener>(new Listener(std::move(impl)));
}

}  // namespace tidings::net
