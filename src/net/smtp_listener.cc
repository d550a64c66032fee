#include "net/smtp_listener.h"

#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#include "net/listener.h"
#include "net/stream.h"
#include "net/tls.h"
#include "wire/ip_address.h"

namespace tidings::net {

namespace {

// What somebody is counted by: "192.0.2.1" of "192.0.2.1:25", the /64 of IPv6.
std::string counted_as(std::string_view peer) {
  std::string_view host = peer.substr(0, peer.rfind(':'));
  if (host.starts_with('[')) host = host.substr(1, host.rfind(']') - 1);
  const auto address = wire::IpAddress::parse(host);
  if (!address || !address->is_v6()) return std::string(host);
  // Its reverse name has the /64 behind its first 32 characters.
  return address->reverse_name().substr(32);
}

void refuse_descriptor(int descriptor, std::string_view sentence) {
  [[maybe_unused]] const auto sent =
      ::send(descriptor, sentence.data(), sentence.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ::shutdown(descriptor, SHUT_WR);
  ::close(descriptor);
}

}  // namespace

struct SmtpListener::Core : std::enable_shared_from_this<Core> {
  class Connection;

  Core(EventLoop& event_loop, MailKeeper& mail_keeper, SmtpListenerOptions given)
      : loop(event_loop), keeper(mail_keeper), options(std::move(given)), drain_limit(event_loop) {
    options.server.offers_tls = options.tls != nullptr;
  }

  void accept(int descriptor, const std::string& peer);
  void refused(std::string_view reply) const {
    if (options.events.refused) options.events.refused(reply);
  }
  void forget(std::uint64_t number);
  void drain(Duration at_most, std::function<void()> done);

