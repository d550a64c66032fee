#include "delivery/mx_transport.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "delivery/mx_finder.h"
#include "delivery/mx_targets.h"
#include "delivery/smtp_pool.h"
#include "delivery/smtp_transport.h"
#include "domain/mx_outcome.h"
#include "net/event_loop.h"
#include "net/tls.h"

namespace tidings::delivery {
namespace {

constexpr std::size_t kFindMax = 200;
constexpr std::size_t kDomainsMax = 50'000;
// Messages placed before the loop turns to the connections.
constexpr int kPerTurn = 256;
constexpr Duration kSweep = std::chrono::seconds(30);

Instant now() { return net::EventLoop::steady_now(); }

}  // namespace

class MxTransport::Impl final : public SmtpPoolOwner, public std::enable_shared_from_this<Impl> {
 public:
  Impl(net::EventLoop& loop, DeliveryPort& port, net::Resolver& resolver, StsPolicies* policies,
       const MxTransportSettings& settings);

  // Reads certificate authorities.
  Result<void> prepare();
  void wake();
  void drain(std::function<void()> drained);
  void stop();
  std::size_t in_flight() const;
  std::size_t connections() const { return connections_; }
  std::size_t sites() const { return pools_.size(); }

 private:
  // What is known of a domain.
  struct Domain {
    bool is_found = false;  // and that holds until:
    Instant until{};        // steady time
    Instant used_at{};
    wire::MxVerdict verdict = wire::MxVerdict::later;
    std::string why;
    std::shared_ptr<SmtpPool> pool;  // null: `verdict` is what its messages get
  };
  // Which domains' messages are wanted: those of one pool, or of any.
  class Gate;
  friend class Gate;

  std::unique_ptr<PreparedMessage> take_for(SmtpPool& pool) override;
  bool has_room() const override { return connections_ < settings_.connections_max; }
  void on_opened() override { ++connections_; }
  void on_closed() override {
    if (connections_-- >= settings_.connections_max) wake();
  }
  const std::string& hello_name() const {
    return settings_.url.hello_name.empty() ? settings_.hello_name : settings_.url.hello_name;
  }

  void turn();
  void place(std::unique_ptr<PreparedMessage> message);
  // The domain when it is known at present; else it is looked for.
  Domain* known(std::string_view name, Instant at_present);
  void find(const std::string& name);
  void found(const std::string& name, MxDestination destination);
  std::shared_ptr<SmtpPool> pool_of(const MxDestination& destination);
  std::shared_ptr<SmtpPool> pool_of(const wire::RelayUrl& relay);
  std::shared_ptr<SmtpPool> add_pool(const std::string& site, std::shared_ptr<SmtpTargets> targets);
  void sweep();
  void forget_some();
  std::vector<std::shared_ptr<SmtpPool>> all() const;

  net::EventLoop& loop_;
  DeliveryPort& port_;
  const MxTransportSettings settings_;
  std::shared_ptr<net::TlsContext> tls_;
  std::shared_ptr<net::TlsContext> verifying_;
  std::map<const wire::RelayUrl*, std::shared_ptr<RelayTargets>> relays_;  // by route of settings_
  MxFinder finder_;
  net::Timer sweeper_;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  std::unordered_map<std::string, Domain, Hash, std::equal_to<>> domains_;
  std::unordered_map<std::string, std::shared_ptr<SmtpPool>> pools_;  // by site
  std::size_t connections_ = 0;
  bool turn_posted_ = false;
  bool draining_ = false;
  bool stopped_ = false;
};

class MxTransport::Impl::Gate final : public DomainGate {
 public:
  explicit Gate(Impl& impl, SmtpPool* only = nullptr) : impl_(impl), only_(only) {}

  bool wants(std::string_view domain) const override {
    last_ = impl_.known(domain, now_);
    if (last_ == nullptr) return false;
    if (only_ != nullptr) return last_->pool.get() == only_;
    return last_->pool == nullptr || last_->pool->wants();
  }
  std::string_view site_of(std::string_view domain) const override {
    if (last_ == nullptr) return {};
    return last_->pool == nullptr ? domain : std::string_view(last_->pool->site());
  }

