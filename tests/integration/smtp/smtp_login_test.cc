// TLS and AUTH over real sockets, seen through the probe: what a person is told, and the transport.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "delivery/smtp_probe.h"
#include "delivery/smtp_transport.h"
#include "list_port.h"
#include "net/event_loop.h"
#include "scripted_peer.h"

namespace tidings::delivery {
namespace {

using namespace std::chrono_literals;

// Certificates made by the openssl command: an authority, one it signed for 127.0.0.1, one for
// another name, one expired, and one signed by itself.
class SmtpLogin : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::string path = (std::filesystem::temp_directory_path() / "tidings-tls-XXXXXX").string();
    folder_ = new std::string(mkdtemp(path.data()));
    const std::string script =
        "cd " + *folder_ +
        " && exec >log 2>&1 && set -e\n"
        "key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'\n"
        "openssl req -x509 $key -days 10 -subj /CN=Authority -keyout ca.key -out ca.pem\n"
        "sign() { openssl req $key -subj /CN=$1 -keyout $1.key -out $1.csr\n"
        " printf \"subjectAltName=$2\" > $1.ext\n"
        " openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days $3"
        " -extfile $1.ext -out $1.pem; }\n"
        "sign good IP:127.0.0.1,DNS:localhost 10\n"
        "sign other DNS:mail.example.org,DNS:smtp.example.org 10\n"
        "sign old IP:127.0.0.1 -1\n"
        "openssl req -x509 $key -days 10 -subj /CN=self -addext subjectAltName=IP:127.0.0.1"
        " -keyout self.key -out self.pem\n";
    ASSERT_EQ(std::system(script.c_str()), 0) << *folder_ << "/log says why";
  }
  static void TearDownTestSuite() {
    std::filesystem::remove_all(*folder_);
    delete folder_;
  }

  static PeerScript encrypted(const std::string& name, PeerScript script = {}) {
    script.certificate = *folder_ + "/" + name + ".pem";
    script.key = *folder_ + "/" + name + ".key";
    return script;
  }
  static PeerScript with_login(PeerScript script) {
    script.user = "tim";
    script.password = "tanstaaf";
    return script;
  }
  static std::string ca() { return "ca=" + *folder_ + "/ca.pem"; }

  static Result<RelayGreeting> probe(const ScriptedPeer& peer, const std::string& options,
                                     const std::string& user = "tim@",
                                     const std::string& password = "tanstaaf",
                                     const std::string& scheme = "smtp://") {
    const auto relay = wire::parse_relay_url(
        scheme + user + "127.0.0.1:" + std::to_string(peer.port()) + "?" + options);
    if (!relay) return std::unexpected(relay.error());
    return probe_relay(*relay, password, "test.example", 10s);
  }

  static std::string* folder_;
};
std::string* SmtpLogin::folder_ = nullptr;

bool says(const Result<RelayGreeting>& result, const std::string& code, const std::string& words) {
  const bool right = !result.has_value() && result.error().code == code &&
                     result.error().message.find(words) != std::string::npos;
  if (!right) {
    ADD_FAILURE() << (result ? "succeeded" : result.error().code + ": " + result.error().message);
  }
  return right;
}

TEST_F(SmtpLogin, EveryMechanismWorksBehindStarttls) {
  for (const std::string mechanism : {"PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"}) {
    const ScriptedPeer peer(with_login(encrypted("good")));
    const auto greeting = probe(peer, ca() + "&auth=" + mechanism);
    ASSERT_TRUE(greeting.has_value()) << mechanism << ": " << greeting.error().message;
    EXPECT_EQ(greeting->login, mechanism);
    EXPECT_TRUE(greeting->tls.starts_with("TLSv1.3")) << greeting->tls;
    EXPECT_EQ(greeting->greeting, "peer.example ESMTP");
    EXPECT_TRUE(greeting->capabilities.pipelining);
  }
}

TEST_F(SmtpLogin, AWrongPasswordIsToldInTheServersWords) {
  const ScriptedPeer peer(with_login(encrypted("good")));
  for (const std::string mechanism : {"plain", "login", "cram-md5", "xoauth2"}) {
    says(probe(peer, ca() + "&auth=" + mechanism, "tim@", "wrong"), "relay.auth_refused",
         "refused the user name or password: 535 5.7.8 bad credentials");
  }
}

TEST_F(SmtpLogin, CertificatesThatCannotBeTrustedAreToldApart) {
  const ScriptedPeer other(with_login(encrypted("other")));
  says(probe(other, ca()), "tls.certificate",
       "The certificate of 127.0.0.1 is for mail.example.org, smtp.example.org");
  const ScriptedPeer old(with_login(encrypted("old")));
  says(probe(old, ca()), "tls.certificate", "has expired");
  const ScriptedPeer self(with_login(encrypted("self")));
  says(probe(self, ca()), "tls.certificate", "signed by itself");
  const ScriptedPeer good(with_login(encrypted("good")));
  says(probe(good, "tls=verify"), "tls.certificate", "an authority not known here");
  EXPECT_TRUE(probe(self, "tls=insecure").has_value());
  // Nobody's password is at stake: encryption against listeners is better than none.
  const ScriptedPeer anonymous(encrypted("self"));
  EXPECT_TRUE(probe(anonymous, "tls=required", "").has_value());
  says(probe(anonymous, "tls=verify", ""), "tls.certificate", "signed by itself");
}

