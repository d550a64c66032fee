// The resolver asks Unbound, which tests/peers/name_server.py started with the zones of this
// folder.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "net/dns.h"
#include "net/event_loop.h"

namespace tidings::net {
namespace {

using namespace std::chrono_literals;
using wire::IpAddress;
using wire::MxRecord;

class ResolverTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* const server = std::getenv("TIDINGS_TEST_DNS");
    if (server == nullptr) GTEST_SKIP() << "run by tests/peers/name_server.py";
    options_.servers = {server};
    options_.timeout = 5s;
  }
  // Creates with the options as they are by then.
  Resolver& resolver() {
    if (resolver_ == nullptr) {
      auto made = Resolver::create(loop_, options_);
      EXPECT_TRUE(made.has_value());
      resolver_ = std::move(*made);
    }
    return *resolver_;
  }
  template <typename Record, typename Ask, typename Name>
  DnsReply<Record> answer(Ask ask, const Name& name) {
    std::optional<DnsReply<Record>> reply;
    const DnsQuestion question =
        (resolver().*ask)(name, [&](DnsReply<Record> r) { reply = std::move(r); });
    EXPECT_FALSE(reply.has_value()) << "answered from inside the call";
    EXPECT_TRUE(loop_.run_until([&] { return reply.has_value(); }, 20s));
    return reply.value_or(DnsReply<Record>());
  }
  DnsReply<MxRecord> mx(std::string_view name) { return answer<MxRecord>(&Resolver::mx, name); }
  DnsReply<IpAddress> a(std::string_view name) { return answer<IpAddress>(&Resolver::a, name); }

  EventLoop loop_;
  ResolverOptions options_;
  std::unique_ptr<Resolver> resolver_;
};

TEST_F(ResolverTest, FindsRecordsOfEachType) {
  auto mail = mx("two.example");
  ASSERT_EQ(mail.status, DnsStatus::found) << mail.why;
  std::ranges::sort(mail.records, {}, &MxRecord::preference);
  EXPECT_EQ(mail.records, (std::vector<MxRecord>{{10, "a.two.example"}, {20, "b.two.example"}}));
  EXPECT_GT(mail.holds_for, 200s);
  EXPECT_LE(mail.holds_for, 300s);
  EXPECT_FALSE(mail.is_secure);
  auto addresses = a("a.two.example");
  ASSERT_EQ(addresses.records.size(), 2u);
  std::ranges::sort(addresses.records);
  EXPECT_EQ(addresses.records[0].text(), "192.0.2.1");
  const auto six = answer<IpAddress>(&Resolver::aaaa, "a.two.example");
  ASSERT_EQ(six.records.size(), 1u);
  EXPECT_EQ(six.records[0].text(), "2001:db8::1");
  auto texts = answer<std::string>(&Resolver::txt, "long.example");
  std::ranges::sort(texts.records);
  EXPECT_EQ(texts.records, (std::vector<std::string>{"another", "v=spf1 ip4:192.0.2.0/24 -all"}));
  const auto names = answer<std::string>(&Resolver::ptr, *IpAddress::parse("192.0.2.1"));
  EXPECT_EQ(names.records, std::vector<std::string>{"mail.example"});
  const auto tlsa = answer<wire::TlsaRecord>(&Resolver::tlsa, "_25._tcp.a.two.example");
  ASSERT_EQ(tlsa.records.size(), 1u);
  EXPECT_EQ(tlsa.records[0].usage, 3);
  EXPECT_EQ(tlsa.records[0].data.size(), 32u);
}

TEST_F(ResolverTest, TellsWhatIsNotThereFromWhatCannotBeKnown) {
  EXPECT_EQ(mx("absent.example").status, DnsStatus::no_domain);
  EXPECT_EQ(mx("bare.example").status, DnsStatus::no_data);
  EXPECT_EQ(a("nothing.example").status, DnsStatus::no_data);
  const auto broken = mx("any.broken");
  EXPECT_EQ(broken.status, DnsStatus::failed);
  EXPECT_FALSE(broken.why.empty());
  EXPECT_FALSE(broken.is_bogus);
}

TEST_F(ResolverTest, TheNullMxIsTheEmptyName) {
  EXPECT_EQ(mx("null.example").records, (std::vector<MxRecord>{{0, ""}}));
}

TEST_F(ResolverTest, FollowsAliases) {
  const auto alias = mx("alias.example");
  EXPECT_EQ(alias.records.size(), 2u);
  EXPECT_EQ(alias.canonical_name, "two.example");
}

TEST_F(ResolverTest, ANameThatCannotExistIsNotAskedFor) {
  for (const std::string& name : {std::string("a..b"), std::string("[192.0.2.1]"),
                                  std::string(64, 'a') + ".example", std::string()}) {
    EXPECT_EQ(mx(name).status, DnsStatus::no_domain) << name;
  }
}