 private:
  Impl& impl_;
  SmtpPool* const only_;
  const Instant now_ = now();  // asked for many domains in one go
  mutable Domain* last_ = nullptr;
};

MxTransport::Impl::Impl(net::EventLoop& loop, DeliveryPort& port, net::Resolver& resolver,
                        StsPolicies* policies, const MxTransportSettings& settings)
    : loop_(loop),
      port_(port),
      settings_(settings),
      finder_(resolver, policies,
              {hello_name(), settings_.url.ip, settings_.private_networks, settings_.port}),
      sweeper_(loop) {}

Result<void> MxTransport::Impl::prepare() {
  tls_ = TRY(net::TlsContext::client(net::TlsVerify::none, ""));
  verifying_ = TRY(net::TlsContext::client(net::TlsVerify::full, settings_.ca_file));
  for (const wire::MxRoute& route : settings_.url.routes) {
    if (route.is_direct) continue;
    SmtpTransportSettings relay;
    relay.relay = route.relay;
    relay.hello_name = hello_name();
    relay.connect_timeout = settings_.connect_timeout;
    relay.timeouts = settings_.timeouts;
    relays_.emplace(&route.relay, TRY(RelayTargets::create(relay)));
  }
  return {};
}

void MxTransport::Impl::wake() {
  // Later, so that the engine may call this from inside report().
  if (stopped_ || draining_ || std::exchange(turn_posted_, true)) return;
  loop_.post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->turn();
  });
}

void MxTransport::Impl::turn() {
  turn_posted_ = false;
  if (stopped_ || draining_) return;
  if (!sweeper_.running()) sweeper_.start(kSweep, [this] { sweep(); });
  for (int placed = 0; placed < kPerTurn; ++placed) {
    auto message = port_.take(Gate(*this));
    if (message == nullptr) return;
    place(std::move(message));
    if (stopped_ || draining_) return;
  }
  wake();
}

std::unique_ptr<PreparedMessage> MxTransport::Impl::take_for(SmtpPool& pool) {
  if (stopped_ || draining_) return nullptr;
  return port_.take(Gate(*this, &pool));
}

void MxTransport::Impl::place(std::unique_ptr<PreparedMessage> message) {
  const auto at = domains_.find(message->domain);
  if (at == domains_.end() || !at->second.is_found) return port_.give_back(std::move(message));
  const Domain& domain = at->second;
  if (domain.pool != nullptr) {
    const auto pool = domain.pool;
    return pool->offer(std::move(message));
  }
  Outcome outcome = outcome_of_mx(domain.verdict, message->domain, domain.why);
  outcome.message_id = message->id;
  outcome.started_at = outcome.ended_at = port_.now();
  port_.report(std::move(message), std::move(outcome));
}

MxTransport::Impl::Domain* MxTransport::Impl::known(std::string_view name, Instant at_present) {
  const auto at = domains_.find(name);
  const bool is_known = at != domains_.end();
  if (is_known && at->second.is_found && at->second.until > at_present) {
    at->second.used_at = at_present;
    return &at->second;
  }
  if (is_known && !at->second.is_found) return nullptr;  // being looked for
  if (finder_.open() < kFindMax) find(std::string(name));
  return nullptr;
}

void MxTransport::Impl::find(const std::string& name) {
  if (domains_.size() >= kDomainsMax && !domains_.contains(name)) forget_some();
  Domain& domain = domains_[name];
  domain.used_at = now();
  const wire::RelayUrl* const route = settings_.url.route_of(name);
  if (route != nullptr) {
    domain.is_found = true;
    domain.until = Instant::max();
    domain.pool = pool_of(*route);
    return wake();
  }
  domain.is_found = false;
  finder_.find(name,
               [this, name](MxDestination found_there) { found(name, std::move(found_there)); });
}

void MxTransport::Impl::found(const std::string& name, MxDestination destination) {
  Domain& domain = domains_[name];
  domain.is_found = true;
  domain.until = now() + destination.holds_for;
  domain.pool = destination.verdict == wire::MxVerdict::hosts ? pool_of(destination) : nullptr;
  domain.verdict = destination.verdict;
  domain.why = std::move(destination.why);
  wake();
}

