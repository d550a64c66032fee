// MxUrl: mail that goes directly to the servers of its recipients, as one line of configuration.
//
//   mx:[?OPTIONS]
//
// Options, joined by '&', their values percent-encoded where needed:
//   helo=NAME     the name to say in EHLO: the one that the address's PTR record gives
//   source=A[,B]  leave from this address of this machine; one of IPv4, one of IPv6 at most
//   ip=both       IPv6 and IPv4 (as it is when nothing is said), or ip=ipv4, ip=ipv6
//   tls=auto      encrypt whenever the server can (as it is when nothing is said)
//   tls=required  encrypt or do not send
//   tls=off       encrypt only where the receiving domain's policy demands it
//   route=DOMAIN=URL  mail for the domain goes to this server instead (wire/relay_url.h, without a
//                 user); `*.example.org` is every domain below, `*` every domain; the most exact
//                 one counts. URL `mx` is directly after all. May be given up to kRoutesMax times.
// Thread: values.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/ip_address.h"
#include "wire/mx_choice.h"
#include "wire/relay_url.h"

namespace tidings::wire {

inline constexpr std::size_t kRoutesMax = 100;

struct MxRoute {
  std::string domain;  // "example.org", "*.example.org", "*"; lower case
  bool is_direct = false;
  RelayUrl relay;  // unless direct
};

struct MxUrl {
  std::string hello_name;  // empty: the sending side's own
  std::vector<IpAddress> sources;
  IpUse ip = IpUse::both;
  SmtpTlsUse tls = SmtpTlsUse::when_offered;
  std::vector<MxRoute> routes;

  // The relay for a domain (a lower-case A-label); null: directly.
  const RelayUrl* route_of(std::string_view domain) const;
};

// Says nothing about whether it is right.
bool is_mx_url(std::string_view text);
// Errors: `invalid`, code `mx_url.<case>`, or of a route `relay_url.<case>`.
Result<MxUrl> parse_mx_url(std::string_view text);

}  // namespace tidings::wire
