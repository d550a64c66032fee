#include "delivery/dispatcher.h"

#include <atomic>
#include <csignal>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "audience/suppressions.h"
#include "db/migrate.h"
#include "delivery/testing/make_campaign.h"
#include "identity/nodes.h"

namespace tidings::delivery {
namespace {

constexpr OrganisationId kOrganisation{7};
constexpr CampaignId kCampaign{70};
constexpr CampaignKeys kKeys{kOrganisation, kCampaign, ContentVersionId{71}, {}, {}};

// A database whose asynchronous writes fail for a while, before or after their commit.
class ShakyDatabase final : public db::Database {
 public:
  explicit ShakyDatabase(std::unique_ptr<db::Database> inner) : inner_(std::move(inner)) {}
  db::Dialect dialect() const override { return inner_->dialect(); }
  Result<void> write(db::Priority priority, Work work) override {
    return inner_->write(priority, std::move(work));
  }
  void write_async(db::Priority priority, Work work, Done done) override {
    if (refusals > 0) {
      --refusals;
      return done(fail(ErrorKind::unavailable, "db.unavailable", "The database is away."));
    }
    const bool is_lost = lost_answers > 0;
    if (is_lost) --lost_answers;
    inner_->write_async(
        priority, std::move(work), [is_lost, done = std::move(done)](Result<void> result) {
          done(is_lost ? fail(ErrorKind::unavailable, "db.commit_unknown", "No answer.") : result);
        });
  }
  Result<void> read(Work work) override { return inner_->read(std::move(work)); }
  bool quiet() const override { return inner_->quiet(); }
  void close() override { inner_->close(); }

  int refusals = 0;      // the next ones fail without being done
  int lost_answers = 0;  // the next ones are done and said to be unknown

 private:
  std::unique_ptr<db::Database> inner_;
};

// Accepts what it is given once the intent is written, except as the script says.
class ScriptedTransport final : public Transport {
 public:
  struct Script {
    int give_back = 0;      // the first ones taken
    int troubles = 0;       // before it connects
    bool is_slow = false;   // keeps what it was given until drained
    std::size_t room = 20;  // at a time
    std::map<MessageId, int> sent;
    std::size_t takes = 0;
    int makes = 0;
  };

  ScriptedTransport(net::EventLoop& loop, DeliveryPort& port, Script& script)
      : loop_(loop), port_(port), script_(script) {}

  ~ScriptedTransport() override { *alive_ = false; }
  void wake() override {
    if (std::exchange(is_woken_, true)) return;
    loop_.post([this, alive = alive_] {
      if (!*alive) return;
      is_woken_ = false;
      pump();
    });
  }
  void drain(std::function<void()> drained) override {
    drained_ = std::move(drained);
    for (auto& message : std::exchange(kept_, {})) attempt(std::move(message));
    check_drained();
  }
  void stop() override {}
  std::size_t in_flight() const override { return in_flight_; }

 private:
  void pump() {
    if (!port_.may_connect(kOneSite)) return;
    if (script_.troubles > 0) {
      --script_.troubles;
      Outcome outcome;
      outcome.remote = "mx";
      outcome.reply_text = "refused";
      return port_.report_site_trouble(kOneSite, std::move(outcome));
    }
    port_.report_connected(kOneSite);
    while (!drained_ && in_flight_ < script_.room) {
      auto message = port_.take();
      if (message == nullptr) return;
      ++script_.takes;
      if (script_.give_back > 0) {
        --script_.give_back;
        port_.give_back(std::move(message));
        wake();
        continue;
      }
      ++in_flight_;
      if (script_.is_slow) {
        kept_.push_back(std::move(message));
      } else {
        attempt(std::move(message));
      }
    }
  }
  void attempt(std::unique_ptr<PreparedMessage> message) {
    std::shared_ptr<PreparedMessage> shared = std::move(message);
    port_.write_intent(
        *shared,
        [this, shared] {
          --in_flight_;
          ++script_.sent[shared->id];
          Outcome outcome;
          outcome.message_id = shared->id;
          outcome.kind = OutcomeKind::sent;
          outcome.started_at = outcome.ended_at = port_.now();
          port_.report(std::make_unique<PreparedMessage>(*shared), std::move(outcome));
          check_drained();
          if (!drained_) wake();
        },
        [this, shared] {
          --in_flight_;
          port_.give_back(std::make_unique<PreparedMessage>(*shared));
          check_drained();
        });
  }
  void check_drained() {
    if (drained_ && in_flight_ == 0) loop_.post(std::exchange(drained_, nullptr));
  }

