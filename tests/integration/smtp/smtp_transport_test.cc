// The transport against a peer that behaves, and against one that does not (R8).
#include "delivery/smtp_transport.h"

#include <chrono>
#include <memory>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "delivery/smtp_probe.h"
#include "list_port.h"
#include "net/event_loop.h"
#include "scripted_peer.h"

namespace tidings::delivery {
namespace {

using namespace std::chrono_literals;

struct World {
  explicit World(PeerScript script, const std::string& options = "")
      : peer(std::move(script)), port(loop) {
    settings.relay =
        *wire::parse_relay_url("smtp://127.0.0.1:" + std::to_string(peer.port()) + options);
    settings.connections_max = 3;
  }
  void start() {
    auto made = SmtpTransport::create(loop, port, settings);
    ASSERT_TRUE(made.has_value());
    transport = std::move(*made);
    transport->wake();
  }
  bool until(const std::function<bool()>& done) { return loop.run_until(done, 10s); }
  bool finish(std::size_t count) {
    return until([&] { return port.outcomes.size() >= count; });
  }
  bool drain() {
    bool drained = false;
    transport->drain([&] { drained = true; });
    return until([&] { return drained; });
  }

  net::EventLoop loop;
  ScriptedPeer peer;
  ListPort port;
  SmtpTransportSettings settings;
  std::unique_ptr<SmtpTransport> transport;
};

TEST(SmtpTransport, SendsEveryMessageOnceAndDrains) {
  World world({});
  world.port.add(500);
  world.start();
  ASSERT_TRUE(world.finish(500));
  EXPECT_EQ(world.port.count(OutcomeKind::sent), 500u);
  EXPECT_TRUE(world.drain());
  EXPECT_EQ(world.transport->connections(), 0u);
  EXPECT_EQ(world.port.taken, 0);
  const auto messages = world.peer.messages();
  EXPECT_EQ(std::set(messages.begin(), messages.end()).size(), 500u);
  EXPECT_EQ(messages.size(), 500u);
  EXPECT_EQ(messages[0].substr(messages[0].find('\n') + 1), "Subject: t\r\n\r\n.dot\r\nbody\r\n");
  EXPECT_LE(world.peer.sessions(), 3);
  EXPECT_EQ(world.port.intents, 500);
}

TEST(SmtpTransport, WorksWithoutPipelining) {
  World world({.extensions = {}});
  world.port.add(50);
  world.start();
  ASSERT_TRUE(world.finish(50));
  EXPECT_EQ(world.port.count(OutcomeKind::sent), 50u);
  EXPECT_EQ(world.peer.messages().size(), 50u);
}

TEST(SmtpTransport, WorksWhenRepliesComeOctetByOctet) {
  World world({.byte_by_byte = true});
  world.port.add(20);
  world.start();
  ASSERT_TRUE(world.finish(20));
  EXPECT_EQ(world.peer.messages().size(), 20u);
}

TEST(SmtpTransport, CarriesLargeMessages) {
  World world({.extensions = {"PIPELINING", "SIZE 0"}});
  std::string body = "Subject: big\r\n\r\n";
  while (body.size() < 8'000'000)
    body += ".a line that begins with a dot, and is ordinary else\r\n";
  world.port.add(4, body);
  world.start();
  ASSERT_TRUE(world.finish(4));
  EXPECT_EQ(world.port.count(OutcomeKind::sent), 4u);
  for (const std::string& message : world.peer.messages()) {
    EXPECT_EQ(message.substr(message.find('\n') + 1), body);
  }
}

TEST(SmtpTransport, RefusesTooLargeBeforeSending) {
  World world({.extensions = {"PIPELINING", "SIZE 100"}});
  world.port.add(3, std::string(200, 'x') + "\r\n");
  world.start();
  ASSERT_TRUE(world.finish(3));
  EXPECT_EQ(world.port.outcomes[0].reason, "too_large");
  EXPECT_EQ(world.port.outcomes[0].kind, OutcomeKind::failed);
  for (const std::string& command : world.peer.commands()) {
    EXPECT_FALSE(command.starts_with("MAIL")) << command;
  }
}

TEST(SmtpTransport, RefusedRecipientsBounceAndOthersGoOn) {
  World world({.reply = [](const std::string& verb, const std::string& line, int) {
    return verb == "RCPT" && line.find("3@") != std::string::npos
               ? std::string("550 5.1.1 no such user\r\n")
               : std::string("USUAL");
  }});
  world.port.add(40);
  world.start();
  ASSERT_TRUE(world.finish(40));
  EXPECT_EQ(world.port.count(OutcomeKind::bounced), 4u);
  EXPECT_EQ(world.port.count(OutcomeKind::sent), 36u);
  EXPECT_EQ(world.peer.messages().size(), 36u);
  for (const Outcome& outcome : world.port.outcomes) {
    if (outcome.kind != OutcomeKind::bounced) continue;
    EXPECT_EQ(outcome.scope, Scope::recipient);
    EXPECT_EQ(outcome.enhanced_status_code, "5.1.1");
    EXPECT_EQ(outcome.reply_text, "no such user");
  }
}

TEST(SmtpTransport, ARelayThatIsNotThereIsSiteTroubleAndNothingIsLost) {
  World world({});
  world.settings.relay.port = 1;
  world.port.add(3);
  world.start();
  ASSERT_TRUE(world.until([&] { return !world.port.troubles.empty(); }));
  ASSERT_TRUE(world.until([&] { return world.transport->connections() == 0; }));
  EXPECT_EQ(world.port.troubles[0].reason, "connect_failed");
  EXPECT_EQ(world.port.waiting(), 3u);
  EXPECT_EQ(world.transport->in_flight(), 0u);
}

TEST(SmtpTransport, WithoutAJournalTheMessageGoesBack) {
  World world({});
  world.settings.connections_max = 1;
  world.port.journal_works = false;
  world.port.add(1);
  world.start();
  ASSERT_TRUE(world.until([&] { return world.port.given_back > 0; }));
  world.transport->stop();
  EXPECT_TRUE(world.peer.messages().empty());
  EXPECT_TRUE(world.port.outcomes.empty());
  EXPECT_EQ(world.port.taken, 0);
}

TEST(SmtpTransport, WithoutALeaseNothingLeaves) {
  World world({});
  world.port.lease = false;
  world.settings.connections_max = 1;
  world.port.add(1);
  world.start();
  ASSERT_TRUE(world.until([&] { return world.port.given_back > 0; }));
  EXPECT_EQ(world.port.intents, 0);
}

TEST(SmtpTransport, StopReportsTheAmbiguousAsUncertainAndGivesTheRestBack) {
  World world({.reply = [](const std::string& verb, const std::string&, int) {
    return verb == "." ? std::string("STALL") : std::string("USUAL");
  }});
  world.port.add(20);
  world.start();
  ASSERT_TRUE(world.until([&] { return world.port.intents == 3; }));
  world.loop.run_until([] { return false; }, 100ms);
  world.transport->stop();
  EXPECT_EQ(world.port.count(OutcomeKind::uncertain), 3u);
  EXPECT_EQ(world.port.outcomes.size(), 3u);
  EXPECT_EQ(world.port.waiting(), 17u);
  EXPECT_EQ(world.port.taken, 0);
}

TEST(SmtpTransport, IdleConnectionsQuit) {
  World world({});
  world.settings.idle_max = 10ms;
  world.port.add(5);
  world.start();
  ASSERT_TRUE(world.finish(5));
  ASSERT_TRUE(world.until([&] { return world.transport->connections() == 0; }));
  EXPECT_EQ(world.peer.commands().back(), "QUIT");
  world.port.add(5);
  world.transport->wake();
  EXPECT_TRUE(world.finish(10));
}

TEST(SmtpTransport, AConnectionEndsAfterItsNumberOfMessages) {
  World world({});
  world.settings.messages_per_connection = 10;
  world.settings.connections_max = 1;
  world.port.add(35);
  world.start();
  ASSERT_TRUE(world.finish(35));
  EXPECT_EQ(world.port.count(OutcomeKind::sent), 35u);
  EXPECT_EQ(world.peer.sessions(), 4);
}

// The zoo: whatever a server does, every message comes back exactly once, nothing is called sent
// that was not accepted, and what was accepted is never called refused or deferred.
struct Beast {
  std::string name;
  PeerScript script;
};

PeerScript answering(std::string verb, std::string text, int from = 2) {
  PeerScript script;
  script.reply = [=](const std::string& v, const std::string&, int nth) {
    return v == verb && nth >= from ? text : std::string("USUAL");
  };
  return script;
}

std::vector<Beast> zoo() {
  std::vector<Beast> all;
  const auto add = [&](const std::string& name, PeerScript script) {
    all.push_back({name, std::move(script)});
  };
  add("closes at once", {.greeting = "CLOSE"});
  add("554 at the greeting", {.greeting = "554 5.7.1 go away\r\n"});
  add("421 at the greeting", {.greeting = "421 4.3.2 busy\r\n"});
  add("speaks HTTP", {.greeting = "HTTP/1.1 400 Bad Request\r\n\r\n"});
  add("NULs at the greeting", {.greeting = std::string("\0\0\0\r\n", 5)});
  add("greeting and replies ahead of time",
      {.greeting = "220 hi\r\n250 a\r\n250 b\r\n250 c\r\n354 d\r\n250 e\r\n"});
  std::string endless;
  for (int i = 0; i < 50'000; ++i) endless += "250-more\r\n";
  add("endless EHLO", answering("EHLO", endless, 1));
  add("a reply of 10 MB without a line end", answering("EHLO", std::string(10'000'000, '2'), 1));
  add("EHLO and HELO refused", {.reply = [](const std::string& v, const std::string&, int) {
        return v == "EHLO" || v == "HELO" ? std::string("550 no\r\n") : std::string("USUAL");
      }});
  for (const char* verb : {"MAIL", "RCPT", "DATA", "."}) {
    for (const char* what :
         {"CLOSE", "RESET", "421 4.3.2 closing\r\n", "451 later\r\n", "550 5.0.0 no\r\n",
          "garbage\r\n", "999 what\r\n", "250 ok\r\n250 too many\r\n"}) {
      add(std::string(verb) + ": " + what, answering(verb, what));
    }
  }
  for (const char* verb : {"EHLO", "MAIL", "RCPT", "DATA", "."}) {
    add(std::string("stalls at ") + verb, answering(verb, "STALL"));
  }
  add("stalls at the greeting", {.greeting = "STALL"});
  add("354 for MAIL", answering("MAIL", "354 go\r\n"));
  add("250 for DATA", answering("DATA", "250 ok\r\n"));
  add("354 for the dot", answering(".", "354 go\r\n"));
  add("accepted DATA and refused before the dot",
      answering("DATA", "354 go\r\n552 5.3.4 too big\r\n"));
  add("accepted DATA and accepted before the dot", answering("DATA", "354 go\r\n250 ok\r\n"));
  add("refuses RCPT, accepts DATA", {.reply = [](const std::string& v, const std::string&, int) {
        return v == "RCPT"   ? std::string("550 5.1.1 no\r\n")
               : v == "DATA" ? std::string("354 go\r\n")
                             : std::string("USUAL");
      }});
  return all;
}

TEST(SmtpTransport, AZooOfServersLosesNothingAndLiesAboutNothing) {
  for (Beast& beast : zoo()) {
    World world(std::move(beast.script));
    world.settings.connections_max = 2;
    world.settings.timeouts = {.greeting = 300ms,
                               .hello = 300ms,
                               .starttls = 300ms,
                               .auth = 300ms,
                               .mail = 300ms,
                               .rcpt = 300ms,
                               .data = 300ms,
                               .block = 300ms,
                               .dot = 300ms,
                               .rset = 300ms,
                               .quit = 100ms};
    world.port.add(12);
    world.start();
    const auto quiet = [&] {
      return world.port.outcomes.size() == 12 ||
             (!world.port.troubles.empty() && world.transport->connections() == 0);
    };
    EXPECT_TRUE(world.until(quiet)) << beast.name;
    world.transport->stop();
    EXPECT_EQ(world.port.outcomes.size() + world.port.waiting(), 12u) << beast.name;
    EXPECT_EQ(world.port.taken, 0) << beast.name;
    std::set<std::string> accepted;
    for (const std::string& message : world.peer.messages()) {
      accepted.insert(message.substr(1, message.find('@') - 1));
    }
    for (const Outcome& outcome : world.port.outcomes) {
      const bool taken = accepted.contains(std::to_string(outcome.message_id.value));
      if (outcome.kind == OutcomeKind::sent) EXPECT_TRUE(taken) << beast.name;
      if (taken) {
        EXPECT_TRUE(outcome.kind == OutcomeKind::sent || outcome.kind == OutcomeKind::uncertain)
            << beast.name << ": " << outcome.reason;
      }
    }
  }
}

}  // namespace
}  // namespace tidings::delivery
