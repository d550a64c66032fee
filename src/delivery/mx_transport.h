// MxTransport: hands each message to the servers of its recipient's domain, found in the DNS.
//
// A domain leads to a site, the set of its mail hosts; domains with the same hosts share the site's
// connections. What the DNS says is remembered as long as it holds (at most an hour, at least a
// minute). A domain that takes no mail, or does not exist, is answered without any connection. A
// message whose site cannot be reached at all, after each of its addresses, is deferred.
// Bounds: connections in all and to each site; kFindMax domains looked up at a time; kDomainsMax
// domains remembered, then those are forgotten that were not used for longest.
// Spec: RFC 5321 §5.1, RFC 7505 (wire/mx_choice.h), RFC 7435 (opportunistic encryption), RFC 8461
// (MTA-STS), RFC 7672 (DANE). Deviates: domains that name the same hosts in another order of
// preference share the order of the one that was looked up last.
// Thread: the loop's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "delivery/sts_policies.h"
#include "delivery/transport.h"
#include "net/dns.h"
#include "net/fwd.h"
#include "wire/mx_url.h"
#include "wire/smtp_client.h"

namespace tidings::delivery {

struct MxTransportSettings {
  wire::MxUrl url;
  std::string hello_name = "localhost";           // unless the URL names one
  std::uint16_t port = 25;                        // of every mail server
  std::string ca_file;                            // for MTA-STS; empty: the system's authorities
  std::vector<wire::IpNetwork> private_networks;  // that may be connected to
  std::size_t connections_per_site = 10;
  std::size_t connections_max = 200;
  std::size_t messages_per_connection = 100;    // large providers want it so
  Duration idle_max = std::chrono::seconds(5);  // likewise
  Duration connect_timeout = std::chrono::seconds(30);
  wire::SmtpTimeouts timeouts;
};

class MxTransport final : public Transport {
 public:
  // All references, and `policies` unless null, outlive the transport. Error: certificate
  // authorities cannot be read.
  static Result<std::unique_ptr<MxTransport>> create(net::EventLoop& loop, DeliveryPort& port,
                                                     net::Resolver& resolver, StsPolicies* policies,
                                                     const MxTransportSettings& settings);
  ~MxTransport() override;  // stop(), if that was not done

  void wake() override;
  void drain(std::function<void()> drained) override;
  void stop() override;
  std::size_t in_flight() const override;

  std::size_t connections() const;
  std::size_t sites() const;

 private:
  class Impl;
  explicit MxTransport(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace tidings::delivery
