#include "wire/mx_choice.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>

#include "base/text.h"

namespace tidings::wire {
namespace {

template <typename Item>
void shuffle(std::vector<Item>& items, const Randomness& random) {
  for (std::size_t left = items.size(); left > 1; --left) {
    std::swap(items[left - 1], items[random(left)]);
  }
}

bool may_use(IpUse use, const IpAddress& address) {
  return use == IpUse::both || (use == IpUse::ipv6) == address.is_v6();
}

// Whether there may be addresses that the DNS does not tell now.
bool is_unknown(const HostAddresses& host, IpUse use) {
  return (use != IpUse::ipv6 && host.v4_status == DnsStatus::failed) ||
         (use != IpUse::ipv4 && host.v6_status == DnsStatus::failed);
}

}  // namespace

MxHosts choose_hosts(std::string_view domain, DnsStatus status, std::vector<MxRecord> records,
                     std::string_view own_name, const Randomness& random) {
  if (status == DnsStatus::failed) return {MxVerdict::later, {}, false};
  if (status == DnsStatus::no_domain) return {MxVerdict::no_domain, {}, false};
  if (status == DnsStatus::no_data || records.empty()) {
    return {MxVerdict::hosts, {{std::string(domain), 0}}, true};
  }
  const auto is_null = [](const MxRecord& record) { return record.exchange.empty(); };
  if (std::ranges::all_of(records, is_null)) return {MxVerdict::null_mx, {}, false};
  std::erase_if(records, is_null);
  shuffle(records, random);
  std::ranges::sort(records, {}, &MxRecord::preference);
  MxHosts chosen{MxVerdict::hosts, {}, false};
  const std::string own = lower(own_name);
  const auto self = std::ranges::find(records, own, &MxRecord::exchange);
  const bool is_ours = !own.empty() && self != records.end();
  for (const MxRecord& record : records) {
    if (is_ours && record.preference >= self->preference) continue;
    const auto known = std::ranges::find(chosen.hosts, record.exchange, &MxHost::name);
    if (known != chosen.hosts.end() || chosen.hosts.size() == kMxHostsMax) continue;
    chosen.hosts.push_back({record.exchange, record.preference});
  }
  if (chosen.hosts.empty()) chosen.verdict = MxVerdict::loop;
  return chosen;
}

std::string site_name(const std::vector<MxHost>& hosts) {
  std::vector<std::string_view> names;
  for (const MxHost& host : hosts) names.push_back(host.name);
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  std::string joined;
  for (const std::string_view name : names) {
    if (!joined.empty()) joined += ' ';
    joined += name;
  }
  return joined;
}

MxAddresses order_addresses(const std::vector<HostAddresses>& hosts, IpUse use,
                            const std::function<bool(const IpAddress&)>& may_connect,
                            const Randomness& random) {
  MxAddresses ordered;
  bool is_forbidden = false;
  bool is_later = false;
  for (const HostAddresses& host : hosts) {
    is_later = is_later || is_unknown(host, use);
    std::vector<IpAddress> usable;
    for (const IpAddress& address : host.addresses) {
      if (!may_use(use, address)) continue;
      if (may_connect(address)) {
        usable.push_back(address);
      } else {
        is_forbidden = true;
      }
    }
    shuffle(usable, random);
    std::ranges::sort(usable, std::ranges::greater(), &IpAddress::is_v6);
    if (usable.size() > kAddressesPerHostMax) {
      // One of each kind stays, so that a host whose IPv6 does not answer is reached.
      const auto v4 = std::ranges::find(usable, false, &IpAddress::is_v6);
      if (v4 != usable.end() && v4 - usable.begin() >= std::ptrdiff_t{kAddressesPerHostMax}) {
        std::swap(usable[kAddressesPerHostMax - 1], *v4);
      }
      usable.resize(kAddressesPerHostMax);
    }
    for (const IpAddress& address : usable) {
      const unsigned rank = (unsigned{host.host.preference} << 1) | (address.is_v6() ? 0U : 1U);
      if (ordered.addresses.size() == kMxAddressesMax) break;
      ordered.addresses.push_back({host.host.name, address, rank});
    }
  }
  std::ranges::sort(ordered.addresses, {}, &MxAddress::rank);
  ordered.verdict = !ordered.addresses.empty() ? MxVerdict::hosts
                    : is_later                 ? MxVerdict::later
                    : is_forbidden             ? MxVerdict::forbidden
                                               : MxVerdict::unusable;
  return ordered;
}

}  // namespace tidings::wire
