// The dispatcher among many receiving sites, some of them in trouble, on both databases.
#include <filesystem>
#include <future>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "db/testing/databases.h"
#include "delivery/dispatcher.h"
#include "delivery/suspensions.h"
#include "delivery/testing/make_campaign.h"
#include "delivery/testing/simulated_sites.h"
#include "identity/nodes.h"

namespace tidings::delivery {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Behaviour = SimulatedSites::Behaviour;

constexpr OrganisationId kOrganisation{7};
constexpr CampaignId kCampaign{70};
constexpr TransportId kTransport{1};
constexpr CampaignKeys kKeys{kOrganisation, kCampaign, ContentVersionId{71}, {}, {}};

class SitesTest : public testing::TestWithParam<db::testing::Kind> {
 protected:
  SitesTest()
      : folder_(std::filesystem::temp_directory_path() /
                ("dispatcher_sites_test." + std::to_string(::getpid()))) {
    std::filesystem::remove_all(folder_);
    write([&](db::Connection& c) -> Result<void> {
      TRY(make_campaigns(c, kOrganisation, {kCampaign}));
      node_ = TRY(identity::open_node(c, "folder", clock_.now()));
      return {};
    });
    journal_ = *Journal::open(folder_, node_.id);
  }
  ~SitesTest() override {
    dispatcher_.reset();
    journal_.reset();
    std::filesystem::remove_all(folder_);
  }

