#include "wire/mx_url.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "wire/dns_records.h"
#include "wire/url.h"

namespace tidings::wire {
namespace {

constexpr std::string_view kScheme = "mx:";

std::unexpected<Error> wrong(std::string_view what, std::string sentence) {
  return fail(ErrorKind::invalid, fmt::format("mx_url.{}", what), std::move(sentence));
}

Result<void> add_sources(MxUrl& url, std::string_view list) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const auto address = IpAddress::parse(list.substr(0, comma));
    const bool is_new = address && std::ranges::find(url.sources, address->is_v6(),
                                                     &IpAddress::is_v6) == url.sources.end();
    if (!is_new) {
      return wrong("source",
                   "source= takes one IPv4 address of this machine, one IPv6 address, or both with "
                   "a comma between them.");
    }
    url.sources.push_back(*address);
    list.remove_prefix(std::min(list.size(), comma + 1));
  }
  return {};
}

bool is_pattern(std::string_view domain) {
  if (domain == "*") return true;
  if (domain.starts_with("*.")) domain.remove_prefix(2);
  return is_dns_name(domain);
}

Result<void> add_route(MxUrl& url, std::string_view value) {
  const std::size_t equals = value.find('=');
  MxRoute route;
  route.domain = lower(value.substr(0, equals));
  if (equals == std::string_view::npos || !is_pattern(route.domain)) {
    return wrong("route",
                 "route= says which domain goes where, as in "
                 "route=example.org=smtp://gate.example.org:25.");
  }
  if (url.routes.size() == kRoutesMax) {
    return wrong("routes", fmt::format("There are more than {} routes.", kRoutesMax));
  }
  if (std::ranges::find(url.routes, route.domain, &MxRoute::domain) != url.routes.end()) {
    return wrong("route", fmt::format("There are two routes for {}.", route.domain));
  }
  const std::string_view target = value.substr(equals + 1);
  route.is_direct = target == "mx";
  if (!route.is_direct) {
    route.relay = TRY(parse_relay_url(target));
    if (!route.relay.user.empty()) {
      return wrong("route_user",
                   fmt::format("The route for {} has a user name. A server that asks for a login "
                               "is set up as a mail server of its own.",
                               route.domain));
    }
  }
  url.routes.push_back(std::move(route));
  return {};
}

Result<void> set_option(MxUrl& url, std::string_view option) {
  const std::size_t equals = std::min(option.find('='), option.size());
  const std::string_view name = option.substr(0, equals);
  const auto value = percent_decode(option.substr(std::min(option.size(), equals + 1)));
  if (!value || value->empty()) {
    return wrong("option", fmt::format("The option {} has no usable value.", name));
  }
  if (name == "source") return add_sources(url, *value);
  if (name == "route") return add_route(url, *value);
  if (name == "helo") {
    if (!is_hello_name(*value)) {
      return wrong("helo", "The name for EHLO has letters outside ASCII or spaces.");
    }
    url.hello_name = *value;
  } else if (name == "ip" && *value == "both") {
    url.ip = IpUse::both;
  } else if (name == "ip" && *value == "ipv4") {
    url.ip = IpUse::ipv4;
  } else if (name == "ip" && *value == "ipv6") {
    url.ip = IpUse::ipv6;
  } else if (name == "tls" && *value == "auto") {
    url.tls = SmtpTlsUse::when_offered;
  } else if (name == "tls" && *value == "required") {
    url.tls = SmtpTlsUse::required;
  } else if (name == "tls" && *value == "off") {
    url.tls = SmtpTlsUse::never;
  } else {
    return wrong("option", fmt::format("The option {} is not known; known are helo=NAME, "
                                       "source=ADDRESS, ip=both, ipv4 or ipv6, tls=auto, required "
                                       "or off, and route=DOMAIN=URL.",
                                       option));
  }
  return {};
}

}  // namespace

const RelayUrl* MxUrl::route_of(std::string_view domain) const {
  const MxRoute* best = nullptr;
  for (const MxRoute& route : routes) {
    const std::string_view pattern = route.domain;
    if (pattern == domain) {
      best = &route;
      break;
    }
    const bool covers =
        pattern == "*" || (pattern.starts_with("*.") && domain.size() > pattern.size() - 1 &&
                           domain.ends_with(pattern.substr(1)));
    if (covers && (best == nullptr || pattern.size() > best->domain.size())) best = &route;
  }
  return best == nullptr || best->is_direct ? nullptr : &best->relay;
}

bool is_mx_url(std::string_view text) { return text.starts_with(kScheme); }

Result<MxUrl> parse_mx_url(std::string_view text) {
  if (!is_mx_url(text)) {
    return wrong("scheme", "Mail directly to the servers of its recipients is written mx:.");
  }
  text.remove_prefix(kScheme.size());
  MxUrl url;
  if (text.empty()) return url;
  if (!text.starts_with('?')) {
    return wrong("host",
                 "mx: names no host: each recipient's own server is found in the DNS. Options "
                 "follow a question mark, as in mx:?helo=mail.example.org.");
  }
  text.remove_prefix(1);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    TRY(set_option(url, text.substr(0, end)));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  const bool fits = std::ranges::all_of(url.sources, [&](const IpAddress& source) {
    return url.ip == IpUse::both || (url.ip == IpUse::ipv6) == source.is_v6();
  });
  if (!fits) return wrong("source", "source= and ip= do not fit together.");
  return url;
}

}  // namespace tidings::wire
