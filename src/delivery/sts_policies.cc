#include "delivery/sts_policies.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <fstream>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "net/event_loop.h"
#include "net/https_get.h"
#include "net/worker_pool.h"

namespace tidings::delivery {
namespace {

constexpr std::size_t kWaitingMax = 1000;
constexpr std::size_t kKnownMax = 20'000;
constexpr Duration kAskAgain = std::chrono::hours(1);
constexpr Duration kFailedFor = std::chrono::minutes(5);

// A policy as it is kept: `id SECONDS` (until when, since 1970) and the file behind it.
struct Kept {
  std::string id;
  Instant until{};
  wire::StsPolicy policy;
};

Instant wall_now() { return SystemClock().now(); }

std::optional<Kept> read_kept(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string head;
  if (!std::getline(in, head)) return std::nullopt;
  const std::string body((std::istreambuf_iterator<char>(in)), {});
  const std::size_t space = head.find(' ');
  if (space == std::string::npos) return std::nullopt;
  std::int64_t seconds = 0;
  const auto [end, error] =
      std::from_chars(head.data() + space + 1, head.data() + head.size(), seconds);
  const auto policy = wire::read_sts_policy(body);
  if (error != std::errc() || end != head.data() + head.size() || !policy) return std::nullopt;
  return Kept{head.substr(0, space), Instant(std::chrono::seconds(seconds)), *policy};
}

// Whole or not at all; a folder that cannot be written costs the memory over restarts only.
void write_kept(const std::filesystem::path& file, const Kept& kept, std::string_view body) {
  std::error_code error;
  std::filesystem::create_directories(file.parent_path(), error);
  auto fresh = file;
  fresh += "~";  // in no domain's name
  {
    std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
    out << kept.id << ' '
        << std::chrono::duration_cast<std::chrono::seconds>(kept.until.time_since_epoch()).count()
        << '\n'
        << body;
    if (!out.flush()) return;
  }
  std::filesystem::rename(fresh, file, error);
}

// RFC 8461 §3.3: 200 and nothing else, text/plain.
std::optional<std::string> fetch(const net::HttpsRequest& request) {
  auto answer = net::https_get(request);
  if (!answer || answer->status != 200) return std::nullopt;
  const std::string_view type = answer->media_type;
  if (lower(trimmed(type.substr(0, type.find(';')))) != "text/plain") return std::nullopt;
  return std::move(answer->body);
}

}  // namespace

class StsPolicies::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(net::EventLoop& loop, net::Resolver& resolver, StsSettings settings)
      : loop_(loop), resolver_(resolver), settings_(std::move(settings)) {}

  void find(const std::string& domain, Done done);
  void stop() {
    *is_stopped_ = true;
    pool_.stop();
  }

 private:
  struct Known {
    std::optional<Kept> kept;
    bool is_read = false;    // from the folder
    Instant ask_again{};     // steady time
    std::vector<Done> done;  // waiting for the search under way
    std::string id;          // that the DNS names
    std::vector<net::DnsQuestion> questions;
    std::vector<wire::IpAddress> addresses;
    int awaited = 0;
  };

  void read_then_ask(const std::string& domain);
  void ask_id(const std::string& domain);
  void on_id(const std::string& domain, const net::DnsReply<std::string>& reply);
  void ask_addresses(const std::string& domain);
  void fetch_later(const std::string& domain);
  void fetched(const std::string& domain, const std::optional<Kept>& kept);
  void finish(const std::string& domain, Duration again);
  bool submit(std::function<void()> work) {
    return pool_.submit([stopped = is_stopped_, work = std::move(work)] {
      if (!*stopped) work();
    });
  }
  std::filesystem::path file_of(const std::string& domain) const {
    return settings_.folder / domain;
  }
  bool may_connect(const wire::IpAddress& address) const {
    return address.is_public() ||
           std::ranges::any_of(settings_.private_networks,
                               [&](const auto& network) { return network.contains(address); });
  }

  net::EventLoop& loop_;
  net::Resolver& resolver_;
  const StsSettings settings_;
  std::unordered_map<std::string, Known> known_;
  const std::shared_ptr<std::atomic<bool>> is_stopped_ = std::make_shared<std::atomic<bool>>(false);
  net::WorkerPool pool_{2, kWaitingMax};
};

void StsPolicies::Impl::find(const std::string& domain, Done done) {
  if (known_.size() >= kKnownMax) {
    std::erase_if(known_, [](const auto& each) { return each.second.done.empty(); });
  }
  Known& known = known_[domain];
  known.done.push_back(std::move(done));
  if (known.done.size() > 1) return;
  if (known.ask_again > net::EventLoop::steady_now() || !wire::is_dns_name(domain)) {
    return loop_.post([weak = weak_from_this(), domain] {
      if (const auto self = weak.lock()) {
        self->finish(domain, self->known_[domain].ask_again - net::EventLoop::steady_now());
      }
    });
  }
  known.is_read ? ask_id(domain) : read_then_ask(domain);
}

