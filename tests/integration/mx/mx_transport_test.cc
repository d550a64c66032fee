// The transport to MX against scripted peers, found through a real name server: S11, S12.
#include "delivery/mx_transport.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "list_port.h"
#include "net/event_loop.h"
#include "scripted_peer.h"

namespace tidings::delivery {
namespace {

using namespace std::chrono_literals;

class MxTransportTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* const server = std::getenv("TIDINGS_TEST_DNS");
    if (server == nullptr) GTEST_SKIP() << "run by tests/peers/name_server.py";
    net::ResolverOptions options;
    options.servers = {server};
    auto made = net::Resolver::create(loop_, options);
    ASSERT_TRUE(made.has_value());
    resolver_ = std::move(*made);
    settings_.hello_name = "sender.mx";
    settings_.private_networks = {*wire::IpNetwork::parse("127.0.0.0/8")};
    settings_.connections_per_site = 2;
    // No MX has IPv6 here but one.
    settings_.connect_timeout = 5s;
  }
  // The first peer's port is everybody's.
  ScriptedPeer& peer(int last_octet, PeerScript script = {}) {
    script.address = "127.0.0." + std::to_string(last_octet);
    if (!peers_.empty()) script.port = peers_.front()->port();
    peers_.push_back(std::make_unique<ScriptedPeer>(std::move(script)));
    settings_.port = peers_.front()->port();
    return *peers_.back();
  }
  void start() {
    auto made = MxTransport::create(loop_, port_, *resolver_, nullptr, settings_);
    ASSERT_TRUE(made.has_value());
    transport_ = std::move(*made);
    transport_->wake();
  }
  bool until(const std::function<bool()>& done) { return loop_.run_until(done, 20s); }
  bool finish(std::size_t count) {
    return until([&] { return port_.outcomes.size() >= count; });
  }
  const Outcome& only() {
    EXPECT_EQ(port_.outcomes.size(), 1u);
    static const Outcome none;
    return port_.outcomes.empty() ? none : port_.outcomes.front();
  }
  // One message to the domain; its outcome.
  const Outcome& send_to(const std::string& domain) {
    port_.add_to(domain, 1);
    start();
    EXPECT_TRUE(finish(1));
    return only();
  }

  net::EventLoop loop_;
  std::vector<std::unique_ptr<ScriptedPeer>> peers_;
  ListPort port_{loop_};
  std::unique_ptr<net::Resolver> resolver_;
  MxTransportSettings settings_;
  std::unique_ptr<MxTransport> transport_;
};

TEST_F(MxTransportTest, SendsToTheHostOfTheDomain) {
  const ScriptedPeer& h1 = peer(21);
  port_.add_to("one.mx", 100);
  start();
  ASSERT_TRUE(finish(100));
  EXPECT_EQ(port_.count(OutcomeKind::sent), 100u);
  const auto messages = h1.messages();
  EXPECT_EQ(std::set(messages.begin(), messages.end()).size(), 100u);
  EXPECT_EQ(messages[0].substr(messages[0].find('\n') + 1), "Subject: t\r\n\r\n.dot\r\nbody\r\n");
  EXPECT_LE(h1.sessions(), 2);
  EXPECT_EQ(h1.commands().front(), "EHLO sender.mx");
  EXPECT_TRUE(port_.outcomes[0].remote.starts_with("h1.mx [127.0.0.21:"))
      << port_.outcomes[0].remote;
  bool drained = false;
  transport_->drain([&] { drained = true; });
  EXPECT_TRUE(until([&] { return drained; }));
  EXPECT_EQ(transport_->connections(), 0u);
  EXPECT_EQ(port_.taken, 0);
}

TEST_F(MxTransportTest, TheBestHostGetsTheMail) {
  const ScriptedPeer& h1 = peer(21);
  const ScriptedPeer& h2 = peer(22);
  port_.add_to("two.mx", 30);
  start();
  ASSERT_TRUE(finish(30));
  EXPECT_EQ(h1.messages().size(), 30u);
  EXPECT_EQ(h2.sessions(), 0);
}

TEST_F(MxTransportTest, DomainsWithTheSameHostsShareTheirConnections) {
  peer(21);
  peer(22);
  settings_.connections_per_site = 1;
  port_.add_to("two.mx", 20);
  port_.add_to("twin.mx", 20);
  start();
  ASSERT_TRUE(finish(40));
  EXPECT_EQ(port_.count(OutcomeKind::sent), 40u);
  EXPECT_EQ(transport_->sites(), 1u);
  EXPECT_EQ(peers_[0]->sessions() + peers_[1]->sessions(), 1);
}

