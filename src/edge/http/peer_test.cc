#include "edge/http/peer.h"

#include <gtest/gtest.h>

namespace tidings::http {
namespace {

net::Request request(std::string peer, std::string host, std::string forwarded = {}) {
  net::Request made;
  made.peer = std::move(peer);
  made.headers.push_back({"Host", std::move(host)});
  if (!forwarded.empty()) made.headers.push_back({"X-Forwarded-For", std::move(forwarded)});
  return made;
}

TEST(Peer, IsTheAddressAtTheOtherEnd) {
  EXPECT_EQ(direct_peer(request("192.0.2.1:5012", "x")), "192.0.2.1");
  EXPECT_EQ(direct_peer(request("[2001:db8::0:1]:5012", "x")), "2001:db8::1");
  EXPECT_EQ(direct_peer(request("[::ffff:192.0.2.1]:5012", "x")), "192.0.2.1");
  EXPECT_EQ(direct_peer(request("local", "x")), "");
  EXPECT_EQ(direct_peer(request("192.0.2.1:5012", "x", "192.0.2.7")), "") << "a proxy's word";
}

TEST(Peer, IsTheOperatorOnlyOnThisMachineByItsOwnName) {
  EXPECT_TRUE(is_operator(request("127.0.0.1:5012", "localhost:8080")));
  EXPECT_TRUE(is_operator(request("[::1]:5012", "[::1]:8080")));
  EXPECT_TRUE(is_operator(request("[::ffff:127.0.0.1]:5012", "127.0.0.1")));
  EXPECT_FALSE(is_operator(request("192.0.2.1:5012", "localhost:8080")));
  EXPECT_FALSE(is_operator(request("127.0.0.1:5012", "evil.example"))) << "a rebound name";
  EXPECT_FALSE(is_operator(request("127.0.0.1:5012", "localhost:8080", "192.0.2.7")));
  EXPECT_FALSE(is_operator(request("local", "localhost")));
}

}  // namespace
}  // namespace tidings::http