  net::EventLoop& loop_;
  DeliveryPort& port_;
  Script& script_;
  std::size_t in_flight_ = 0;
  bool is_woken_ = false;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::vector<std::unique_ptr<PreparedMessage>> kept_;
  std::function<void()> drained_;
};

class DispatcherTest : public testing::Test {
 protected:
  DispatcherTest()
      : folder_(std::filesystem::temp_directory_path() /
                ("dispatcher_test." + std::to_string(::getpid()))),
        database_(*db::Database::open("sqlite::memory:")) {
    std::filesystem::remove_all(folder_);
    EXPECT_TRUE(db::migrate(database_));
    write([&](db::Connection& c) -> Result<void> {
      TRY(make_campaigns(c, kOrganisation, {kCampaign}));
      node_ = TRY(identity::open_node(c, "folder", clock_.now()));
      return {};
    });
    journal_ = *Journal::open(folder_, node_.id);
  }
  ~DispatcherTest() override {
    dispatcher_.reset();
    journal_.reset();
    std::filesystem::remove_all(folder_);
  }

  void write(const db::Database::Work& work) {
    const auto wrote = database_.write(db::Priority::ledger, work);
    ASSERT_TRUE(wrote) << wrote.error().message;
  }
  void enqueue(int count) {
    std::vector<NewMessage> messages;
    for (int id = 1; id <= count; ++id) {
      NewMessage made;
      made.id = MessageId{id};
      made.contact_id = ContactId{id + 1000};
      made.about = {made.contact_id};
      made.address = made.normalised = address(id);
      made.values_hash = id;
      made.values = "{}";
      messages.push_back(made);
    }
    write([&](db::Connection& c) {
      return Ledger(ids_, node_.id, node_.number).enqueue(c, kKeys, messages, clock_.now());
    });
  }
  static std::string address(int id) { return "person" + std::to_string(id) + "@x.org"; }

  void start(double rate = 0) {
    const Ledger ledger(ids_, node_.id, node_.number);
    dispatcher_ = std::make_unique<Dispatcher>(
        loop_, database_, clock_, ledger, *journal_,
        [this](const ClaimedMessage& message) -> Result<std::unique_ptr<PreparedMessage>> {
          if (unprepared_ > 0) {
            --unprepared_;
            return fail(ErrorKind::unavailable, "db.unavailable", "The database is away.");
          }
          note_preparer();
          if (message.id == refused_) return fail(ErrorKind::invalid, "liquid.x", "Bad \xff tag.");
          auto made = std::make_unique<PreparedMessage>();
          made->id = message.id;
          return made;
        },
        [this](OrganisationId, TransportId, DeliveryPort& port) {
          auto made = std::make_unique<ScriptedTransport>(loop_, port, script_);
          transport_ = made.get();
          ++script_.makes;
          return Result<std::unique_ptr<Transport>>(std::move(made));
        },
        options_);
    dispatcher_->start();
    dispatcher_->set_campaigns({{kOrganisation, kCampaign, TransportId{1}, rate, 0}});
  }
  // Which threads prepare; each message takes `prepare_for_`.
  void note_preparer() {
    {
      const std::lock_guard lock(preparers_mutex_);
      preparers_.insert(std::this_thread::get_id());
    }
    const auto end = std::chrono::steady_clock::now() + prepare_for_;
    while (std::chrono::steady_clock::now() < end) {
    }
  }
  // Lets it work until the figures say so.
  bool until(const std::function<bool(const CampaignFigures&)>& done, int seconds = 20) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    while (std::chrono::steady_clock::now() < end) {
      loop_.run_until([] { return false; }, std::chrono::milliseconds(20));
      if (done(figures())) return true;
    }
    return false;
  }
  bool until_settled() {
    return until([](const CampaignFigures& figures) { return figures.settled(); });
  }
  bool drain() {
    bool is_drained = false;
    dispatcher_->drain([&] { is_drained = true; });
    return loop_.run_until([&] { return is_drained; }, std::chrono::seconds(20));
  }
  CampaignFigures figures() {
    return *database_.write_value(db::Priority::ledger, [](db::Connection& c) {
      return Ledger::recount(c, kOrganisation, kCampaign);
    });
  }
  void expect_each_sent_once(std::size_t count) {
    EXPECT_EQ(script_.sent.size(), count);
    for (const auto& [id, times] : script_.sent) EXPECT_EQ(times, 1) << id.value;
    EXPECT_EQ(figures().sent, std::int64_t(count));
    EXPECT_TRUE(drain());
    EXPECT_EQ(journal_->unsettled(), 0u);
  }

