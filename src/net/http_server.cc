#include "net/http_server.h"

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "net/http_connection.h"
#include "net/listener.h"

namespace tidings::net {

namespace {

// How often deadlines are looked at: a limit of 10 s is kept to within half a second.
constexpr Duration kSweep = std::chrono::milliseconds(500);
// Whoever takes longer over a header may be closed for somebody new when there is no more room.
constexpr Duration kHeaderGrace = std::chrono::seconds(1);
// So large a part of all is closed at once then: looking through them is not for one alone.
constexpr std::size_t kRoomShare = 100;
// Descriptors left for the database, the journal and everything else.
constexpr std::size_t kDescriptorsKept = 128;

std::size_t possible_connections(std::size_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return wanted;
  const auto descriptors = static_cast<std::size_t>(limit.rlim_cur);
  const std::size_t room =
      descriptors > 2 * kDescriptorsKept ? descriptors - kDescriptorsKept : descriptors / 2;
  return std::min(wanted, room);
}

// Said without a connection object: there is no room for one.
void refuse_descriptor(int descriptor) {
  constexpr std::string_view kRefusal =
      "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n"
      "Retry-After: 5\r\n\r\n";
  // Best effort to a socket whose send buffer is empty; whoever does not get it sees a close.
  [[maybe_unused]] const auto sent =
      ::send(descriptor, kRefusal.data(), kRefusal.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ::shutdown(descriptor, SHUT_WR);
  ::close(descriptor);
}

}  // namespace

struct HttpServer::Core : std::enable_shared_from_this<Core> {
  Core(EventLoop& loop, WorkerPool& pool, HttpServerOptions options)
      : context(std::make_shared<HttpServerContext>(
            HttpServerContext{.loop = &loop, .pool = &pool, .options = std::move(options)})),
        connections_max(possible_connections(context->options.connections_max)),
        sweep(loop),
        drain_limit(loop) {}

  std::shared_ptr<HttpServerContext> context;
  const std::size_t connections_max;
  std::vector<std::unique_ptr<Listener>> listeners;
  std::unordered_map<HttpConnection*, std::shared_ptr<HttpConnection>> connections;
  Timer sweep;
  Timer drain_limit;
  std::function<void()> drained;

  Listener::Accept on_accept() {
    return [weak = weak_from_this()](int descriptor, std::string peer) {
      if (const auto self = weak.lock()) {
        self->accept(descriptor, std::move(peer));
      } else {
        ::close(descriptor);
      }
    };
  }

  void accept(int descriptor, std::string peer) {
    if (connections.size() >= connections_max && !close_slow() && !close_longest_idle()) {
      return refuse_descriptor(descriptor);
    }
    auto connection = std::make_shared<HttpConnection>(
        context, descriptor, std::move(peer), [weak = weak_from_this()](HttpConnection& over) {
          if (const auto self = weak.lock()) self->forget(over);
        });
    connections.emplace(connection.get(), connection);
    connection->start();
    if (!sweep.running()) sweep_later();
  }

  // Those whose first octets came long ago and whose header is still not there, slowest first.
  bool close_slow() {
    const Instant latest = EventLoop::steady_now() + context->options.header_timeout - kHeaderGrace;
    std::vector<std::shared_ptr<HttpConnection>> slow;
    for (const auto& [_, connection] : connections) {
      if (connection->phase() == HttpConnection::Phase::header && connection->deadline() < latest) {
        slow.push_back(connection);
      }
    }
    const std::size_t count = std::min(slow.size(), connections_max / kRoomShare + 1);
    const auto end = slow.begin() + static_cast<std::ptrdiff_t>(count);
    std::ranges::partial_sort(slow, end, {}, [](const auto& each) { return each->deadline(); });
    std::for_each(slow.begin(), end, [](const auto& connection) { connection->close(); });
    return count > 0;
  }

  bool close_longest_idle() {
    std::shared_ptr<HttpConnection> longest;
    for (const auto& [_, connection] : connections) {
      if (connection->phase() == HttpConnection::Phase::idle &&
          (longest == nullptr || connection->deadline() < longest->deadline())) {
        longest = connection;
      }
    }
    if (longest != nullptr) longest->close();
    return longest != nullptr;
  }

  void forget(HttpConnection& over) {
    connections.erase(&over);
    finish_drain();
  }

  // A copy, because closing takes the connection out of the map.
  std::vector<std::shared_ptr<HttpConnection>> all() const {
    std::vector<std::shared_ptr<HttpConnection>> list;
    list.reserve(connections.size());
    for (const auto& [_, connection] : connections) list.push_back(connection);
    return list;
  }

  void sweep_later() {
    sweep.start(kSweep, [this] {
      const Instant now = EventLoop::steady_now();
      for (const auto& connection : all()) connection->check_deadline(now);
      if (!connections.empty()) sweep_later();
    });
  }

  void finish_drain() {
    if (!context->is_draining || !connections.empty() || !drained) return;
    drain_limit.cancel();
    context->loop->post(std::exchange(drained, nullptr));
  }

  void drain(Duration at_most, std::function<void()> done) {
    CHECK(!context->is_draining);
    context->is_draining = true;
    drained = std::move(done);
    listeners.clear();
    for (const auto& connection : all()) {
      if (connection->phase() == HttpConnection::Phase::idle) connection->close();
      connection->end_stream();
    }
    drain_limit.start(at_most, [this] { close_all(); });
    finish_drain();
  }

  void close_all() {
    for (const auto& connection : all()) connection->close();
  }
};

HttpServer::HttpServer(EventLoop& loop, WorkerPool& pool, Router router, HttpServerOptions options)
    : core_(std::make_shared<Core>(loop, pool, std::move(options))) {
  core_->context->made = std::move(router);
}

HttpServer::HttpServer(EventLoop& loop, WorkerPool& pool, MakeRouter make_router,
                       HttpServerOptions options)
    : core_(std::make_shared<Core>(loop, pool, std::move(options))) {
  core_->context->make_router = std::move(make_router);
}

HttpServer::~HttpServer() {
  core_->drained = nullptr;
  core_->listeners.clear();
  core_->close_all();
}

Result<std::string> HttpServer::listen_tcp(std::string_view address) {
  auto listener = TRY(Listener::tcp(*core_->context->loop, address, core_->on_accept()));
  core_->listeners.push_back(std::move(listener));
  return core_->listeners.back()->name();
}

Result<void> HttpServer::listen_local(const std::filesystem::path& path) {
  auto listener = TRY(Listener::local(*core_->context->loop, path, core_->on_accept()));
  core_->listeners.push_back(std::move(listener));
  return {};
}

void HttpServer::drain(Duration at_most, std::function<void()> drained) {
  core_->drain(at_most, std::move(drained));
}

std::size_t HttpServer::connections() const { return core_->connections.size(); }

}  // namespace tidings::net
