// MxFinder: finds where the mail of a domain goes, by the DNS, and how its servers are to be spoken
// to, by what the domain publishes: MTA-STS, and DANE where the DNS is validated.
//
// Addresses are looked up once and connected to as found: nobody can answer differently between the
// check of an address and its use. Not cached here beyond the resolver's cache; a Destination says
// how long it holds. Spec: wire/mx_choice.h; RFC 8461 §5 (MTA-STS), RFC 7672 §2.2 (DANE). Deviates:
// TLSA records are looked for at the name that the MX has, not at the end of an alias; hosts that
// an enforced MTA-STS policy does not name are left out also when they have TLSA records. Thread:
// the loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "delivery/sts_policies.h"
#include "net/dns.h"
#include "wire/mx_choice.h"

namespace tidings::delivery {

// What a host's TLSA records demand.
struct MxHostDemand {
  std::string host;
  std::vector<wire::TlsaRecord> records;  // usable ones; empty: encryption that is not verified
};

struct MxDestination {
  wire::MxVerdict verdict = wire::MxVerdict::later;
  std::string site;  // the sorted names of the hosts that may be used; empty unless `hosts`
  std::vector<wire::MxAddress> addresses;
  bool is_enforced = false;            // MTA-STS: a valid certificate with the host's name
  std::vector<MxHostDemand> demanded;  // DANE: of hosts that have TLSA records
  std::string why;                     // of `later`
  Duration holds_for{};
};

struct MxFinderSettings {
  std::string own_name;  // what is said in EHLO
  wire::IpUse ip = wire::IpUse::both;
  std::vector<wire::IpNetwork> private_networks;  // that may be connected to
  std::uint16_t port = 25;
};

class MxFinder {
 public:
  // `resolver` and `policies` (null: MTA-STS is not asked for) outlive it.
  MxFinder(net::Resolver& resolver, StsPolicies* policies, MxFinderSettings settings);
  ~MxFinder();  // cancels everything

  using Done = std::function<void(MxDestination destination)>;
  // Calls `done` once, later. `domain` is a lower-case A-label or an address literal
  // ("[192.0.2.1]"), and not being found already.
  void find(const std::string& domain, Done done);
  std::size_t open() const { return searches_.size(); }

 private:
  struct Search;
  void ask_policy(const std::shared_ptr<Search>& search);
  void on_hosts(Search& search, net::DnsReply<wire::MxRecord> reply);
  void ask_addresses(Search& search, std::size_t index, bool is_v6);
  void ask_tlsa(Search& search, std::size_t index);
  void answered(Search& search);
  void conclude(Search& search);
  void finish(Search& search, MxDestination destination);
  bool may_connect(const wire::IpAddress& address) const;

  net::Resolver& resolver_;
  StsPolicies* const policies_;
  const MxFinderSettings settings_;
  const wire::Randomness random_;
  std::unordered_map<std::string, std::shared_ptr<Search>> searches_;
};

}  // namespace tidings::delivery
