#include "delivery/network_of.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <arpa/inet.h>

namespace tidings::delivery {

namespace {

std::string printed(int family, const void* bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  return ::inet_ntop(family, bytes, text.data(), text.size()) == nullptr ? std::string()
                                                                         : std::string(text.data());
}

}  // namespace

std::string kept_address(std::string_view address, identity::TrackedAddress kept) {
  if (kept == identity::TrackedAddress::none) return {};
  if (address.starts_with('[') && address.ends_with(']')) {
    address = address.substr(1, address.size() - 2);
  }
  const std::string text(address.substr(0, address.find('%')));
  const bool is_whole = kept == identity::TrackedAddress::whole;
  in_addr four{};
  in6_addr six{};
  const bool is_six = ::inet_pton(AF_INET6, text.c_str(), &six) == 1;
  if (is_six && IN6_IS_ADDR_V4MAPPED(&six)) {
    std::memcpy(&four, six.s6_addr + 12, 4);
  } else if (is_six) {
    if (!is_whole) std::fill(six.s6_addr + 6, six.s6_addr + 16, std::uint8_t{0});
    return printed(AF_INET6, &six);
  } else if (::inet_pton(AF_INET, text.c_str(), &four) != 1) {
    return {};
  }
  if (!is_whole) four.s_addr &= htonl(0xffffff00U);
  return printed(AF_INET, &four);
}

}  // namespace tidings::delivery
