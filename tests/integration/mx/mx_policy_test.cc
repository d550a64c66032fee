// What a domain's policy demands is done or nothing is sent: MTA-STS with a web server of our own,
// DANE in a signed zone; and encryption where nothing is demanded.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "delivery/mx_transport.h"
#include "delivery/sts_policies.h"
#include "list_port.h"
#include "net/event_loop.h"
#include "scripted_peer.h"

namespace tidings::delivery {
namespace {

using namespace std::chrono_literals;

class MxPolicy : public testing::Test {
 protected:
  void SetUp() override {
    const char* const server = std::getenv("TIDINGS_TEST_DNS");
    const char* const certificates = std::getenv("TIDINGS_TEST_CERTIFICATES");
    if (server == nullptr || certificates == nullptr) {
      GTEST_SKIP() << "run by tests/peers/name_server.py";
    }
    resolver_options_.servers = {server};
    certificates_ = certificates;
    settings_.hello_name = "sender.sts";
    settings_.private_networks = {*wire::IpNetwork::parse("127.0.0.0/8")};
    settings_.ca_file = certificates_ + "/ca.pem";
    std::string path = (std::filesystem::temp_directory_path() / "tidings-sts-XXXXXX").string();
    sts_.folder = mkdtemp(path.data());
    sts_.private_networks = settings_.private_networks;
    sts_.ca_file = settings_.ca_file;
    sts_.timeout = 3s;
  }
  void TearDown() override {
    if (transport_ != nullptr) transport_->stop();
    if (!sts_.folder.empty()) std::filesystem::remove_all(sts_.folder);
  }

  ScriptedPeer& peer(int last_octet, const std::string& certificate, PeerScript script = {}) {
    script.address = "127.0.0." + std::to_string(last_octet);
    script.port = port_number_;
    if (!certificate.empty()) {
      script.certificate = certificates_ + "/" + certificate + ".pem";
      script.key = certificates_ + "/" + certificate + ".key";
    }
    peers_.push_back(std::make_unique<ScriptedPeer>(std::move(script)));
    port_number_ = settings_.port = peers_.back()->port();
    return *peers_.back();
  }
  // Answers every request with this, as soon as it is connected to.
  ScriptedPeer& web(const std::string& head, const std::string& body) {
    PeerScript script;
    script.tls_from_start = true;
    script.greeting = "HTTP/1.1 " + head +
                      "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
                      "\r\n\r\n" + body;
    ScriptedPeer& made = peer(61, "good", std::move(script));
    sts_.port = made.port();
    return made;
  }
  ScriptedPeer& policy(const std::string& mode, const std::string& hosts) {
    return web("200 OK\r\nContent-Type: text/plain; charset=utf-8",
               "version: STSv1\r\nmode: " + mode + "\r\n" + hosts + "max_age: 86400\r\n");
  }
  void start() {
    auto resolver = net::Resolver::create(loop_, resolver_options_);
    ASSERT_TRUE(resolver.has_value());
    resolver_ = std::move(*resolver);
    policies_ = std::make_unique<StsPolicies>(loop_, *resolver_, sts_);
    auto made = MxTransport::create(loop_, port_, *resolver_, policies_.get(), settings_);
    ASSERT_TRUE(made.has_value());
    transport_ = std::move(*made);
    transport_->wake();
  }
  const Outcome& send_to(const std::string& domain) {
    port_.add_to(domain, 1);
    start();
    EXPECT_TRUE(loop_.run_until([&] { return !port_.outcomes.empty(); }, 20s));
    static const Outcome none;
    return port_.outcomes.empty() ? none : port_.outcomes.back();
  }
  // As after a restart.
  void forget() {
    transport_.reset();
    policies_.reset();
    resolver_.reset();
    port_.outcomes.clear();
    port_.troubled.clear();
    port_.connect_allowed = true;
  }
  static bool said_mail(const ScriptedPeer& peer) {
    for (const std::string& command : peer.commands()) {
      if (command.starts_with("MAIL")) return true;
    }
    return false;
  }
  static bool said_starttls(const ScriptedPeer& peer) {
    for (const std::string& command : peer.commands()) {
      if (command == "STARTTLS") return true;
    }
    return false;
  }
  bool anchored() {
    const char* const anchor = std::getenv("TIDINGS_TEST_ANCHOR");
    if (anchor != nullptr) resolver_options_.trust_anchor_file = anchor;
    return anchor != nullptr;
  }