TEST_F(SmtpLogin, EncryptedFromTheStart) {
  PeerScript script = with_login(encrypted("good"));
  script.tls_from_start = true;
  const ScriptedPeer peer(script);
  const auto greeting = probe(peer, ca(), "tim@", "tanstaaf", "smtps://");
  EXPECT_TRUE(greeting.has_value()) << greeting.error().message;
  const ScriptedPeer plain({});
  says(probe(plain, ca(), "", "", "smtps://"), "tls.handshake", "Check the port: 465");
}

TEST_F(SmtpLogin, WhatAPersonMayGetWrong) {
  const ScriptedPeer plain({});
  says(probe(plain, "tls=verify", ""), "relay.tls_missing", "offers no encryption");
  says(probe(plain, ""), "relay.auth_in_clear", "the password was not sent");
  says(probe(plain, "auth_in_clear=yes"), "relay.auth_missing", "asks for no login");
  const ScriptedPeer web({.greeting = "HTTP/1.1 400 Bad Request\r\n"});
  says(probe(web, "", ""), "relay.not_smtp", "is not a mail server");
  const ScriptedPeer rude({.greeting = "554 5.7.1 your address is blocked\r\n"});
  says(probe(rude, "", ""), "relay.refused", "554 5.7.1 your address is blocked");
  const ScriptedPeer gone({.greeting = "CLOSE"});
  says(probe(gone, "", ""), "relay.closed", "closed the connection");
  const auto nobody = probe_relay(*wire::parse_relay_url("smtp://127.0.0.1:1"), "", "x", 5s);
  says(nobody, "net.refused", "Cannot connect to 127.0.0.1 port 1: connection refused.");
  const ScriptedPeer silent({.greeting = "STALL"});
  const auto relay = wire::parse_relay_url("smtp://127.0.0.1:" + std::to_string(silent.port()));
  says(probe_relay(*relay, "", "x", 200ms), "relay.timeout", "did not answer in time");
  says(probe(plain, "tls=verify&ca=/nonexistent.pem", ""), "tls.authorities", "/nonexistent.pem");
}

TEST_F(SmtpLogin, RepliesInjectedBeforeTlsAreNotHeard) {
  PeerScript script = encrypted("good");
  script.injected = "250-mx\r\n250 SIZE 1\r\n";
  const ScriptedPeer peer(script);
  const auto greeting = probe(peer, ca(), "");
  // Either the handshake fails on them or they are dropped; they never count.
  if (greeting) EXPECT_NE(greeting->capabilities.size_max, 1u);
}

TEST_F(SmtpLogin, MessagesGoThroughTlsUnchanged) {
  const ScriptedPeer peer(with_login(encrypted("good")));
  net::EventLoop loop;
  ListPort port(loop);
  SmtpTransportSettings settings;
  settings.relay =
      *wire::parse_relay_url("smtp://tim@127.0.0.1:" + std::to_string(peer.port()) + "?" + ca());
  settings.password = "tanstaaf";
  settings.connections_max = 3;
  std::string body = "Subject: t\r\n\r\n";
  while (body.size() < 300'000) body += ".a line with a dot, of some length\r\n";
  port.add(20, body);
  port.add(50);
  auto transport = SmtpTransport::create(loop, port, settings);
  ASSERT_TRUE(transport.has_value());
  (*transport)->wake();
  ASSERT_TRUE(loop.run_until([&] { return port.outcomes.size() == 70; }, 20s));
  EXPECT_EQ(port.count(OutcomeKind::sent), 70u);
  std::size_t large = 0;
  for (const std::string& message : peer.messages()) {
    large += message.substr(message.find('\n') + 1) == body ? 1 : 0;
  }
  EXPECT_EQ(large, 20u);
}

TEST_F(SmtpLogin, ARefusedLoginIsTheSourcesTroubleAndCostsNoMessage) {
  const ScriptedPeer peer(with_login(encrypted("good")));
  net::EventLoop loop;
  ListPort port(loop);
  SmtpTransportSettings settings;
  settings.relay =
      *wire::parse_relay_url("smtp://tim@127.0.0.1:" + std::to_string(peer.port()) + "?" + ca());
  settings.password = "wrong";
  port.add(5);
  auto transport = SmtpTransport::create(loop, port, settings);
  ASSERT_TRUE(transport.has_value());
  (*transport)->wake();
  ASSERT_TRUE(loop.run_until(
      [&] { return !port.troubles.empty() && (*transport)->connections() == 0; }, 10s));
  EXPECT_EQ(port.troubles[0].reason, "auth_refused");
  EXPECT_EQ(port.troubles[0].scope, Scope::source);
  EXPECT_EQ(port.troubles[0].reply_code, 535);
  EXPECT_EQ(port.waiting(), 5u);
}

}  // namespace
}  // namespace tidings::delivery
