#include "wire/mx_url.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace tidings::wire {
namespace {

MxUrl url(std::string_view text) {
  auto parsed = parse_mx_url(text);
  EXPECT_TRUE(parsed.has_value()) << text << (parsed ? "" : parsed.error().message);
  return parsed ? *std::move(parsed) : MxUrl();
}

TEST(MxUrl, NeedsNothingBehindIt) {
  const auto plain = url("mx:");
  EXPECT_TRUE(plain.hello_name.empty());
  EXPECT_TRUE(plain.sources.empty());
  EXPECT_EQ(plain.ip, IpUse::both);
  EXPECT_EQ(plain.tls, SmtpTlsUse::when_offered);
  EXPECT_EQ(plain.route_of("example.org"), nullptr);
  EXPECT_TRUE(is_mx_url("mx:?x"));
  EXPECT_FALSE(is_mx_url("smtp://mx:25"));
}

TEST(MxUrl, HasOptions) {
  const auto full = url("mx:?helo=mail.example.org&source=192.0.2.1,2001:db8::1&tls=required");
  EXPECT_EQ(full.hello_name, "mail.example.org");
  ASSERT_EQ(full.sources.size(), 2u);
  EXPECT_EQ(full.sources[1].text(), "2001:db8::1");
  EXPECT_EQ(full.tls, SmtpTlsUse::required);
  EXPECT_EQ(url("mx:?ip=ipv4&source=192.0.2.1").ip, IpUse::ipv4);
  EXPECT_EQ(url("mx:?tls=off").tls, SmtpTlsUse::never);
}

TEST(MxUrl, TheMostExactRouteCounts) {
  const auto routed =
      url("mx:?route=*=smtp://all:26&route=*.Example.org=smtp://below&route=a.example.org=mx"
          "&route=example.org=smtps://gate%3Ftls=insecure");
  EXPECT_EQ(routed.route_of("other.net")->host, "all");
  EXPECT_EQ(routed.route_of("other.net")->port, 26);
  EXPECT_EQ(routed.route_of("b.example.org")->host, "below");
  EXPECT_EQ(routed.route_of("b.a.example.org")->host, "below");
  EXPECT_EQ(routed.route_of("a.example.org"), nullptr);
  EXPECT_EQ(routed.route_of("example.org")->host, "gate");
  EXPECT_FALSE(routed.route_of("example.org")->verify_certificate);
  EXPECT_EQ(routed.route_of("notexample.org")->host, "all");
}

TEST(MxUrl, SaysWhatIsWrong) {
  const auto code = [](const std::string& text) {
    const auto parsed = parse_mx_url(text);
    return parsed ? std::string("none") : parsed.error().code;
  };
  EXPECT_EQ(code("mx://example.org"), "mx_url.host");
  EXPECT_EQ(code("mx"), "mx_url.scheme");
  EXPECT_EQ(code("mx:?helo="), "mx_url.option");
  EXPECT_EQ(code("mx:?helo=a%20b"), "mx_url.helo");
  EXPECT_EQ(code("mx:?helo=a%0d%0aMAIL"), "mx_url.helo");
  EXPECT_EQ(code("mx:?helo=%zz"), "mx_url.option");
  EXPECT_EQ(code("mx:?source=localhost"), "mx_url.source");
  EXPECT_EQ(code("mx:?source=192.0.2.1,192.0.2.2"), "mx_url.source");
  EXPECT_EQ(code("mx:?ip=ipv6&source=192.0.2.1"), "mx_url.source");
  EXPECT_EQ(code("mx:?tls=maybe"), "mx_url.option");
  EXPECT_EQ(code("mx:?route=example.org"), "mx_url.route");
  EXPECT_EQ(code("mx:?route=a..b=mx"), "mx_url.route");
  EXPECT_EQ(code("mx:?route=a=mx&route=A=mx"), "mx_url.route");
  EXPECT_EQ(code("mx:?route=a=ftp://x"), "relay_url.scheme");
  EXPECT_EQ(code("mx:?route=a=smtp://tim@x"), "mx_url.route_user");
  EXPECT_EQ(code("mx:?colour=red"), "mx_url.option");
  std::string many = "mx:?";
  for (std::size_t i = 0; i <= kRoutesMax; ++i) many += fmt::format("route=d{}=mx&", i);
  EXPECT_EQ(code(many), "mx_url.routes");
}

}  // namespace
}  // namespace tidings::wire
