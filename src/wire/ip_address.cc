#include "wire/ip_address.h"

#include <algorithm>
#include <charconv>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "base/check.h"

namespace tidings::wire {
namespace {

constexpr std::size_t kTextMax = 64;

// Literals of this file: they are right.
IpNetwork network(std::string_view text) {
  const auto parsed = IpNetwork::parse(text);
  CHECK(parsed.has_value());
  return *parsed;
}

template <std::size_t N>
std::array<IpNetwork, N> networks(const char* const (&texts)[N]) {
  std::array<IpNetwork, N> all;
  std::ranges::transform(texts, all.begin(), [](const char* text) { return network(text); });
  return all;
}

bool is_special_v4(const IpAddress& address) {
  static const auto special = networks(
      {"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
       "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
       "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"});
  return std::ranges::any_of(special, [&](const auto& each) { return each.contains(address); });
}

bool is_special_v6(const IpAddress& address) {
  static const IpNetwork global = network("2000::/3");
  static const auto special = networks({"2001::/23", "2001:db8::/32", "3fff::/20"});
  return !global.contains(address) ||
         std::ranges::any_of(special, [&](const auto& each) { return each.contains(address); });
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.empty() || text.size() >= kTextMax || text.contains('\0')) return std::nullopt;
  const std::string ended(text);
  std::array<char, 16> octets{};
  if (::inet_pton(AF_INET, ended.c_str(), octets.data()) == 1) {
    return from_octets({octets.data(), 4});
  }
  if (::inet_pton(AF_INET6, ended.c_str(), octets.data()) != 1) return std::nullopt;
  return from_octets({octets.data(), octets.size()});
}

std::optional<IpAddress> IpAddress::from_octets(std::string_view octets) {
  static constexpr std::string_view mapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
  if (octets.size() == 16 && octets.starts_with(mapped)) octets.remove_prefix(mapped.size());
  if (octets.size() != 4 && octets.size() != 16) return std::nullopt;
  IpAddress address;
  address.is_v6_ = octets.size() == 16;
  std::ranges::transform(octets, address.octets_.begin(),
                         [](char c) { return static_cast<std::uint8_t>(c); });
  return address;
}

std::string IpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> room{};
  ::inet_ntop(is_v6_ ? AF_INET6 : AF_INET, octets_.data(), room.data(), room.size());
  return room.data();
}

bool IpAddress::is_public() const {
  if (!is_v6_) return !is_special_v4(*this);
  static const IpNetwork nat64 = network("64:ff9b::/96");
  static const IpNetwork six_to_four = network("2002::/16");
  const std::size_t inside = nat64.contains(*this) ? 12 : six_to_four.contains(*this) ? 2 : 0;
  if (inside == 0) return !is_special_v6(*this);
  IpAddress v4;
  std::copy_n(octets_.begin() + static_cast<std::ptrdiff_t>(inside), 4, v4.octets_.begin());
  return !is_special_v4(v4);
}

std::string IpAddress::reverse_name() const {
  if (!is_v6_) {
    return fmt::format("{}.{}.{}.{}.in-addr.arpa", octets_[3], octets_[2], octets_[1], octets_[0]);
  }
  std::string name;
  for (auto at = octets_.rbegin(); at != octets_.rend(); ++at) {
    name += fmt::format("{:x}.{:x}.", *at & 15, *at >> 4);
  }
  return name + "ip6.arpa";
}

std::optional<IpNetwork> IpNetwork::parse(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  IpNetwork network;
  network.address_ = *address;
  const unsigned most = address->is_v6() ? 128 : 32;
  network.bits_ = most;
  if (slash == text.size()) return network;
  const std::string_view bits = text.substr(slash + 1);
  const auto [end, error] =
      std::from_chars(bits.data(), bits.data() + bits.size(), network.bits_, 10);
  if (error != std::errc() || end != bits.data() + bits.size() || network.bits_ > most) {
    return std::nullopt;
  }
  return network;
}

bool IpNetwork::contains(const IpAddress& address) const {
  if (address.is_v6() != address_.is_v6()) return false;
  const std::size_t whole = bits_ / 8;
  if (!std::equal(address.octets_.begin(),
                  address.octets_.begin() + static_cast<std::ptrdiff_t>(whole),
                  address_.octets_.begin())) {
    return false;
  }
  const unsigned rest = bits_ % 8;
  return rest == 0 || ((address.octets_[whole] ^ address_.octets_[whole]) >> (8 - rest)) == 0;
}

}  // namespace tidings::wire
