// StsPolicies: the MTA-STS policy of a domain, from the web, the folder or memory.
//
// A policy is fetched when the DNS names an id that is not the one we have, and kept as long as it
// says, also over restarts: while it holds, neither a DNS nor a web server that is silenced makes
// it go away. The id is asked for once an hour; what could not be fetched is tried again after five
// minutes. Bounds: two fetches at a time, kWaitingMax wait, kKnownMax domains in memory.
// Spec: RFC 8461 §3.3, §5.1, §10.2. Deviates: no reports (RFC 8460) are sent.
// Thread: the loop's.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/dns.h"
#include "net/fwd.h"
#include "wire/ip_address.h"
#include "wire/mta_sts.h"

namespace tidings::delivery {

struct StsSettings {
  std::filesystem::path folder;                   // made when it is needed; empty: nothing is kept
  std::vector<wire::IpNetwork> private_networks;  // that may be connected to
  std::uint16_t port = 443;
  std::string ca_file;  // empty: the system's authorities
  Duration timeout = std::chrono::seconds(10);
};

class StsPolicies {
 public:
  // `loop` and `resolver` outlive it.
  StsPolicies(net::EventLoop& loop, net::Resolver& resolver, StsSettings settings);
  ~StsPolicies();  // gives up a fetch under way, within a second

  // Nothing: the domain has no policy, or none that can be had.
  using Done = std::function<void(std::optional<wire::StsPolicy> policy)>;
  // Calls `done` once, later.
  void find(const std::string& domain, Done done);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tidings::delivery
