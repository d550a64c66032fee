#include "wire/ip_address.h"

#include <gtest/gtest.h>

namespace tidings::wire {
namespace {

IpAddress address(std::string_view text) {
  const auto parsed = IpAddress::parse(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.value_or(IpAddress());
}

TEST(IpAddress, IsReadAndWritten) {
  EXPECT_EQ(address("192.0.2.1").text(), "192.0.2.1");
  EXPECT_EQ(address("2001:DB8:0:0::1").text(), "2001:db8::1");
  EXPECT_FALSE(address("192.0.2.1").is_v6());
  EXPECT_TRUE(address("::1").is_v6());
  for (const std::string_view wrong :
       {"", "1.2.3", "1.2.3.256", "01.2.3.4.5", "::1%lo", "[::1]", "example.org", " 1.2.3.4"}) {
    EXPECT_FALSE(IpAddress::parse(wrong)) << wrong;
  }
  EXPECT_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0", 8)));
  EXPECT_FALSE(IpAddress::from_octets("12345"));
}

TEST(IpAddress, AnIpv4AddressInsideIpv6IsThatAddress) {
  EXPECT_EQ(address("::ffff:127.0.0.1"), address("127.0.0.1"));
  EXPECT_FALSE(address("::ffff:10.0.0.1").is_v6());
}

TEST(IpAddress, KnowsWhatIsNotPublic) {
  for (const std::string_view inside : {"127.0.0.1",
                                        "127.255.255.254",
                                        "10.1.2.3",
                                        "172.16.0.1",
                                        "172.31.255.255",
                                        "192.168.1.1",
                                        "169.254.169.254",
                                        "100.64.0.1",
                                        "0.0.0.0",
                                        "224.0.0.1",
                                        "255.255.255.255",
                                        "192.0.2.1",
                                        "198.18.0.1",
                                        "::",
                                        "::1",
                                        "fe80::1",
                                        "fc00::1",
                                        "fd12::1",
                                        "ff02::1",
                                        "2001:db8::1",
                                        "::ffff:127.0.0.1",
                                        "64:ff9b::127.0.0.1",
                                        "64:ff9b::a9fe:a9fe",
                                        "2002:7f00:1::1",
                                        "2002:a00:1::1",
                                        "2001::1",
                                        "64:ff9b:1::1",
                                        "fec0::1"}) {
    EXPECT_FALSE(address(inside).is_public()) << inside;
  }
  for (const std::string_view outside :
       {"8.8.8.8", "172.32.0.1", "172.15.255.255", "100.128.0.1", "193.0.0.1", "2a00:1450::1",
        "2620:fe::fe", "64:ff9b::808:808", "2002:808:808::1", "2001:4860::1"}) {
    EXPECT_TRUE(address(outside).is_public()) << outside;
  }
}

TEST(IpAddress, HasAReverseName) {
  EXPECT_EQ(address("192.0.2.1").reverse_name(), "1.2.0.192.in-addr.arpa");
  EXPECT_EQ(address("2001:db8::567:89ab").reverse_name(),
            "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

TEST(IpNetwork, ContainsItsAddressesOnly) {
  const auto network = [](std::string_view text) { return IpNetwork::parse(text); };
  ASSERT_TRUE(network("10.0.0.0/8"));
  EXPECT_TRUE(network("10.0.0.0/8")->contains(address("10.255.0.1")));
  EXPECT_FALSE(network("10.0.0.0/8")->contains(address("11.0.0.1")));
  EXPECT_TRUE(network("172.16.0.0/12")->contains(address("172.31.0.1")));
  EXPECT_FALSE(network("172.16.0.0/12")->contains(address("172.32.0.1")));
  EXPECT_TRUE(network("192.0.2.7")->contains(address("192.0.2.7")));
  EXPECT_FALSE(network("192.0.2.7")->contains(address("192.0.2.8")));
  EXPECT_TRUE(network("0.0.0.0/0")->contains(address("203.0.113.9")));
  EXPECT_FALSE(network("0.0.0.0/0")->contains(address("::1")));
  EXPECT_TRUE(network("fd00::/8")->contains(address("fd12:3456::1")));
  EXPECT_TRUE(network("::/0")->contains(address("ff02::1")));
  for (const std::string_view wrong : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1",
                                       "10.0.0.0/8x", "::/129", "example.org/8"}) {
    EXPECT_FALSE(network(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace tidings::wire