  net::EventLoop loop_;
  std::string certificates_;
  std::uint16_t port_number_ = 0;
  std::vector<std::unique_ptr<ScriptedPeer>> peers_;
  ListPort port_{loop_};
  net::ResolverOptions resolver_options_;
  StsSettings sts_;
  MxTransportSettings settings_;
  std::unique_ptr<net::Resolver> resolver_;
  std::unique_ptr<StsPolicies> policies_;
  std::unique_ptr<MxTransport> transport_;
};

TEST_F(MxPolicy, WithoutAPolicyItIsEncryptedWhenTheServerCan) {
  const ScriptedPeer& h1 = peer(21, "self");
  EXPECT_EQ(send_to("plain.sts").kind, OutcomeKind::sent);
  EXPECT_TRUE(said_starttls(h1));
}

TEST_F(MxPolicy, WithoutAPolicyBrokenEncryptionIsLeftOut) {
  const ScriptedPeer& h1 =
      peer(21, "self", {.reply = [](const std::string& verb, const std::string&, int) {
             return verb == "STARTTLS" ? std::string("CLOSE") : std::string("USUAL");
           }});
  EXPECT_EQ(send_to("plain.sts").kind, OutcomeKind::sent);
  EXPECT_EQ(h1.messages().size(), 1u);
  EXPECT_TRUE(port_.troubles.empty());
}

TEST_F(MxPolicy, EncryptionThatTheUrlRequiresIsNotLeftOut) {
  const ScriptedPeer& h1 = peer(21, "");
  settings_.url.tls = wire::SmtpTlsUse::required;
  EXPECT_EQ(send_to("plain.sts").reason, "tls_missing");
  EXPECT_FALSE(said_mail(h1));
}

TEST_F(MxPolicy, AnEnforcedPolicyIsMet) {
  const ScriptedPeer& h1 = peer(21, "good");
  const ScriptedPeer& web = policy("enforce", "mx: *.sts\r\n");
  EXPECT_EQ(send_to("shop.sts").kind, OutcomeKind::sent);
  EXPECT_TRUE(said_starttls(h1));
  // It answers before it reads.
  for (int i = 0; i < 500 && web.commands().empty(); ++i) std::this_thread::sleep_for(10ms);
  ASSERT_FALSE(web.commands().empty());
  EXPECT_EQ(web.commands().at(0), "GET /.well-known/mta-sts.txt HTTP/1.1");
  EXPECT_EQ(web.sessions(), 1);
}

TEST_F(MxPolicy, AnEnforcedPolicySendsNothingInClear) {
  const ScriptedPeer& h1 = peer(21, "");
  policy("enforce", "mx: h1.sts\r\n");
  const Outcome& outcome = send_to("shop.sts");
  EXPECT_EQ(outcome.kind, OutcomeKind::deferred);
  EXPECT_EQ(outcome.reason, "tls_missing");
  EXPECT_EQ(outcome.scope, Scope::site);
  EXPECT_NE(outcome.reply_text.find("MTA-STS"), std::string::npos) << outcome.reply_text;
  EXPECT_FALSE(said_mail(h1));
}

TEST_F(MxPolicy, AnEnforcedPolicyWantsTheRightCertificate) {
  const ScriptedPeer& other = peer(23, "good");
  policy("enforce", "mx: *.sts\r\n");
  const Outcome& outcome = send_to("wrong.sts");
  EXPECT_EQ(outcome.kind, OutcomeKind::deferred);
  EXPECT_EQ(outcome.reason, "tls_failed");
  // Advice for a relay's URL is no help here.
  EXPECT_EQ(outcome.reply_text.find("insecure"), std::string::npos) << outcome.reply_text;
  EXPECT_FALSE(said_mail(other));
}

TEST_F(MxPolicy, TheNextHostIsTriedWhenTheCertificateOfOneIsWrong) {
  const ScriptedPeer& other = peer(23, "good");
  const ScriptedPeer& h2 = peer(22, "good");
  policy("enforce", "mx: *.sts\r\n");
  EXPECT_EQ(send_to("both.sts").kind, OutcomeKind::sent);
  EXPECT_FALSE(said_mail(other));
  EXPECT_EQ(h2.messages().size(), 1u);
}

TEST_F(MxPolicy, HostsThatTheEnforcedPolicyDoesNotNameAreNotUsed) {
  const ScriptedPeer& h1 = peer(21, "good");
  policy("enforce", "mx: elsewhere.sts\r\n");
  const Outcome& outcome = send_to("shop.sts");
  EXPECT_EQ(outcome.kind, OutcomeKind::deferred);
  EXPECT_NE(outcome.reply_text.find("MTA-STS"), std::string::npos) << outcome.reply_text;
  EXPECT_EQ(h1.sessions(), 0);
}

TEST_F(MxPolicy, DomainsWithTheSameHostsKeepToTheirOwnPolicies) {
  const ScriptedPeer& h1 = peer(21, "good");
  const ScriptedPeer& h2 = peer(22, "good");
  PeerScript script;
  script.tls_from_start = true;
  script.greeting = "";
  script.reply = [](const std::string& verb, const std::string& line, int) -> std::string {
    if (verb != "HOST:") return "";
    const std::string host = line.find("first") != std::string::npos ? "h1.sts" : "h2.sts";
    const std::string body = "version: STSv1\nmode: enforce\nmx: " + host + "\nmax_age: 86400\n";
    return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  };
  sts_.port = peer(61, "good", std::move(script)).port();
  port_.add_to("first.sts", 5);
  port_.add_to("last.sts", 5);
  start();
  ASSERT_TRUE(loop_.run_until([&] { return port_.outcomes.size() == 10; }, 20s));
  EXPECT_EQ(h1.messages().size(), 5u);
  EXPECT_EQ(h2.messages().size(), 5u);
  for (const auto& message : h1.messages()) EXPECT_NE(message.find("@first.sts"), message.npos);
}

TEST_F(MxPolicy, APolicyInTestingHindersNothing) {
  const ScriptedPeer& h1 = peer(21, "");
  policy("testing", "mx: elsewhere.sts\r\n");
  EXPECT_EQ(send_to("shop.sts").kind, OutcomeKind::sent);
  EXPECT_EQ(h1.messages().size(), 1u);
}

TEST_F(MxPolicy, WhatIsNoPolicyFileHindersNothing) {
  const std::string good = "version: STSv1\nmode: enforce\nmx: elsewhere.sts\nmax_age: 86400\n";
  const std::pair<std::string, std::string> answers[] = {
      {"301 Moved\r\nContent-Type: text/plain\r\nLocation: https://h1.sts/", good},
      {"404 Not Found\r\nContent-Type: text/plain", good},
      {"200 OK\r\nContent-Type: text/html", good},
      {"200 OK\r\nContent-Type: text/plain", "<html>"},
      {"200 OK\r\nContent-Type: text/plain", good + std::string(100'000, '\n')},
  };
  for (const auto& [head, body] : answers) {
    const ScriptedPeer& h1 = peer(21, "");
    web(head, body);
    EXPECT_EQ(send_to("shop.sts").kind, OutcomeKind::sent) << head;
    EXPECT_EQ(h1.messages().size(), 1u) << head;
    forget();
    peers_.clear();
  }
}

TEST_F(MxPolicy, AWebServerAtAPrivateAddressIsNotAsked) {
  sts_.private_networks.clear();
  const ScriptedPeer& h1 = peer(21, "");
  const ScriptedPeer& web = policy("enforce", "mx: elsewhere.sts\r\n");
  EXPECT_EQ(send_to("shop.sts").kind, OutcomeKind::sent);
  EXPECT_EQ(h1.messages().size(), 1u);
  EXPECT_EQ(web.sessions(), 0);
}

TEST_F(MxPolicy, AWebServerWithAnUnknownCertificateIsNotBelieved) {
  sts_.ca_file = certificates_ + "/self.pem";
  const ScriptedPeer& h1 = peer(21, "");
  policy("enforce", "mx: elsewhere.sts\r\n");
  EXPECT_EQ(send_to("shop.sts").kind, OutcomeKind::sent);
  EXPECT_EQ(h1.messages().size(), 1u);
}

TEST_F(MxPolicy, APolicyHoldsOverARestartAlsoWhenTheWebServerIsGone) {
  peer(21, "good");
  policy("enforce", "mx: h1.sts\r\n");
  EXPECT_EQ(send_to("shop.sts").kind, OutcomeKind::sent);
  forget();
  peers_.clear();
  const ScriptedPeer& h1 = peer(21, "");
  const Outcome& outcome = send_to("shop.sts");
  EXPECT_EQ(outcome.reason, "tls_missing");
  EXPECT_FALSE(said_mail(h1));
}

TEST_F(MxPolicy, TheCertificateThatADomainNamesIsAccepted) {
  if (!anchored()) GTEST_SKIP() << "no signed zone: ldnsutils is not here";
  const ScriptedPeer& h1 = peer(21, "good");
  settings_.ca_file.clear();  // no authority knows it
  EXPECT_EQ(send_to("right.dane").kind, OutcomeKind::sent);
  EXPECT_TRUE(said_starttls(h1));
}

TEST_F(MxPolicy, AnotherCertificateThanTheNamedIsRefused) {
  if (!anchored()) GTEST_SKIP() << "no signed zone: ldnsutils is not here";
  const ScriptedPeer& h2 = peer(22, "good");
  const Outcome& outcome = send_to("differs.dane");
  EXPECT_EQ(outcome.kind, OutcomeKind::deferred);
  EXPECT_EQ(outcome.reason, "tls_failed");
  EXPECT_NE(outcome.reply_text.find("DANE"), std::string::npos) << outcome.reply_text;
  EXPECT_FALSE(said_mail(h2));
}

TEST_F(MxPolicy, TheNextHostIsTriedWhenOneShowsAnotherCertificate) {
  if (!anchored()) GTEST_SKIP() << "no signed zone: ldnsutils is not here";
  const ScriptedPeer& h2 = peer(22, "good");
  const ScriptedPeer& h1 = peer(21, "good");
  EXPECT_EQ(send_to("second.dane").kind, OutcomeKind::sent);
  EXPECT_FALSE(said_mail(h2));
  EXPECT_EQ(h1.messages().size(), 1u);
}

TEST_F(MxPolicy, ANamedCertificateThatIsNotShownAtAllIsRefused) {
  if (!anchored()) GTEST_SKIP() << "no signed zone: ldnsutils is not here";
  const ScriptedPeer& h1 = peer(21, "");
  EXPECT_EQ(send_to("right.dane").reason, "tls_missing");
  EXPECT_FALSE(said_mail(h1));
}

TEST_F(MxPolicy, RecordsThatNameNoCertificateWantEncryptionOnly) {
  if (!anchored()) GTEST_SKIP() << "no signed zone: ldnsutils is not here";
  peer(23, "self");
  EXPECT_EQ(send_to("vague.dane").kind, OutcomeKind::sent);
  forget();
  peers_.clear();
  const ScriptedPeer& clear = peer(23, "");
  EXPECT_EQ(send_to("vague.dane").reason, "tls_missing");
  EXPECT_FALSE(said_mail(clear));
}

TEST_F(MxPolicy, RecordsWithWrongSignaturesAreReasonToWait) {
  if (!anchored()) GTEST_SKIP() << "no signed zone: ldnsutils is not here";
  const ScriptedPeer& h4 = peer(24, "self");
  const Outcome& outcome = send_to("spoilt.dane");
  EXPECT_EQ(outcome.kind, OutcomeKind::deferred);
  EXPECT_EQ(outcome.reason, "dns_unavailable");
  EXPECT_EQ(h4.sessions(), 0);
}

TEST_F(MxPolicy, WithoutATrustAnchorNoCertificateIsNamed) {
  const ScriptedPeer& h2 = peer(22, "");
  EXPECT_EQ(send_to("differs.dane").kind, OutcomeKind::sent);
  EXPECT_EQ(h2.messages().size(), 1u);
}

}  // namespace
}  // namespace tidings::delivery
