// Transports as stored: URL and sealed secret; and made from that for the engine.
// Thread: make_transport() on the loop's; the others any.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "delivery/sandbox_transport.h"
#include "delivery/sts_policies.h"
#include "delivery/transport.h"
#include "identity/secret_box.h"
#include "net/dns.h"
#include "net/event_loop.h"
#include "wire/ip_address.h"

namespace tidings::delivery {

inline constexpr std::string_view kSandboxUrl = "sandbox:";

// What this machine calls itself; "localhost" when it does not know.
std::string machine_name();

// `sandbox:`, `mx:…` (wire/mx_url.h) or a relay URL (wire/relay_url.h). Errors: mx_url.*,
// relay_url.* (invalid).
Result<void> check_transport_url(std::string_view url);

// The transport with this URL and secret, made when there is none like it.
Result<TransportId> store_transport(db::Connection& connection, IdSource& ids,
                                    OrganisationId organisation, const identity::SecretBox& secrets,
                                    std::string_view url, std::string_view secret, Instant now);

// What a transport's secret is sealed with.
std::string transport_seal_context(OrganisationId organisation, TransportId id);

struct StoredTransport {
  std::string url;
  std::string secret;
};
Result<StoredTransport> load_transport(db::Connection& connection, OrganisationId organisation,
                                       TransportId id, const identity::SecretBox& secrets);

// What mail directly to the recipients' servers needs, and may do.
struct MxOptions {
  std::function<Result<net::Resolver*>()> resolver;  // made when it is first needed
  std::function<StsPolicies*(net::Resolver&)> policies;
  std::uint16_t port = 25;
  std::size_t connections = 200;
  std::vector<wire::IpNetwork> private_networks;
};
struct TransportOptions {
  std::filesystem::path sandbox_folder;
  std::size_t connections = 10;  // to each mail server
  SandboxEvidence evidence;
  MxOptions mx;
};
Result<std::unique_ptr<Transport>> make_transport(net::EventLoop& loop, DeliveryPort& port,
                                                  const StoredTransport& stored,
                                                  const TransportOptions& options);

}  // namespace tidings::delivery