std::shared_ptr<SmtpPool> MxTransport::Impl::pool_of(const MxDestination& destination) {
  if (const auto at = pools_.find(destination.site); at != pools_.end()) {
    static_cast<MxTargets&>(at->second->targets()).set_destination(destination);
    return at->second;
  }
  SmtpConnection::Setup setup;
  setup.port = settings_.port;
  setup.connect_timeout = settings_.connect_timeout;
  setup.client.hello_name = hello_name();
  setup.client.tls = settings_.url.tls;
  setup.client.timeouts = settings_.timeouts;
  setup.tls = tls_;
  auto targets = std::make_shared<MxTargets>(std::move(setup), verifying_, settings_.url.sources);
  targets->set_destination(destination);
  return add_pool(destination.site, std::move(targets));
}

// A route's site has a name that no set of hosts has.
std::shared_ptr<SmtpPool> MxTransport::Impl::pool_of(const wire::RelayUrl& relay) {
  const std::string site = fmt::format("{}:{}", relay.host, relay.port);
  if (const auto at = pools_.find(site); at != pools_.end()) return at->second;
  return add_pool(site, relays_.at(&relay));
}

std::shared_ptr<SmtpPool> MxTransport::Impl::add_pool(const std::string& site,
                                                      std::shared_ptr<SmtpTargets> targets) {
  SmtpPoolSettings pool;
  pool.connections_max = settings_.connections_per_site;
  pool.messages_per_connection = settings_.messages_per_connection;
  pool.idle_max = settings_.idle_max;
  pool.defers_on_trouble = true;
  return pools_
      .emplace(site,
               std::make_shared<SmtpPool>(loop_, port_, *this, site, std::move(targets), pool))
      .first->second;
}

void MxTransport::Impl::sweep() {
  std::erase_if(domains_, [](const auto& each) {
    return each.second.is_found && each.second.until <= now();
  });
  std::erase_if(pools_, [](const auto& each) {
    return each.second.use_count() == 1 && each.second->empty();
  });
  if (!domains_.empty() || !pools_.empty()) sweeper_.start(kSweep, [this] { sweep(); });
}

// The half that was not used for longest, of those that are known.
void MxTransport::Impl::forget_some() {
  std::vector<Instant> used;
  for (const auto& [name, domain] : domains_) used.push_back(domain.used_at);
  const auto middle = used.begin() + static_cast<std::ptrdiff_t>(used.size() / 2);
  std::ranges::nth_element(used, middle);
  std::erase_if(domains_, [limit = *middle](const auto& each) {
    return each.second.is_found && each.second.used_at <= limit;
  });
}

std::vector<std::shared_ptr<SmtpPool>> MxTransport::Impl::all() const {
  std::vector<std::shared_ptr<SmtpPool>> pools;
  for (const auto& [site, pool] : pools_) pools.push_back(pool);
  return pools;
}

void MxTransport::Impl::drain(std::function<void()> drained) {
  draining_ = true;
  auto left = std::make_shared<std::size_t>(pools_.size());
  if (*left == 0) return loop_.post(std::move(drained));
  for (const auto& pool : all()) {
    pool->drain([left, drained] {
      if (--*left == 0) drained();
    });
  }
}

void MxTransport::Impl::stop() {
  if (std::exchange(stopped_, true)) return;
  for (const auto& pool : all()) pool->stop();
  sweeper_.cancel();
}

std::size_t MxTransport::Impl::in_flight() const {
  std::size_t count = 0;
  for (const auto& [site, pool] : pools_) count += pool->in_flight();
  return count;
}

Result<std::unique_ptr<MxTransport>> MxTransport::create(net::EventLoop& loop, DeliveryPort& port,
                                                         net::Resolver& resolver,
                                                         StsPolicies* policies,
                                                         const MxTransportSettings& settings) {
  auto impl = std::make_shared<Impl>(loop, port, resolver, policies, settings);
  TRY(impl->prepare());
  return std::unique_ptr<MxTransport>(new MxTransport(std::move(impl)));
}

MxTransport::MxTransport(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
MxTransport::~MxTransport() { impl_->stop(); }

void MxTransport::wake() { impl_->wake(); }
void MxTransport::drain(std::function<void()> drained) { impl_->drain(std::move(drained)); }
void MxTransport::stop() { impl_->stop(); }
std::size_t MxTransport::in_flight() const { return impl_->in_flight(); }
std::size_t MxTransport::connections() const { return impl_->connections(); }
std::size_t MxTransport::sites() const { return impl_->sites(); }

}  // namespace tidings::delivery
