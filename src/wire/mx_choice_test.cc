#include "wire/mx_choice.h"

#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tidings::wire {
namespace {

std::size_t last(std::size_t limit) { return limit - 1; }  // shuffles nothing

MxHosts choose(std::vector<MxRecord> records, std::string_view own = {},
               const Randomness& random = last) {
  return choose_hosts("example.org", DnsStatus::found, std::move(records), own, random);
}

std::vector<std::string> names(const MxHosts& chosen) {
  std::vector<std::string> all;
  for (const MxHost& host : chosen.hosts) all.push_back(host.name);
  return all;
}

TEST(MxChoice, LowerPreferencesComeFirst) {
  const auto chosen = choose({{20, "c"}, {5, "a"}, {10, "b"}});
  EXPECT_EQ(chosen.verdict, MxVerdict::hosts);
  EXPECT_FALSE(chosen.is_implicit);
  EXPECT_EQ(names(chosen), (std::vector<std::string>{"a", "b", "c"}));
}

TEST(MxChoice, EqualPreferencesAreShuffledAndOthersKeepTheirPlace) {
  std::map<std::string, int> firsts;
  std::size_t seed = 1;
  const Randomness random = [&](std::size_t limit) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    return (seed >> 33) % limit;
  };
  for (int i = 0; i < 3000; ++i) {
    const auto chosen = choose({{10, "a"}, {10, "b"}, {10, "c"}, {20, "z"}, {1, "y"}}, "", random);
    EXPECT_EQ(chosen.hosts.front().name, "y");
    EXPECT_EQ(chosen.hosts.back().name, "z");
    ++firsts[chosen.hosts[1].name];
  }
  for (const auto& [name, count] : firsts) EXPECT_NEAR(count, 1000, 150) << name;
  EXPECT_EQ(firsts.size(), 3u);
}

TEST(MxChoice, ADomainWithoutMxTakesItsMailItself) {
  const auto chosen = choose_hosts("example.org", DnsStatus::no_data, {}, "", last);
  EXPECT_EQ(chosen.verdict, MxVerdict::hosts);
  EXPECT_TRUE(chosen.is_implicit);
  EXPECT_EQ(names(chosen), std::vector<std::string>{"example.org"});
}

TEST(MxChoice, NoDomainIsForGoodAndNoAnswerIsNot) {
  EXPECT_EQ(choose_hosts("x", DnsStatus::no_domain, {}, "", last).verdict, MxVerdict::no_domain);
  EXPECT_EQ(choose_hosts("x", DnsStatus::failed, {}, "", last).verdict, MxVerdict::later);
}

TEST(MxChoice, ANullMxMeansNoMail) {
  EXPECT_EQ(choose({{0, ""}}).verdict, MxVerdict::null_mx);
  // Beside others it says nothing (RFC 7505 §3 forbids it).
  EXPECT_EQ(names(choose({{0, ""}, {10, "a"}})), std::vector<std::string>{"a"});
}

TEST(MxChoice, OurOwnHostAndWhatIsNoBetterAreLeftOut) {
  EXPECT_EQ(names(choose({{5, "a"}, {10, "we.example"}, {10, "b"}, {20, "c"}}, "WE.example")),
            std::vector<std::string>{"a"});
  EXPECT_EQ(choose({{5, "we.example"}, {10, "b"}}, "we.example").verdict, MxVerdict::loop);
}

TEST(MxChoice, AHostIsTriedOnceAndNotTooManyAre) {
  EXPECT_EQ(names(choose({{5, "a"}, {10, "a"}, {10, "b"}})), (std::vector<std::string>{"a", "b"}));
  std::vector<MxRecord> many;
  for (int i = 0; i < 100; ++i) many.push_back({static_cast<std::uint16_t>(i), std::to_string(i)});
  EXPECT_EQ(choose(many).hosts.size(), kMxHostsMax);
  EXPECT_EQ(choose(many).hosts.front().name, "0");
}

TEST(MxChoice, ASiteIsItsHostsInAnyOrder) {
  EXPECT_EQ(site_name({{"b", 10}, {"a", 20}}), "a b");
  EXPECT_EQ(site_name({{"a", 1}, {"b", 1}, {"a", 3}}), "a b");
}

IpAddress ip(std::string_view text) { return IpAddress::parse(text).value(); }
bool any(const IpAddress&) { return true; }

HostAddresses host(std::string name, std::uint16_t preference, std::vector<IpAddress> addresses) {
  return {{std::move(name), preference}, DnsStatus::found, DnsStatus::found, std::move(addresses)};
}

std::vector<std::string> texts(const MxAddresses& ordered) {
  std::vector<std::string> all;
  for (const MxAddress& each : ordered.addresses) all.push_back(each.address.text());
  return all;
}

