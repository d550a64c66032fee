#include "delivery/mail_servers.h"

#include <gtest/gtest.h>

#include "delivery/transports.h"

namespace tidings::delivery {
namespace {

std::string code(const std::string& url, const RelayPolicy& policy = {}) {
  const auto checked = check_relay(url, policy);
  return checked ? std::string() : checked.error().code;
}

TEST(MailServers, MailDirectlyToTheRecipientsServersIsAMailServerToo) {
  EXPECT_EQ(code("mx:"), "");
  EXPECT_EQ(code("mx:?helo=mail.example.org&route=a.example=smtp://gate.example"), "");
  EXPECT_EQ(code("mx://host"), "mx_url.host");
  EXPECT_EQ(code("mx:?colour=red"), "mx_url.option");
  EXPECT_TRUE(check_transport_url("mx:?ip=ipv4"));
  EXPECT_FALSE(check_transport_url("mx:?ip=ipv5"));
}

TEST(MailServers, WhereHostsAreListedDirectMailMustBeListedToo) {
  const RelayPolicy relay_only{{"*.example.org"}, false};
  EXPECT_EQ(code("mx:", relay_only), "relay.host_not_allowed");
  const RelayPolicy both{{"*.example.org", "mx:"}, false};
  EXPECT_EQ(code("mx:", both), "");
  EXPECT_EQ(code("smtp://mail.example.org", both), "");
  EXPECT_EQ(code("smtp://mail.example.net", both), "relay.host_not_allowed");
}

TEST(MailServers, ARouteIsNoWayRoundTheListOfHosts) {
  const RelayPolicy both{{"*.example.org", "mx:"}, false};
  EXPECT_EQ(code("mx:?route=a.example=smtp://gate.example.org", both), "");
  EXPECT_EQ(code("mx:?route=a.example=smtp://169.254.169.254:80", both), "relay.host_not_allowed");
  EXPECT_EQ(code("mx:?route=*=smtp://gate%3Fca=/etc/passwd"), "relay.file_not_allowed");
  EXPECT_EQ(code("mx:?route=*=smtp://gate%3Fca=/etc/passwd", {{}, true}), "");
}

}  // namespace
}  // namespace tidings::delivery