void StsPolicies::Impl::read_then_ask(const std::string& domain) {
  known_[domain].is_read = true;
  if (settings_.folder.empty()) return ask_id(domain);
  const bool is_taken =
      submit([weak = weak_from_this(), &loop = loop_, domain, file = file_of(domain)] {
        loop.post([weak, domain, kept = read_kept(file)] {
          const auto self = weak.lock();
          if (self == nullptr) return;
          self->known_[domain].kept = kept;
          self->ask_id(domain);
        });
      });
  if (!is_taken) ask_id(domain);
}

void StsPolicies::Impl::ask_id(const std::string& domain) {
  Known& known = known_[domain];
  known.questions.clear();
  known.questions.push_back(resolver_.txt(
      "_mta-sts." + domain,
      [this, domain](const net::DnsReply<std::string>& reply) { on_id(domain, reply); }));
}

void StsPolicies::Impl::on_id(const std::string& domain, const net::DnsReply<std::string>& reply) {
  Known& known = known_[domain];
  const auto id = wire::read_sts_id(reply.records);
  // Without a record a policy that still holds goes on to hold.
  if (!id) {
    return finish(domain, reply.status == wire::DnsStatus::failed ? kFailedFor : kAskAgain);
  }
  const bool is_live = known.kept && known.kept->until > wall_now();
  if (is_live && known.kept->id == *id) return finish(domain, kAskAgain);
  known.id = *id;
  ask_addresses(domain);
}

void StsPolicies::Impl::ask_addresses(const std::string& domain) {
  Known& known = known_[domain];
  known.questions.clear();
  known.addresses.clear();
  known.awaited = 2;
  const auto answered = [this, domain](net::DnsReply<wire::IpAddress> reply) {
    Known& now = known_[domain];
    for (const wire::IpAddress& address : reply.records) {
      if (may_connect(address) && now.addresses.size() < 8) now.addresses.push_back(address);
    }
    if (--now.awaited == 0) fetch_later(domain);
  };
  known.questions.push_back(resolver_.a("mta-sts." + domain, answered));
  known.questions.push_back(resolver_.aaaa("mta-sts." + domain, answered));
}

void StsPolicies::Impl::fetch_later(const std::string& domain) {
  const Known& known = known_[domain];
  net::HttpsRequest request;
  request.host = "mta-sts." + domain;
  request.port = settings_.port;
  request.path = "/.well-known/mta-sts.txt";
  request.addresses = known.addresses;
  request.ca_file = settings_.ca_file;
  request.bytes_max = wire::kStsFileMax;
  request.timeout = settings_.timeout;
  request.stop = is_stopped_;
  const bool is_taken =
      !known.addresses.empty() &&
      submit([weak = weak_from_this(), &loop = loop_, domain, id = known.id,
              request = std::move(request),
              file = settings_.folder.empty() ? std::filesystem::path() : file_of(domain)] {
        std::optional<Kept> kept;
        const auto body = fetch(request);
        const auto policy = body ? wire::read_sts_policy(*body) : std::nullopt;
        if (policy) {
          kept = Kept{id, wall_now() + policy->max_age, *policy};
          if (!file.empty()) write_kept(file, *kept, *body);
        }
        loop.post([weak, domain, kept] {
          if (const auto self = weak.lock()) self->fetched(domain, kept);
        });
      });
  if (!is_taken) finish(domain, kFailedFor);
}

void StsPolicies::Impl::fetched(const std::string& domain, const std::optional<Kept>& kept) {
  if (kept) known_[domain].kept = kept;
  finish(domain, kept ? kAskAgain : kFailedFor);
}

void StsPolicies::Impl::finish(const std::string& domain, Duration again) {
  Known& known = known_[domain];
  known.questions.clear();
  known.ask_again = net::EventLoop::steady_now() + again;
  std::optional<wire::StsPolicy> policy;
  if (known.kept && known.kept->until > wall_now()) policy = known.kept->policy;
  for (const Done& done : std::exchange(known.done, {})) done(policy);
}

StsPolicies::StsPolicies(net::EventLoop& loop, net::Resolver& resolver, StsSettings settings)
    : impl_(std::make_shared<Impl>(loop, resolver, std::move(settings))) {}
StsPolicies::~StsPolicies() { impl_->stop(); }

void StsPolicies::find(const std::string& domain, Done done) {
  impl_->find(domain, std::move(done));
}

}  // namespace tidings::delivery