TEST_F(MxTransportTest, TheNextHostIsTriedWhenOneCannotBeReached) {
  const ScriptedPeer& h2 = peer(22);
  const Outcome& outcome = send_to("fallback.mx");
  EXPECT_EQ(outcome.kind, OutcomeKind::sent);
  EXPECT_EQ(h2.messages().size(), 1u);
  EXPECT_TRUE(port_.troubles.empty());
}

TEST_F(MxTransportTest, TheNextHostIsTriedWhenOneRefusesTheConnection) {
  peer(21, {.greeting = "554 5.3.2 not here\r\n"});
  const ScriptedPeer& h2 = peer(22);
  EXPECT_EQ(send_to("two.mx").kind, OutcomeKind::sent);
  EXPECT_EQ(h2.messages().size(), 1u);
}

TEST_F(MxTransportTest, ASiteThatCannotBeReachedAtAllDefersItsMessagesAndNoOthers) {
  const ScriptedPeer& h1 = peer(21);
  port_.add_to("lost.mx", 1);
  port_.add_to("one.mx", 10);
  start();
  ASSERT_TRUE(finish(11));
  EXPECT_EQ(h1.messages().size(), 10u);
  ASSERT_EQ(port_.count(OutcomeKind::deferred), 1u);
  const auto deferred = std::ranges::find(port_.outcomes, OutcomeKind::deferred, &Outcome::kind);
  EXPECT_EQ(deferred->scope, Scope::site);
  EXPECT_EQ(deferred->reason, "connect_failed");
  EXPECT_EQ(port_.domain_of[deferred->message_id.value], "lost.mx");
  EXPECT_EQ(port_.troubled, std::vector<std::string>{"dead.mx"});
}

TEST_F(MxTransportTest, ADomainWithoutMxIsItsOwnHost) {
  const ScriptedPeer& h2 = peer(22);
  EXPECT_EQ(send_to("implicit.mx").kind, OutcomeKind::sent);
  EXPECT_EQ(h2.messages().size(), 1u);
}

TEST_F(MxTransportTest, ANullMxIsAnsweredWithoutConnecting) {
  const ScriptedPeer& h1 = peer(21);
  const Outcome& outcome = send_to("null.mx");
  EXPECT_EQ(outcome.kind, OutcomeKind::bounced);
  EXPECT_EQ(outcome.reply_code, 556);
  EXPECT_EQ(outcome.enhanced_status_code, "5.1.10");
  loop_.run_until([] { return false; }, 100ms);
  EXPECT_EQ(h1.sessions(), 0);
  EXPECT_EQ(transport_->connections(), 0u);
}

TEST_F(MxTransportTest, WhatDoesNotExistBouncesAndWhatIsNotKnownWaits) {
  const ScriptedPeer& h1 = peer(21);
  for (const char* const domain :
       {"absent.mx", "unusable.mx", "uncertain.mx", "any.broken", "private.mx", "ours.mx"}) {
    port_.add_to(domain, 1);
  }
  start();
  ASSERT_TRUE(finish(6));
  std::map<std::string, Outcome> by_domain;
  for (const Outcome& outcome : port_.outcomes) {
    by_domain[port_.domain_of[outcome.message_id.value]] = outcome;
  }
  EXPECT_EQ(by_domain["absent.mx"].reason, "domain_unknown");
  EXPECT_EQ(by_domain["absent.mx"].kind, OutcomeKind::bounced);
  EXPECT_EQ(by_domain["unusable.mx"].reason, "no_mail_server");
  EXPECT_EQ(by_domain["unusable.mx"].kind, OutcomeKind::bounced);
  EXPECT_EQ(by_domain["uncertain.mx"].reason, "dns_unavailable");
  EXPECT_EQ(by_domain["uncertain.mx"].kind, OutcomeKind::deferred);
  EXPECT_EQ(by_domain["any.broken"].kind, OutcomeKind::deferred);
  EXPECT_EQ(by_domain["private.mx"].reason, "address_not_allowed");
  EXPECT_EQ(by_domain["ours.mx"].reason, "mail_loop");
  EXPECT_EQ(h1.sessions(), 0);
}

TEST_F(MxTransportTest, OurOwnHostAsTheBestIsALoop) {
  settings_.hello_name = "h1.mx";
  const ScriptedPeer& h1 = peer(21);
  const Outcome& outcome = send_to("two.mx");
  EXPECT_EQ(outcome.reason, "mail_loop");
  EXPECT_EQ(outcome.kind, OutcomeKind::failed);
  EXPECT_EQ(h1.sessions(), 0);
}

TEST_F(MxTransportTest, PrivateAddressesAreRefusedUnlessAllowed) {
  const ScriptedPeer& h1 = peer(21);
  settings_.private_networks.clear();
  EXPECT_EQ(send_to("one.mx").reason, "address_not_allowed");
  EXPECT_EQ(h1.sessions(), 0);
}

