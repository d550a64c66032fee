#include "wire/relay_url.h"

#include <gtest/gtest.h>

namespace tidings::wire {
namespace {

TEST(RelayUrl, PortsFollowTheSchemeAndTheUser) {
  EXPECT_EQ(parse_relay_url("smtp://mx.example.org")->port, 25);
  EXPECT_EQ(parse_relay_url("smtp://me@mx.example.org")->port, 587);
  EXPECT_EQ(parse_relay_url("smtps://mx.example.org/")->port, 465);
  EXPECT_EQ(parse_relay_url("smtp://mx.example.org:2525")->port, 2525);
  EXPECT_EQ(parse_relay_url("smtp://[::1]:2525")->host, "::1");
  EXPECT_EQ(parse_relay_url("smtp://[::1]:2525")->port, 2525);
}

TEST(RelayUrl, TheUserMayHoldAnEncodedAt) {
  EXPECT_EQ(parse_relay_url("smtp://a%40example.org@mx.example.org")->user, "a@example.org");
  EXPECT_EQ(parse_relay_url("smtp://a@example.org@mx.example.org")->user, "a@example.org");
}

TEST(RelayUrl, EncryptionOptions) {
  EXPECT_EQ(parse_relay_url("smtp://h")->tls, SmtpTlsUse::when_offered);
  EXPECT_FALSE(parse_relay_url("smtp://h")->verify_certificate);
  EXPECT_TRUE(parse_relay_url("smtp://u@h")->verify_certificate);
  EXPECT_FALSE(parse_relay_url("smtp://u@h?tls=insecure")->verify_certificate);
  EXPECT_EQ(parse_relay_url("smtp://h?tls=verify")->tls, SmtpTlsUse::required);
  EXPECT_TRUE(parse_relay_url("smtp://h?tls=verify&ca=/x.pem")->verify_certificate);
  EXPECT_EQ(parse_relay_url("smtp://h?ca=/x.pem")->ca_file, "/x.pem");
  EXPECT_EQ(parse_relay_url("smtp://h?tls=off")->tls, SmtpTlsUse::never);
  EXPECT_EQ(parse_relay_url("smtps://h")->tls, SmtpTlsUse::active);
  EXPECT_TRUE(parse_relay_url("smtps://h")->verify_certificate);
  EXPECT_EQ(parse_relay_url("smtp://h?auth=xoauth2,plain")->mechanisms.size(), 2u);
}

TEST(RelayUrl, WhatMakesNoSenseIsRefusedByCase) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "relay_url.scheme"},
      {"http://x", "relay_url.scheme"},
      {"smtp://", "relay_url.host"},
      {"smtp://a b", "relay_url.host"},
      {"smtp://[::1", "relay_url.host"},
      {"smtp://h:0", "relay_url.port"},
      {"smtp://h:70000", "relay_url.port"},
      {"smtp://h:2x", "relay_url.port"},
      {"smtp://u:secret@h", "relay_url.password"},
      {"smtp://%zz@h", "relay_url.user"},
      {"smtp://u%0d%0a@h", "relay_url.user"},
      {"smtp://@h", "relay_url.user"},
      {"smtp://h?tls=maybe", "relay_url.tls"},
      {"smtps://h?tls=off", "relay_url.tls"},
      {"smtp://h?color=red", "relay_url.option"},
      {"smtp://h?helo=a%0d%0aMAIL", "relay_url.option"},
      {"smtp://h?helo=a%20b", "relay_url.helo"},
      {"smtp://h?auth=magic", "relay_url.auth"},
  };
  for (const auto& [text, code] : cases) {
    const auto url = parse_relay_url(text);
    ASSERT_FALSE(url.has_value()) << text;
    EXPECT_EQ(url.error().code, code) << text;
    EXPECT_EQ(url.error().message.find("secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace tidings::wire
