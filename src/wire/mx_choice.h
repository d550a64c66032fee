// MxChoice: which hosts take the mail of a domain, in which order, and whether any does.
//
// What the DNS said goes in, with a source of randomness; hosts and addresses come out, or why
// there are none. What is asked next and when is decided by whoever asks (delivery/mx_finder.h).
// Spec: RFC 5321 §5.1 (order, shuffling equals, no MX: the domain itself; unusable MX: no fallback;
// our own host among them), RFC 7505 (null MX: no mail), RFC 3974 (IPv4 and IPv6). An MX that is an
// alias is tolerated, against RFC 5321 §5.1: many are. Thread: pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/dns_records.h"
#include "wire/ip_address.h"

namespace tidings::wire {

// Of a domain with more, the first in order count. Two at least are tried (RFC 5321 §5.1).
inline constexpr std::size_t kMxHostsMax = 8;
inline constexpr std::size_t kAddressesPerHostMax = 4;
inline constexpr std::size_t kMxAddressesMax = 12;

// A number below `limit`, evenly spread.
using Randomness = std::function<std::size_t(std::size_t limit)>;

enum class MxVerdict {
  hosts,      // these take the mail
  later,      // it cannot be known now
  no_domain,  // there is no such domain
  null_mx,    // the domain says that it takes no mail
  unusable,   // hosts are named, and none of them has an address; or the domain has none itself
  loop,       // we are the best host for it ourselves
  forbidden,  // their addresses are ones that may not be connected to
};

struct MxHost {
  std::string name;
  std::uint16_t preference = 0;
  friend bool operator==(const MxHost&, const MxHost&) = default;
};

struct MxHosts {
  MxVerdict verdict = MxVerdict::later;
  std::vector<MxHost> hosts;  // in the order to try
  bool is_implicit = false;   // no MX: the domain itself
};
// `own_name` is what this machine calls itself in EHLO; empty when that says nothing.
MxHosts choose_hosts(std::string_view domain, DnsStatus status, std::vector<MxRecord> records,
                     std::string_view own_name, const Randomness& random);

// The hosts' names, sorted, each once, joined by spaces: domains with the same are one site.
std::string site_name(const std::vector<MxHost>& hosts);

enum class IpUse { both, ipv4, ipv6 };

// What the DNS said about a host's addresses.
struct HostAddresses {
  MxHost host;
  DnsStatus v4_status = DnsStatus::no_data;
  DnsStatus v6_status = DnsStatus::no_data;
  std::vector<IpAddress> addresses;
};

struct MxAddress {
  std::string host;
  IpAddress address;
  unsigned rank = 0;  // equal ones may be used in turn; a lower one is better
  friend bool operator==(const MxAddress&, const MxAddress&) = default;
};

struct MxAddresses {
  MxVerdict verdict = MxVerdict::later;
  std::vector<MxAddress> addresses;  // in the order to try
};
// IPv6 before IPv4 of the same preference. `may_connect` is the rule about private addresses.
MxAddresses order_addresses(const std::vector<HostAddresses>& hosts, IpUse use,
                            const std::function<bool(const IpAddress&)>& may_connect,
                            const Randomness& random);

}  // namespace tidings::wire