  const std::filesystem::path folder_;
  SystemClock clock_;
  ShakyDatabase database_;
  IdSource ids_{clock_, 1};
  identity::Node node_;
  std::unique_ptr<Journal> journal_;
  net::EventLoop loop_;
  std::atomic<int> unprepared_ = 0;
  MessageId refused_;
  DispatcherOptions options_;
  std::chrono::microseconds prepare_for_{0};
  std::mutex preparers_mutex_;
  std::set<std::thread::id> preparers_;
  ScriptedTransport::Script script_;
  ScriptedTransport* transport_ = nullptr;
  std::unique_ptr<Dispatcher> dispatcher_;
};

TEST_F(DispatcherTest, EverybodyIsSentToOnce) {
  enqueue(2500);
  start();
  ASSERT_TRUE(until_settled());
  expect_each_sent_once(2500);
}

TEST_F(DispatcherTest, ThreadsHelpWhereAMessageTakesLong) {
  enqueue(1500);
  options_.preparing_threads = 4;
  prepare_for_ = std::chrono::microseconds(400);
  start();
  ASSERT_TRUE(until_settled());
  expect_each_sent_once(1500);
  EXPECT_GT(preparers_.size(), 1u);
}

TEST_F(DispatcherTest, WhatIsGivenBackIsSentLaterAndOnce) {
  enqueue(300);
  script_.give_back = 150;
  start();
  ASSERT_TRUE(until_settled());
  expect_each_sent_once(300);
  EXPECT_EQ(script_.takes, 450u);
}

TEST_F(DispatcherTest, AClaimWithoutAnAnswerForgetsNobody) {
  enqueue(300);
  start();
  loop_.run_until([] { return false; }, std::chrono::milliseconds(1));  // nothing is claimed yet
  database_.lost_answers = 3;
  dispatcher_->notify();
  ASSERT_TRUE(until_settled());
  expect_each_sent_once(300);
}

TEST_F(DispatcherTest, ADatabaseThatIsAwayDelaysAndLosesNothing) {
  enqueue(1500);
  start();
  ASSERT_TRUE(until([](const CampaignFigures& figures) { return figures.sent > 0; }));
  database_.refusals = 4;
  database_.lost_answers = 2;
  ASSERT_TRUE(until_settled());
  EXPECT_TRUE(
      until([&](const CampaignFigures&) { return dispatcher_->activity().trouble.empty(); }));
  expect_each_sent_once(1500);
}

TEST_F(DispatcherTest, WhatCannotBePreparedForWantOfTheDatabaseGoesBack) {
  enqueue(100);
  unprepared_ = 60;
  start();
  ASSERT_TRUE(until_settled());
  expect_each_sent_once(100);
}

TEST_F(DispatcherTest, AMessageThatCannotBeMadeFailsAloneWhateverItsWords) {
  enqueue(10);
  refused_ = MessageId{4};
  start();
  ASSERT_TRUE(until_settled());
  EXPECT_EQ(figures().failed, 1);
  expect_each_sent_once(9);
}

TEST_F(DispatcherTest, NothingLeavesWhileTheJournalCannotBeWritten) {
  ::signal(SIGXFSZ, SIG_IGN);
  enqueue(50);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit none{.rlim_cur = 1, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &none), 0);
  start();
  until([](const CampaignFigures&) { return false; }, 1);
  const std::size_t left = script_.sent.size();
  const bool was_blocked = dispatcher_->activity().is_blocked;
  const std::string trouble = dispatcher_->activity().trouble;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(left, 0u);
  EXPECT_TRUE(was_blocked);
  EXPECT_NE(trouble, "");
  EXPECT_LE(script_.takes, 100u);  // no busy loop: some at each second
  ASSERT_TRUE(until_settled());
  EXPECT_FALSE(dispatcher_->activity().is_blocked);
  EXPECT_EQ(dispatcher_->activity().trouble, "");
  expect_each_sent_once(50);
}

TEST_F(DispatcherTest, ACancelledCampaignGivesBackWhatIsNotUnderWay) {
  enqueue(200);
  script_.is_slow = true;
  start();
  ASSERT_TRUE(until([&](const CampaignFigures&) { return script_.takes == script_.room; }));
  dispatcher_->set_campaigns({});
  ASSERT_TRUE(until([](const CampaignFigures& figures) { return figures.queued == 180; }));
  ASSERT_TRUE(drain());
  EXPECT_EQ(figures().sent, 20);
  EXPECT_EQ(figures().sending, 0);
}

TEST_F(DispatcherTest, DrainingFinishesWhatIsUnderWayAndReturnsTheRest) {
  enqueue(1000);
  script_.is_slow = true;
  start();
  ASSERT_TRUE(until([&](const CampaignFigures&) { return script_.takes > 0; }));
  ASSERT_TRUE(drain());
  const CampaignFigures after = figures();
  EXPECT_EQ(after.sending, 0);
  EXPECT_EQ(after.sent, std::int64_t(script_.sent.size()));
  EXPECT_EQ(after.sent + after.queued, 1000);
  EXPECT_EQ(journal_->unsettled(), 0u);
}

