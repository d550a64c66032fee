#include "edge/http/peer.h"

#include <algorithm>
#include <string_view>

#include "wire/ip_address.h"

namespace tidings::http {

std::string_view without_port(std::string_view peer) {
  if (peer.starts_with('[')) return peer.substr(1, std::min(peer.find(']'), peer.size()) - 1);
  const std::size_t colon = peer.rfind(':');
  return colon == std::string_view::npos || peer.find(':') != colon ? peer : peer.substr(0, colon);
}

std::string direct_peer(const net::Request& request) {
  if (!request.header("X-Forwarded-For").empty() || !request.header("Forwarded").empty()) return {};
  const auto address = wire::IpAddress::parse(without_port(request.peer));
  return address ? address->text() : std::string();
}

bool is_operator(const net::Request& request) {
  std::string_view host = request.header("Host");
  if (const auto colon = host.rfind(':'); colon != std::string_view::npos && !host.ends_with(']')) {
    host = host.substr(0, colon);
  }
  if (host != "localhost" && host != "127.0.0.1" && host != "[::1]") return false;
  const std::string peer = direct_peer(request);
  return peer.starts_with("127.") || peer == "::1";
}

}  // namespace tidings::http