TEST(MxChoice, Ipv6ComesBeforeIpv4OfTheSamePreference) {
  const std::vector<HostAddresses> hosts = {host("a", 10, {ip("192.0.2.1"), ip("2001:db8::1")}),
                                            host("b", 10, {ip("192.0.2.2"), ip("2001:db8::2")}),
                                            host("c", 20, {ip("2001:db8::3")})};
  const auto ordered = order_addresses(hosts, IpUse::both, any, last);
  EXPECT_EQ(texts(ordered), (std::vector<std::string>{"2001:db8::1", "2001:db8::2", "192.0.2.1",
                                                      "192.0.2.2", "2001:db8::3"}));
  EXPECT_EQ(ordered.addresses[0].rank, ordered.addresses[1].rank);
  EXPECT_LT(ordered.addresses[1].rank, ordered.addresses[2].rank);
  EXPECT_LT(ordered.addresses[3].rank, ordered.addresses[4].rank);
  EXPECT_EQ(texts(order_addresses(hosts, IpUse::ipv4, any, last)),
            (std::vector<std::string>{"192.0.2.1", "192.0.2.2"}));
  EXPECT_EQ(order_addresses(hosts, IpUse::ipv6, any, last).addresses.size(), 3u);
}

TEST(MxChoice, DeadNamesAreAnErrorWithoutFallback) {
  const HostAddresses dead{{"a", 10}, DnsStatus::no_domain, DnsStatus::no_domain, {}};
  const HostAddresses empty{{"b", 20}, DnsStatus::no_data, DnsStatus::no_data, {}};
  EXPECT_EQ(order_addresses({dead, empty}, IpUse::both, any, last).verdict, MxVerdict::unusable);
  const HostAddresses unknown{{"c", 20}, DnsStatus::no_data, DnsStatus::failed, {}};
  EXPECT_EQ(order_addresses({dead, unknown}, IpUse::both, any, last).verdict, MxVerdict::later);
  EXPECT_EQ(order_addresses({dead, unknown}, IpUse::ipv4, any, last).verdict, MxVerdict::unusable);
  const auto one =
      order_addresses({dead, host("d", 30, {ip("192.0.2.1")})}, IpUse::both, any, last);
  EXPECT_EQ(one.verdict, MxVerdict::hosts);
  EXPECT_EQ(texts(one), std::vector<std::string>{"192.0.2.1"});
}

TEST(MxChoice, PrivateAddressesAreNotConnectedTo) {
  const auto is_public = [](const IpAddress& address) { return address.is_public(); };
  const auto all = order_addresses({host("a", 1, {ip("127.0.0.1"), ip("169.254.169.254")})},
                                   IpUse::both, is_public, last);
  EXPECT_EQ(all.verdict, MxVerdict::forbidden);
  EXPECT_TRUE(all.addresses.empty());
  const auto some = order_addresses({host("a", 1, {ip("10.0.0.1"), ip("8.8.8.8")})}, IpUse::both,
                                    is_public, last);
  EXPECT_EQ(texts(some), std::vector<std::string>{"8.8.8.8"});
}

TEST(MxChoice, AHostOfManyAddressesLeavesRoomForTheNext) {
  std::vector<IpAddress> many;
  for (int i = 1; i < 100; ++i) many.push_back(ip("2001:db8::" + std::to_string(i)));
  many.push_back(ip("192.0.2.1"));
  const auto ordered = order_addresses({host("a", 1, many), host("b", 2, {ip("192.0.2.2")})},
                                       IpUse::both, any, last);
  EXPECT_EQ(ordered.addresses.size(), kAddressesPerHostMax + 1);
  const auto found = texts(ordered);
  EXPECT_EQ(std::ranges::count(found, "192.0.2.1"), 1);
  EXPECT_EQ(found.back(), "192.0.2.2");
}

RC_GTEST_PROP(MxChoice, WhateverIsPublishedTheOrderIsRight,
              (const std::vector<std::pair<std::uint16_t, std::uint8_t>>& published)) {
  std::vector<MxRecord> records;
  for (const auto& [preference, name] : published) {
    records.push_back({preference, name == 0 ? "" : "h" + std::to_string(name)});
  }
  const auto chosen = choose(records);
  RC_ASSERT(chosen.hosts.size() <= kMxHostsMax);
  RC_ASSERT(std::ranges::is_sorted(chosen.hosts, {}, &MxHost::preference));
  std::set<std::string> seen;
  for (const MxHost& each : chosen.hosts) {
    RC_ASSERT(!each.name.empty());
    RC_ASSERT(seen.insert(each.name).second);
  }
}

}  // namespace
}  // namespace tidings::wire