TEST_F(MxTransportTest, OfSeveralAddressesOnlyThoseAllowedAreUsed) {
  const ScriptedPeer& h2 = peer(22);
  EXPECT_EQ(send_to("mixed.mx").kind, OutcomeKind::sent);
  EXPECT_EQ(h2.messages().size(), 1u);
}

TEST_F(MxTransportTest, AliasesAreFollowed) {
  const ScriptedPeer& h1 = peer(21);
  port_.add_to("alias.mx", 1);
  port_.add_to("tochost.mx", 1);
  start();
  ASSERT_TRUE(finish(2));
  EXPECT_EQ(h1.messages().size(), 2u);
}

TEST_F(MxTransportTest, Ipv4IsTriedWhenIpv6DoesNotAnswer) {
  const ScriptedPeer& h1 = peer(21);
  settings_.private_networks.push_back(*wire::IpNetwork::parse("::1"));
  EXPECT_EQ(send_to("dual.mx").kind, OutcomeKind::sent);
  EXPECT_EQ(h1.messages().size(), 1u);
}

TEST_F(MxTransportTest, AnAddressLiteralIsItsOwnHost) {
  const ScriptedPeer& h1 = peer(21);
  EXPECT_EQ(send_to("[127.0.0.21]").kind, OutcomeKind::sent);
  EXPECT_EQ(h1.messages().size(), 1u);
}

TEST_F(MxTransportTest, LeavesFromTheSourceAddress) {
  peer(21);
  settings_.url.sources = {*wire::IpAddress::parse("127.0.0.99")};
  EXPECT_EQ(send_to("one.mx").kind, OutcomeKind::sent);
}

TEST_F(MxTransportTest, ASourceAddressThatIsNotOursIsSiteTrouble) {
  peer(21);
  settings_.url.sources = {*wire::IpAddress::parse("203.0.113.9")};
  const Outcome& outcome = send_to("one.mx");
  EXPECT_EQ(outcome.kind, OutcomeKind::deferred);
  EXPECT_EQ(outcome.reason, "connect_failed");
}

TEST_F(MxTransportTest, ARouteGoesToItsServerAndOthersDirectly) {
  const ScriptedPeer& h1 = peer(21);
  ScriptedPeer gate({});
  const auto url = wire::parse_mx_url("mx:?route=*.partner.example=smtp://127.0.0.1:" +
                                      std::to_string(gate.port()));
  ASSERT_TRUE(url.has_value());
  settings_.url = *url;
  port_.add_to("a.partner.example", 3);
  port_.add_to("one.mx", 2);
  start();
  ASSERT_TRUE(finish(5));
  EXPECT_EQ(gate.messages().size(), 3u);
  EXPECT_EQ(h1.messages().size(), 2u);
}

TEST_F(MxTransportTest, NotMoreConnectionsThanAllowedInAll) {
  peer(21);
  peer(22);
  settings_.connections_max = 1;
  port_.add_to("one.mx", 20);
  port_.add_to("implicit.mx", 20);
  settings_.idle_max = 10ms;
  start();
  std::size_t most = 0;
  ASSERT_TRUE(until([&] {
    most = std::max(most, transport_->connections());
    return port_.outcomes.size() == 40;
  }));
  EXPECT_EQ(most, 1u);
  EXPECT_EQ(port_.count(OutcomeKind::sent), 40u);
}

TEST_F(MxTransportTest, ARefusedRecipientBouncesAlone) {
  peer(21, {.reply = [](const std::string& verb, const std::string& line, int) {
         return verb == "RCPT" && line.find("r3@") != std::string::npos
                    ? std::string("550 5.1.1 no such user\r\n")
                    : std::string("USUAL");
       }});
  port_.add_to("one.mx", 10);
  start();
  ASSERT_TRUE(finish(10));
  EXPECT_EQ(port_.count(OutcomeKind::bounced), 1u);
  EXPECT_EQ(port_.count(OutcomeKind::sent), 9u);
}

TEST_F(MxTransportTest, StopGivesEverythingBack) {
  peer(21, {.reply = [](const std::string& verb, const std::string&, int) {
         return verb == "RCPT" ? std::string("STALL") : std::string("USUAL");
       }});
  port_.add_to("one.mx", 5);
  port_.add_to("never.broken", 5);
  start();
  ASSERT_TRUE(until([&] { return transport_->in_flight() > 0; }));
  loop_.run_until([] { return false; }, 50ms);
  transport_->stop();
  EXPECT_EQ(port_.taken, 0);
  transport_.reset();
  loop_.run_until([] { return false; }, 50ms);
}

}  // namespace
}  // namespace tidings::delivery