  EventLoop& loop;
  MailKeeper& keeper;
  SmtpListenerOptions options;
  std::vector<std::unique_ptr<Listener>> listeners;
  std::unordered_map<std::uint64_t, std::shared_ptr<Connection>> connections;
  std::unordered_map<std::string, std::size_t> by_address;
  std::uint64_t last_number = 0;
  std::size_t octets = 0;  // of messages under way
  bool is_draining = false;
  Timer drain_limit;
  std::function<void()> drained;
};

// Kept by the listener until it is over.
class SmtpListener::Core::Connection final : public StreamHandler,
                                             public std::enable_shared_from_this<Connection> {
 public:
  Connection(Core& core, std::uint64_t number, std::string address)
      : core_(core),
        number_(number),
        address_(std::move(address)),
        server_(core.options.server, core.keeper, EventLoop::steady_now()),
        stream_(core.loop, *this),
        timer_(core.loop) {}

  void start(int descriptor) {
    stream_.adopt(descriptor);
    go_on();
  }
  const std::string& address() const { return address_; }
  void end_soon() {
    server_.end_soon();
    go_on();
  }
  void close() { stream_.close(); }

  void on_connect_failed(Error) override {}
  void on_tls_established() override {
    server_.on_tls_established(EventLoop::steady_now());
    go_on();
  }
  void on_tls_failed(Error) override { over(); }
  void on_bytes(std::string_view bytes) override {
    server_.on_bytes(bytes, EventLoop::steady_now());
    count();
    if (core_.octets > core_.options.octets_max && held_ > 0 && !server_.is_storing()) {
      server_.refuse("421 4.3.1 No room now; come again later");
    }
    go_on();
  }
  void on_writable() override { go_on(); }
  void on_closed(std::string_view) override { over(); }

 private:
  // Does what the machine wants. The connection may be gone afterwards.
  void go_on() {
    if (is_over_) return;
    for (const std::string& reply : server_.take_refusals()) core_.refused(reply);
    write();
    if (auto message = server_.take_message()) keep(*std::move(message));
    if (server_.ended() && server_.output().empty()) return over();
    if (server_.wants_tls() && !has_tls_begun_) {
      has_tls_begun_ = true;
      stream_.start_tls(core_.options.tls, "");
    }
    set_deadline();
  }

  // A message that is being stored counts until that is done.
  void count() {
    if (server_.is_storing() && held_ > 0) return;
    core_.octets += server_.held() - held_;
    held_ = server_.held();
  }

  void write() {
    while (!server_.output().empty()) {
      const std::string_view piece = server_.output();
      const std::size_t taken = stream_.send({&piece, 1});
      if (taken == 0) return;
      server_.on_written(taken, EventLoop::steady_now());
    }
  }

  void keep(wire::SmtpIncoming message) {
    core_.keeper.keep(std::move(message),
                      [weak = weak_from_this(), core = core_.weak_from_this(), &loop = core_.loop](
                          wire::SmtpStored how, std::string name) {
                        const auto alive = core.lock();
                        if (!alive) return;
                        loop.post([weak, how, name = std::move(name)] {
                          const auto self = weak.lock();
                          if (!self || self->is_over_) return;
                          self->server_.on_stored(how, name, EventLoop::steady_now());
                          self->count();
                          self->go_on();
                        });
                      });
  }

  void set_deadline() {
    const auto at = server_.deadline();
    if (!at) return timer_.cancel();
    const Duration left = *at - EventLoop::steady_now();
    timer_.start(std::max(left, Duration::zero()), [this] {
      server_.on_time(EventLoop::steady_now());
      go_on();
    });
  }

  void over() {
    if (std::exchange(is_over_, true)) return;
    timer_.cancel();
    stream_.close();
    core_.octets -= std::exchange(held_, 0);
    // Not from within itself: it ends with its last handler.
    core_.loop.post([core = core_.weak_from_this(), number = number_] {
      if (const auto alive = core.lock()) alive->forget(number);
    });
  }

  Core& core_;
  const std::uint64_t number_;
  const std::string address_;
  wire::SmtpServer server_;
  Stream stream_;
  Timer timer_;
  std::size_t held_ = 0;  // its part of Core::octets
  bool has_tls_begun_ = false;
  bool is_over_ = false;
};

void SmtpListener::Core::accept(int descriptor, const std::string& peer) {
  std::string address = counted_as(peer);
  if (options.events.connected) options.events.connected();
  if (is_draining || connections.size() >= options.connections_max) {
    refused("421 4.3.2");
    return refuse_descriptor(descriptor, "421 4.3.2 Too busy; come again later\r\n");
  }
  std::size_t& count = by_address[address];
  if (count >= options.connections_per_address) {
    refused("421 4.7.0");
    return refuse_descriptor(descriptor, "421 4.7.0 Too many connections from you\r\n");
  }
  ++count;
  const std::uint64_t number = ++last_number;
  const auto made = std::make_shared<Connection>(*this, number, std::move(address));
  connections.emplace(number, made);
  made->start(descriptor);
}

void SmtpListener::Core::forget(std::uint64_t number) {
  const auto at = connections.find(number);
  if (at == connections.end()) return;
  const auto counted = by_address.find(at->second->address());
  if (counted != by_address.end() && --counted->second == 0) by_address.erase(counted);
  connections.erase(at);
  if (is_draining && connections.empty() && drained) {
    drain_limit.cancel();
    std::exchange(drained, nullptr)();
  }
}

void SmtpListener::Core::drain(Duration at_most, std::function<void()> done) {
  is_draining = true;
  listeners.clear();
  drained = std::move(done);
  if (connections.empty()) {
    loop.post([core = weak_from_this()] {
      const auto alive = core.lock();
      if (alive && alive->drained) std::exchange(alive->drained, nullptr)();
    });
    return;
  }
  drain_limit.start(at_most, [this] {
    if (drained) std::exchange(drained, nullptr)();
  });
  const auto all = connections;
  for (const auto& [_, connection] : all) connection->end_soon();
}

SmtpListener::SmtpListener(EventLoop& loop, MailKeeper& keeper, SmtpListenerOptions options)
    : core_(std::make_shared<Core>(loop, keeper, std::move(options))) {}

SmtpListener::~SmtpListener() {
  core_->listeners.clear();
  core_->drained = nullptr;
  for (const auto& [_, connection] : core_->connections) connection->close();
  core_->connections.clear();
}

Result<std::string> SmtpListener::listen(std::string_view address) {
  auto listener =
      TRY(Listener::tcp(core_->loop, address,
                        [core = core_->weak_from_this()](int descriptor, const std::string& peer) {
                          const auto alive = core.lock();
                          if (alive) {
                            alive->accept(descriptor, peer);
                          } else {
                            ::close(descriptor);
                          }
                        }));
  std::string name = listener->name();
  core_->listeners.push_back(std::move(listener));
  return name;
}

void SmtpListener::drain(Duration at_most, std::function<void()> drained) {
  core_->drain(at_most, std::move(drained));
}

std::size_t SmtpListener::connections() const { return core_->connections.size(); }

}  // namespace tidings::net
