#include "delivery/mx_finder.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <optional>
#include <random>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"

namespace tidings::delivery {
namespace {

// How long an answer is taken as true: not so short that every message asks again, not so long that
// a domain that moves is missed for a day.
constexpr Duration kHoldMin = std::chrono::minutes(1);
constexpr Duration kHoldMax = std::chrono::hours(1);
constexpr Duration kHoldFailed = std::chrono::minutes(1);

wire::Randomness make_randomness() {
  auto engine = std::make_shared<std::mt19937>(std::random_device()());
  return [engine](std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(*engine);
  };
}

// "[192.0.2.1]" and "[IPv6:2001:db8::1]" (RFC 5321 §4.1.3).
std::optional<wire::IpAddress> read_literal(std::string_view domain) {
  if (!domain.starts_with('[') || !domain.ends_with(']')) return std::nullopt;
  domain.remove_prefix(1);
  domain.remove_suffix(1);
  constexpr std::string_view tag = "ipv6:";
  if (lower(domain.substr(0, tag.size())) == tag) domain.remove_prefix(tag.size());
  return wire::IpAddress::parse(domain);
}

}  // namespace

struct MxFinder::Search {
  // One of the domain's hosts.
  struct Host {
    wire::HostAddresses found;
    bool is_secure = true;  // its addresses are, as far as they were told
    std::optional<net::DnsReply<wire::TlsaRecord>> tlsa;
  };
  std::string domain;
  Done done;
  std::vector<Host> hosts;
  std::optional<wire::StsPolicy> policy;
  std::vector<net::DnsQuestion> questions;
  std::size_t awaited = 0;
  Duration holds_for = kHoldMax;
  std::string why;
};

MxFinder::MxFinder(net::Resolver& resolver, StsPolicies* policies, MxFinderSettings settings)
    : resolver_(resolver),
      policies_(policies),
      settings_(std::move(settings)),
      random_(make_randomness()) {}
MxFinder::~MxFinder() = default;

bool MxFinder::may_connect(const wire::IpAddress& address) const {
  return address.is_public() ||
         std::ranges::any_of(settings_.private_networks,
                             [&](const auto& network) { return network.contains(address); });
}

void MxFinder::find(const std::string& domain, Done done) {
  auto search = std::make_shared<Search>();
  search->domain = domain;
  search->done = std::move(done);
  CHECK(searches_.emplace(domain, search).second);
  ++search->awaited;
  // Asked also of a literal, which is no name: the answer comes later, as every other does.
  search->questions.push_back(
      resolver_.mx(domain, [this, raw = search.get()](net::DnsReply<wire::MxRecord> reply) {
        on_hosts(*raw, std::move(reply));
      }));
  if (policies_ != nullptr && wire::is_dns_name(domain)) ask_policy(search);
}

void MxFinder::ask_policy(const std::shared_ptr<Search>& search) {
  ++search->awaited;
  policies_->find(search->domain, [this, weak = std::weak_ptr<Search>(search)](
                                      std::optional<wire::StsPolicy> policy) {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->policy = std::move(policy);
    answered(*self);
  });
}

void MxFinder::on_hosts(Search& search, net::DnsReply<wire::MxRecord> reply) {
  search.why = reply.why;
  if (const auto literal = read_literal(search.domain)) {
    search.hosts.push_back(
        {{{search.domain, 0}, wire::DnsStatus::found, wire::DnsStatus::found, {*literal}},
         false,
         {}});
    return answered(search);
  }
  search.holds_for = std::min(search.holds_for, reply.holds_for);
  const bool is_secure = reply.is_secure;
  auto chosen = wire::choose_hosts(search.domain, reply.status, std::move(reply.records),
                                   settings_.own_name, random_);
  if (chosen.verdict != wire::MxVerdict::hosts) {
    MxDestination destination;
    destination.verdict = chosen.verdict;
    return finish(search, std::move(destination));
  }
  for (auto& host : chosen.hosts) {
    search.hosts.push_back(
        {{std::move(host), wire::DnsStatus::no_data, wire::DnsStatus::no_data, {}}, true, {}});
  }
  for (std::size_t index = 0; index < search.hosts.size(); ++index) {
    if (settings_.ip != wire::IpUse::ipv6) ask_addresses(search, index, false);
    if (settings_.ip != wire::IpUse::ipv4) ask_addresses(search, index, true);
    if (is_secure && resolver_.validates()) ask_tlsa(search, index);
  }
  answered(search);
}

void MxFinder::ask_addresses(Search& search, std::size_t index, bool is_v6) {
  ++search.awaited;
  const auto told = [this, &search, index, is_v6](net::DnsReply<wire::IpAddress> reply) {
    Search::Host& host = search.hosts[index];
    (is_v6 ? host.found.v6_status : host.found.v4_status) = reply.status;
    host.is_secure = host.is_secure && reply.is_secure;
    std::ranges::move(reply.records, std::back_inserter(host.found.addresses));
    if (reply.status == wire::DnsStatus::failed) {
      search.why = std::move(reply.why);
    } else {
      search.holds_for = std::min(search.holds_for, reply.holds_for);
    }
    answered(search);
  };
  const std::string& name = search.hosts[index].found.host.name;
  search.questions.push_back(is_v6 ? resolver_.aaaa(name, told) : resolver_.a(name, told));
}

void MxFinder::ask_tlsa(Search& search, std::size_t index) {
  ++search.awaited;
  const std::string name =
      fmt::format("_{}._tcp.{}", settings_.port, search.hosts[index].found.host.name);
  search.questions.push_back(
      resolver_.tlsa(name, [this, &search, index](net::DnsReply<wire::TlsaRecord> reply) {
        if (reply.status != wire::DnsStatus::failed) {
          search.holds_for = std::min(search.holds_for, reply.holds_for);
        }
        search.hosts[index].tlsa = std::move(reply);
        answered(search);
      }));
}

void MxFinder::answered(Search& search) {
  CHECK(search.awaited > 0);
  if (--search.awaited == 0) conclude(search);
}

void MxFinder::conclude(Search& search) {
  MxDestination destination;
  destination.is_enforced = search.policy && search.policy->mode == wire::StsMode::enforce;
  std::vector<wire::MxHost> hosts;
  std::vector<wire::HostAddresses> usable;
  bool is_unknown = false;
  for (Search::Host& host : search.hosts) {
    // Not part of the site either: another domain's policy may name it.
    if (destination.is_enforced && !names_host(*search.policy, host.found.host.name)) continue;
    hosts.push_back(host.found.host);
    if (host.is_secure && host.tlsa) {
      // RFC 7672 §2.1.2: whether it has records cannot be known, so it may not be used now.
      if (host.tlsa->status == wire::DnsStatus::failed) {
        search.why = host.tlsa->why;
        is_unknown = true;
        continue;
      }
      if (host.tlsa->status == wire::DnsStatus::found && host.tlsa->is_secure) {
        std::erase_if(host.tlsa->records, std::not_fn(wire::is_usable_tlsa));
        destination.demanded.push_back({host.found.host.name, std::move(host.tlsa->records)});
      }
    }
    usable.push_back(std::move(host.found));
  }
  if (usable.empty() && !is_unknown) {
    search.why = "the policy of the domain (MTA-STS) allows none of its mail servers";
  }
  auto ordered = wire::order_addresses(
      usable, settings_.ip, [this](const wire::IpAddress& address) { return may_connect(address); },
      random_);
  destination.addresses = std::move(ordered.addresses);
  destination.verdict = ordered.verdict;
  if (destination.addresses.empty() && (usable.empty() || is_unknown)) {
    destination.verdict = wire::MxVerdict::later;
  }
  if (destination.verdict == wire::MxVerdict::hosts) {
    destination.site = wire::site_name(hosts);
    if (destination.is_enforced) destination.site += " +mta-sts";
    if (!destination.demanded.empty()) destination.site += " +dane";
  }
  finish(search, std::move(destination));
}

void MxFinder::finish(Search& search, MxDestination destination) {
  const bool is_later = destination.verdict == wire::MxVerdict::later;
  destination.holds_for = is_later ? kHoldFailed : std::clamp(search.holds_for, kHoldMin, kHoldMax);
  destination.why = std::move(search.why);
  const auto ended = searches_.extract(search.domain);
  ended.mapped()->done(std::move(destination));
}

}  // namespace tidings::delivery