  void write(const db::Database::Work& work) {
    const auto wrote = database_->write(db::Priority::ledger, work);
    ASSERT_TRUE(wrote) << wrote.error().message;
  }
  // One message to each of these domains in turn, `rounds` times.
  void enqueue(const std::vector<std::string>& domains, int rounds, Instant queued_at = {}) {
    std::vector<NewMessage> messages;
    for (int round = 0; round < rounds; ++round) {
      for (const std::string& domain : domains) {
        NewMessage made;
        made.id = MessageId{++last_id_};
        made.contact_id = ContactId{last_id_ + 100'000};
        made.about = {made.contact_id};
        made.address = made.normalised = fmt::format("person{}@{}", last_id_, domain);
        made.values_hash = last_id_;
        made.values = "{}";
        messages.push_back(std::move(made));
      }
    }
    const Instant at = queued_at == Instant() ? clock_.now() : queued_at;
    write([&](db::Connection& c) { return ledger().enqueue(c, kKeys, messages, at); });
  }
  Ledger ledger() { return Ledger(ids_, node_.id, node_.number); }

  void start(DispatcherOptions options = {}) {
    dispatcher_ = std::make_unique<Dispatcher>(
        loop_, *database_, clock_, ledger(), *journal_,
        [](const ClaimedMessage& message) -> Result<std::unique_ptr<PreparedMessage>> {
          auto made = std::make_unique<PreparedMessage>();
          made->id = message.id;
          return made;
        },
        [this](OrganisationId, TransportId, DeliveryPort& port) {
          return Result<std::unique_ptr<Transport>>(
              std::make_unique<SimulatedSites>(loop_, port, script_));
        },
        options);
    dispatcher_->start();
    dispatcher_->set_campaigns({{kOrganisation, kCampaign, kTransport, {}, 0}});
  }
  // Asks now and then: what is asked may read the database.
  bool run_until(const std::function<bool()>& done, Duration at_most = seconds(30)) {
    const auto end = std::chrono::steady_clock::now() + at_most;
    while (!done()) {
      if (std::chrono::steady_clock::now() >= end) return false;
      loop_.run_until([] { return false; }, milliseconds(20));
    }
    return true;
  }
  // What waits for the loop's answer, while the loop runs.
  template <typename F>
  auto in_another_thread(F work) {
    auto answer = std::async(std::launch::async, work);
    EXPECT_TRUE(
        run_until([&] { return answer.wait_for(seconds(0)) == std::future_status::ready; }));
    return answer.get();
  }
  std::int64_t steer(const QueueFilter& filter, Ledger::Steer how) {
    const auto in_database = [&]() -> Result<std::int64_t> {
      QueueSteering steering(filter, how, {kCampaign});
      std::int64_t total = 0;
      while (!steering.is_done()) {
        total += TRY(database_->write_value(db::Priority::web, [&](db::Connection& c) {
          return steering.step(c, Ledger(ids_, NodeId(), node_.number), "An", clock_.now());
        }));
        steering.go_on();
      }
      return total;
    };
    const auto steered =
        in_another_thread([&] { return dispatcher_->steer(filter, how, "An", in_database); });
    EXPECT_TRUE(steered) << steered.error().message;
    return steered.value_or(-1);
  }
  void suspensions(const db::Database::Work& change) {
    write(change);
    EXPECT_TRUE(in_another_thread([&] { return dispatcher_->suspensions_changed(); }));
  }
  int sent(const std::vector<std::string>& domains) const {
    int total = 0;
    for (const std::string& domain : domains) {
      const auto at = script_.sent.find(domain);
      if (at != script_.sent.end()) total += at->second;
    }
    return total;
  }
  CampaignFigures figures() {
    return *database_->write_value(db::Priority::ledger, [](db::Connection& c) {
      return Ledger::recount(c, kOrganisation, kCampaign);
    });
  }
  std::int64_t number(std::string_view sql) {
    std::int64_t found = -1;
    write([&](db::Connection& c) {
      return c.query({"", sql}, {}, [&](const db::Row& row) { found = row.integer(0); });
    });
    return found;
  }
  void drain() {
    bool is_drained = false;
    dispatcher_->drain([&] { is_drained = true; });
    EXPECT_TRUE(run_until([&] { return is_drained; }));
    EXPECT_EQ(journal_->unsettled(), 0u);
    const CampaignFigures counted = figures();
    const auto kept = *database_->write_value(db::Priority::ledger, [](db::Connection& c) {
      return Ledger::figures(c, kOrganisation, kCampaign);
    });
    EXPECT_EQ(counted.total(), last_id_);
    EXPECT_EQ(counted.sending, 0);
    EXPECT_EQ(kept.queued, counted.queued);
    EXPECT_EQ(kept.deferred, counted.deferred);
    EXPECT_EQ(kept.sent, counted.sent);
    EXPECT_EQ(kept.failed, counted.failed);
    for (const auto& [id, times] : script_.sent_to) EXPECT_EQ(times, 1) << id.value;
  }

  db::testing::TestDatabase database_{GetParam()};
  const std::filesystem::path folder_;
  SystemClock clock_;
  IdSource ids_{clock_, 1};
  identity::Node node_;
  std::unique_ptr<Journal> journal_;
  net::EventLoop loop_;
  SimulatedSites::Script script_;
  std::int64_t last_id_ = 0;
  std::unique_ptr<Dispatcher> dispatcher_;
};

INSTANTIATE_TEST_SUITE_P(On, SitesTest, testing::ValuesIn(db::testing::databases()),
                         db::testing::kind_name<testing::TestParamInfo<db::testing::Kind>>);

TEST_P(SitesTest, EverybodyIsSentToOnceWhateverTheSite) {
  enqueue({"a.example", "b.example", "c.example"}, 300);
  script_.latency = milliseconds(2);
  start();
  ASSERT_TRUE(run_until([&] { return script_.sent_to.size() == 900; }));
  ASSERT_TRUE(run_until([&] { return figures().sent == 900; }));
  EXPECT_LE(script_.most["a.example"], 10u);
  drain();
}

// The figure is the bench's (bench/sites); here it must only not be far off.
TEST_P(SitesTest, AHangingAndAThrottlingSiteDoNotHoldUpTheOthers) {
  const std::vector<std::string> well = {"a.example", "b.example", "c.example", "d.example"};
  std::vector<std::string> all = well;
  all.insert(all.end(), {"hangs.example", "throttles.example", "dead.example"});
  script_.sites = {{"hangs.example", Behaviour::hangs},
                   {"throttles.example", Behaviour::throttles},
                   {"dead.example", Behaviour::dead}};
  enqueue(all, 800);
  start();
  ASSERT_TRUE(run_until([&] { return sent(well) == 3200; })) << sent(well);
  // They kept a few connections and a few messages.
  EXPECT_LE(script_.tried["hangs.example"], 12);
  EXPECT_LE(script_.tried["throttles.example"], 40);
  ASSERT_TRUE(run_until([&] { return figures().sent == 3200; }));
  EXPECT_GT(number("SELECT COUNT(*) FROM message WHERE state = 1 AND attempts = 0 AND reason IN"
                   " ('site_slow', 'site_paused')"),
            500);
  // Without an attempt there is nothing to tell.
  EXPECT_EQ(number("SELECT COUNT(*) FROM event e JOIN message m"
                   " ON m.organisation_id = e.organisation_id AND m.id = e.message_id"
                   " WHERE m.attempts = 0"),
            0);
  drain();
}

TEST_P(SitesTest, WhatWasPutOffIsSentOnceTheSiteIsWell) {
  enqueue({"bad.example"}, 400);
  script_.sites = {{"bad.example", Behaviour::dead}};
  script_.latency = milliseconds(1);
  start();
  ASSERT_TRUE(run_until([&] {
    return number("SELECT COUNT(*) FROM message WHERE state = 1 AND attempts = 0") > 300;
  }));
  script_.sites.clear();
  // A person says: now.
  write([](db::Connection& c) -> Result<void> {
    TRY(c.execute({"test.now", "UPDATE message SET due_at = 0 WHERE state = 1"}, {}));
    return {};
  });
  dispatcher_->notify();
  const auto all_sent = [&] {
    if (script_.sent_to.size() == 400) return true;
    write([](db::Connection& c) -> Result<void> {
      TRY(c.execute({"test.now", "UPDATE message SET due_at = 0 WHERE state = 1"}, {}));
      return {};
    });
    return false;
  };
  ASSERT_TRUE(run_until(all_sent, seconds(40))) << script_.sent_to.size();
  ASSERT_TRUE(run_until([&] { return figures().sent == 400; }));
  drain();
}

TEST_P(SitesTest, WhatWaitsForADeadSiteExpires) {
  enqueue({"dead.example"}, 50);
  script_.sites = {{"dead.example", Behaviour::dead}};
  DispatcherOptions options;
  options.retry.campaign.expiry = seconds(2);
  start(options);
  ASSERT_TRUE(run_until([&] {
    write([](db::Connection& c) -> Result<void> {
      TRY(c.execute({"test.now", "UPDATE message SET due_at = 0 WHERE state = 1"}, {}));
      return {};
    });
    return figures().failed == 50;
  }));
  EXPECT_EQ(number("SELECT COUNT(*) FROM message WHERE reason = 'expired' AND attempts = 0"), 50);
  drain();
}

// A person holds a domain while about a thousand of its messages sit in memory: none of them leaves
// any more but those that a connection has.
TEST_P(SitesTest, WhatIsHeldIsHeldInMemoryToo) {
  script_.latency = milliseconds(20);
  enqueue({"held.example", "other.example"}, 600);
  start();
  ASSERT_TRUE(run_until([&] { return sent({"held.example"}) > 20; }));
  const QueueFilter filter{.organisation_id = kOrganisation, .domain = "held.example"};
  const std::int64_t held = steer(filter, Ledger::Steer::hold);
  EXPECT_EQ(number("SELECT COUNT(*) FROM message WHERE state = 10"), held);
  const int out = script_.tried["held.example"];  // the last ones that were handed out
  EXPECT_EQ(held + out, 600);
  ASSERT_TRUE(run_until([&] { return sent({"other.example"}) == 600; }));
  ASSERT_TRUE(run_until([&] { return figures().sent == 600 + out; }));
  EXPECT_EQ(script_.tried["held.example"], out);
  EXPECT_EQ(
      number("SELECT COUNT(*) FROM message WHERE state = 10 AND reason = 'held by an operator'"
             " AND normalised LIKE '%@held.example' AND lease_id IS NULL"),
      held);
  EXPECT_EQ(number("SELECT COUNT(*) FROM event WHERE type = 9"), held);
  EXPECT_EQ(figures().held, held);
  // Let go, they leave.
  EXPECT_EQ(steer({.organisation_id = kOrganisation}, Ledger::Steer::release), held);
  dispatcher_->notify();
  ASSERT_TRUE(run_until([&] { return figures().sent == 1200; }, seconds(60)));
  drain();
}

TEST_P(SitesTest, WhatIsGivenUpIsGivenUpInMemoryTooAndWhatIsDeferredMeanwhile) {
  script_.latency = milliseconds(50);
  script_.sites = {{"bad.example", Behaviour::throttles}};
  enqueue({"bad.example"}, 300);
  start();
  ASSERT_TRUE(run_until([&] { return script_.tried["bad.example"] > 0; }));
  steer({.organisation_id = kOrganisation, .campaign_id = kCampaign}, Ledger::Steer::expire);
  ASSERT_TRUE(run_until([&] { return figures().failed == 300; })) << figures().failed;
  drain();
}

TEST_P(SitesTest, ASuspendedSiteGetsNothingUntilItIsResumed) {
  write([](db::Connection& c) {
    return suspend_site(c, kOrganisation, {"a.example", "they asked", "An", Instant()});
  });
  script_.latency = milliseconds(5);
  enqueue({"a.example", "b.example"}, 400);
  start();
  ASSERT_TRUE(run_until([&] { return sent({"b.example"}) > 20; }));
  // The other one as well, in the midst of it.
  suspensions([](db::Connection& c) {
    return suspend_site(c, kOrganisation, {"b.example", "", "An", Instant()});
  });
  const int out = script_.tried["b.example"];
  ASSERT_TRUE(run_until([&] { return figures().sent == out && figures().deferred == 800 - out; }));
  EXPECT_EQ(script_.tried["b.example"], out);
  EXPECT_EQ(script_.tried["a.example"], 0);
  // Those that were put off for being too many come up again, and are put off for it.
  ASSERT_TRUE(run_until([&] {
    return number(
               "SELECT COUNT(*) FROM message WHERE reason = 'site_suspended' AND attempts = 0"
               " AND status = 0") == 800 - out;
  }));
  const auto sites = in_another_thread([&] { return dispatcher_->sites(kOrganisation); });
  ASSERT_TRUE(sites);
  ASSERT_EQ(sites->size(), 1u);  // the first was never asked for
  EXPECT_EQ(sites->front().name, "b.example");
  EXPECT_TRUE(sites->front().is_suspended);
  EXPECT_EQ(sites->front().ready, 0u);
  suspensions([](db::Connection& c) -> Result<void> {
    for (const char* name : {"a.example", "b.example"}) TRY(resume_site(c, kOrganisation, name));
    return {};
  });
  EXPECT_EQ(
      steer({.organisation_id = kOrganisation, .reason = "site_suspended"}, Ledger::Steer::retry),
      800 - out);
  dispatcher_->notify();
  ASSERT_TRUE(run_until([&] { return figures().sent == 800; })) << figures().sent;
  drain();
}

TEST_P(SitesTest, APausedSiteIsProbedWithOneConnection) {
  enqueue({"dead.example"}, 20);
  script_.sites = {{"dead.example", Behaviour::dead}};
  start();
  ASSERT_TRUE(run_until([&] { return script_.tried["dead.example"] >= 3; }));  // after 1 s and 2 s
  EXPECT_EQ(script_.most["dead.example"], 1u);
  drain();
}

TEST_P(SitesTest, ASiteThatWasToldOfATwoHundredMessagesASecondGetsNoMore) {
  enqueue({"a.example"}, 1000);
  script_.latency = milliseconds(1);
  DispatcherOptions options;
  options.site.per_second = 200;
  start(options);
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(run_until([&] { return script_.sent_to.size() >= 300; }));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(1300));
  // Whoever waits for the end knows that it goes on.
  EXPECT_GT(dispatcher_->activity().put_off_until, clock_.now());
  drain();
}

TEST_P(SitesTest, ARuleForADomainHoldsForItsSiteAndForNoOther) {
  enqueue({"a.example", "b.example"}, 400);
  script_.latency = milliseconds(5);
  DispatcherOptions options;
  options.site.connections = 4;
  options.site_rules = {{.name = "a.example", .connections = 1, .rate = 20}};
  start(options);
  ASSERT_TRUE(run_until([&] { return script_.sent_to.size() >= 410; }));
  EXPECT_EQ(script_.most["a.example"], 1u);
  EXPECT_GT(script_.most["b.example"], 1u);
  // Every other message is for it.
  EXPECT_LT(std::ranges::count_if(script_.sent_to,
                                  [](const auto& sent) { return sent.first.value % 2 == 1; }),
            100);
  drain();
}

}  // namespace
}  // namespace tidings::delivery