TEST_F(ResolverTest, ACancelledQuestionIsNeverAnswered) {
  bool cancelled_answered = false;
  int others = 0;
  std::vector<DnsQuestion> questions;
  for (int i = 0; i < 20; ++i) {
    questions.push_back(resolver().mx("two.example", [&](DnsReply<MxRecord>) { ++others; }));
  }
  {
    DnsQuestion gone =
        resolver().mx("two.example", [&](DnsReply<MxRecord>) { cancelled_answered = true; });
    DnsQuestion moved = std::move(gone);
    EXPECT_EQ(resolver().open(), 21u);
  }
  EXPECT_EQ(resolver().open(), 20u);
  EXPECT_TRUE(loop_.run_until([&] { return others == 20; }, 10s));
  loop_.run_until([] { return false; }, 50ms);
  EXPECT_FALSE(cancelled_answered);
  EXPECT_EQ(resolver().open(), 0u);
}

TEST_F(ResolverTest, AnAnswerMayCancelTheOthersAndEndTheResolver) {
  int answered = 0;
  std::vector<DnsQuestion> questions;
  for (int i = 0; i < 50; ++i) {
    questions.push_back(resolver().a("absent.example", [&](DnsReply<IpAddress>) {
      ++answered;
      resolver_.reset();
    }));
  }
  EXPECT_TRUE(loop_.run_until([&] { return answered > 0; }, 10s));
  loop_.run_until([] { return false; }, 50ms);
  EXPECT_EQ(answered, 1);
}

TEST_F(ResolverTest, MoreQuestionsThanMayBeUnderWayWaitTheirTurn) {
  options_.asked_max = 2;
  options_.waiting_max = 30;
  int found = 0;
  int failed = 0;
  std::vector<DnsQuestion> questions;
  for (int i = 0; i < 40; ++i) {
    const std::string name = "n" + std::to_string(i) + ".example";
    questions.push_back(resolver().mx(name, [&](DnsReply<MxRecord> reply) {
      (reply.status == DnsStatus::failed ? failed : found) += 1;
    }));
  }
  EXPECT_TRUE(loop_.run_until([&] { return found + failed == 40; }, 20s));
  EXPECT_EQ(found, 32);
  EXPECT_EQ(failed, 8);
}

TEST_F(ResolverTest, SilenceEndsWithTheTimeLimit) {
  options_.servers = {"127.0.0.1@9"};
  options_.timeout = 300ms;
  const auto reply = mx("two.example");
  EXPECT_EQ(reply.status, DnsStatus::failed);
}

TEST_F(ResolverTest, WithATrustAnchorAnswersAreSecureOrBogus) {
  const char* const anchor = std::getenv("TIDINGS_TEST_ANCHOR");
  if (anchor == nullptr) GTEST_SKIP() << "no signed zone: ldnsutils is not here";
  options_.trust_anchor_file = anchor;
  EXPECT_TRUE(resolver().validates());
  const auto mail = mx("secure");
  EXPECT_EQ(mail.status, DnsStatus::found) << mail.why;
  EXPECT_TRUE(mail.is_secure);
  const auto absent = mx("absent.secure");
  EXPECT_EQ(absent.status, DnsStatus::no_domain);
  EXPECT_TRUE(absent.is_secure);
  EXPECT_FALSE(mx("two.example").is_secure);
  const auto spoilt = a("spoilt.secure");
  EXPECT_EQ(spoilt.status, DnsStatus::failed);
  EXPECT_TRUE(spoilt.is_bogus);
  EXPECT_NE(spoilt.why.find("signature"), std::string::npos) << spoilt.why;
}

TEST_F(ResolverTest, WithoutATrustAnchorNothingIsSecure) {
  const auto spoilt = a("spoilt.secure");
  EXPECT_EQ(spoilt.status, DnsStatus::found);
  EXPECT_FALSE(spoilt.is_secure);
}

TEST(Resolver, RefusesWhatIsNoServerAndNoAnchor) {
  EventLoop loop;
  for (const char* const wrong : {"ns.example.org", "", "192.0.2.1@x", "192.0.2.1@70000"}) {
    const auto made = Resolver::create(loop, {.servers = {wrong}});
    ASSERT_FALSE(made.has_value()) << wrong;
    EXPECT_EQ(made.error().code, "dns.server");
  }
  for (const char* const wrong : {"/nonexistent", "/", "/etc/passwd"}) {
    const auto made = Resolver::create(loop, {.trust_anchor_file = wrong});
    ASSERT_FALSE(made.has_value()) << wrong;
    EXPECT_EQ(made.error().code, "dns.anchor");
  }
}

}  // namespace
}  // namespace tidings::net