TEST_F(DispatcherTest, ASiteThatWasDownIsTriedAgainEvenWithARate) {
  enqueue(3);
  script_.troubles = 1;
  start(1000);
  ASSERT_TRUE(until_settled());
  expect_each_sent_once(3);
  EXPECT_EQ(dispatcher_->activity().trouble, "");
}

TEST_F(DispatcherTest, AnAddressSuppressedWhileItsMessageIsReadyIsNotWrittenTo) {
  enqueue(50);
  script_.room = 0;
  start();
  ASSERT_TRUE(until([](const CampaignFigures& figures) { return figures.sending == 50; }));
  ASSERT_TRUE(until([&](const CampaignFigures&) { return dispatcher_->activity().ready == 50; }));
  // Another person's choice is about something else than this campaign: it still goes.
  write([&](db::Connection& connection) -> Result<void> {
    audience::NewSuppression refusal;
    refusal.reason = "unsubscribed";
    const std::string here = address(30);
    refusal.normalised = here;
    TRY(audience::suppress(connection, ids_, kOrganisation, refusal, clock_.now()));
    const std::string elsewhere = address(31);
    refusal.normalised = elsewhere;
    refusal.topic_id = TopicId{77};
    TRY(audience::suppress(connection, ids_, kOrganisation, refusal, clock_.now()));
    return {};
  });
  dispatcher_->suppressed(kOrganisation, address(30));
  dispatcher_->suppressed(kOrganisation, address(31));
  script_.room = 20;
  transport_->wake();
  ASSERT_TRUE(until_settled());
  EXPECT_EQ(figures().dropped, 1);
  EXPECT_FALSE(script_.sent.contains(MessageId{30}));
  expect_each_sent_once(49);
}

TEST_F(DispatcherTest, AnAddressThatWasLetInAgainIsWrittenTo) {
  start();
  dispatcher_->suppressed(kOrganisation, address(3));
  loop_.run_until([] { return false; }, std::chrono::milliseconds(50));
  enqueue(5);
  dispatcher_->notify();
  ASSERT_TRUE(until_settled());
  expect_each_sent_once(5);
}

TEST_F(DispatcherTest, AChangedTransportTakesOverAndNobodyIsLostOrWrittenToTwice) {
  enqueue(300);
  script_.is_slow = true;  // what is under way stays so
  start();
  EXPECT_TRUE(until([&](const CampaignFigures&) { return transport_->in_flight() > 0; }));
  script_.is_slow = false;
  dispatcher_->transport_changed(TransportId{1});
  dispatcher_->transport_changed(TransportId{1});
  dispatcher_->transport_changed(TransportId{99});
  EXPECT_TRUE(until_settled());
  EXPECT_EQ(script_.makes, 2);
  expect_each_sent_once(300);
}

TEST_F(DispatcherTest, AChangedTransportDoesNotHoldUpTheEnd) {
  enqueue(100);
  script_.is_slow = true;
  start();
  EXPECT_TRUE(until([&](const CampaignFigures&) { return transport_->in_flight() > 0; }));
  dispatcher_->transport_changed(TransportId{1});
  EXPECT_TRUE(drain());
}

TEST_F(DispatcherTest, nothing_leaves_after_a_stop_until_the_runner_has_seen_it) {
  enqueue(60);
  start(100);
  ASSERT_TRUE(until([](const CampaignFigures& figures) { return figures.sent >= 5; }));
  const std::uint64_t before = dispatcher_->stops();
  std::atomic<bool> is_stopped = false;
  std::thread stopper([&] {
    dispatcher_->stop_campaign(kCampaign);
    is_stopped = true;
  });
  EXPECT_TRUE(loop_.run_until([&] { return is_stopped.load(); }, std::chrono::seconds(4)));
  stopper.join();
  const std::size_t takes = script_.takes;
  EXPECT_LT(takes, 60u);
  // A runner that read its campaigns before the stop was committed lets nothing go on.
  const CampaignWork work{kOrganisation, kCampaign, TransportId{1}, 0, 0};
  dispatcher_->set_campaigns({work}, before);
  EXPECT_TRUE(until([](const CampaignFigures& figures) { return figures.sending == 0; }));
  loop_.run_until([] { return false; }, std::chrono::milliseconds(300));
  EXPECT_EQ(script_.takes, takes);
  dispatcher_->set_campaigns({work}, dispatcher_->stops());
  EXPECT_TRUE(until_settled());
  expect_each_sent_once(60);
}

}  // namespace
}  // namespace tidings::delivery
