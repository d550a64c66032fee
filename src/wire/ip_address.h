// IpAddress and IpNetwork as values: reading, writing, and whether an address is one of the public
// Internet, so that nobody makes this machine speak to what is behind its firewall (SSRF).
//
// Spec: RFC 4291 and 5952 (IPv6 text), RFC 6890 and the IANA special-purpose registries (what is
// not public), RFC 6052 and 3056 (IPv4 inside IPv6), RFC 1035 §3.5 and 3596 §2.5 (reverse names).
// Thread: values; pure.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tidings::wire {

class IpAddress {
 public:
  // "192.0.2.1", "2001:db8::1" without brackets or zone. An IPv4 address written as IPv6
  // (::ffff:192.0.2.1) is the IPv4 address.
  static std::optional<IpAddress> parse(std::string_view text);
  // As in A and AAAA records: 4 or 16 octets, network order.
  static std::optional<IpAddress> from_octets(std::string_view octets);

  bool is_v6() const { return is_v6_; }
  std::string text() const;
  // Can it be reached from the Internet at large? No: loopback, private, link-local, shared,
  // documentation, multicast and reserved ones, and IPv6 that carries such an IPv4 address.
  bool is_public() const;
  // The name its PTR record stands at: "1.2.0.192.in-addr.arpa".
  std::string reverse_name() const;

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  friend class IpNetwork;
  bool is_v6_ = false;
  std::array<std::uint8_t, 16> octets_{};  // IPv4: the first four
};

class IpNetwork {
 public:
  // "10.0.0.0/8", "fd00::/8", or one address.
  static std::optional<IpNetwork> parse(std::string_view text);
  bool contains(const IpAddress& address) const;

 private:
  IpAddress address_;
  unsigned bits_ = 0;
};

}  // namespace tidings::wire
