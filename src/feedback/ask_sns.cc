#include "feedback/ask_sns.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "delivery/domains/dns_session.h"
#include "net/https_get.h"

namespace tidings::feedback {

namespace {

constexpr Duration kAskMax = std::chrono::seconds(10);
constexpr std::size_t kAddressesMax = 8;

void add_public(std::vector<wire::IpAddress>& to, const wire::DnsAnswer<wire::IpAddress>& answer) {
  for (const wire::IpAddress& address : answer.records) {
    if (address.is_public() && to.size() < kAddressesMax) to.push_back(address);
  }
}

std::unexpected<Error> unreachable(const SnsUrl& url, std::string_view why) {
  return fail(ErrorKind::unavailable, "sns.unreachable", fmt::format("{} {}.", url.host, why));
}

}  // namespace

AskSns ask_sns_by(net::ResolverOptions resolver) {
  return [resolver = std::move(resolver)](const SnsUrl& url) -> Result<std::string> {
    const auto dns = TRY(domains::DnsSession::open(resolver, kAskMax));
    net::HttpsRequest request;
    request.host = url.host;
    request.path = url.path;
    request.timeout = kAskMax;
    add_public(request.addresses, dns->a(url.host));
    add_public(request.addresses, dns->aaaa(url.host));
    if (request.addresses.empty()) return unreachable(url, "has no public address in DNS");
    auto answer = TRY(net::https_get(request));
    if (answer.status != 200) {
      return unreachable(url, fmt::format("answered {}", answer.status));
    }
    return std::move(answer.body);
  };
}

}  // namespace tidings::feedback
