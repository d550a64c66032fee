// Messages in the database, through the dispatcher, to the servers of their domains: what is
// recorded of each, on both databases.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "db/testing/databases.h"
#include "delivery/dispatcher.h"
#include "delivery/mx_transport.h"
#include "delivery/testing/make_campaign.h"
#include "identity/nodes.h"
#include "net/event_loop.h"
#include "scripted_peer.h"

namespace tidings::delivery {
namespace {

using namespace std::chrono_literals;

constexpr OrganisationId kOrganisation{7};
constexpr CampaignId kCampaign{70};
constexpr CampaignKeys kKeys{kOrganisation, kCampaign, ContentVersionId{71}, {}, {}};

class MxDispatcher : public testing::TestWithParam<db::testing::Kind> {
 protected:
  MxDispatcher()
      : folder_(std::filesystem::temp_directory_path() /
                ("mx_dispatcher_test." + std::to_string(::getpid()))) {}
  void SetUp() override {
    const char* const server = std::getenv("TIDINGS_TEST_DNS");
    if (server == nullptr) GTEST_SKIP() << "run by tests/peers/name_server.py";
    net::ResolverOptions options;
    options.servers = {server};
    auto made = net::Resolver::create(loop_, options);
    ASSERT_TRUE(made.has_value());
    resolver_ = std::move(*made);
    std::filesystem::remove_all(folder_);
    write([&](db::Connection& c) -> Result<void> {
      TRY(make_campaigns(c, kOrganisation, {kCampaign}));
      node_ = TRY(identity::open_node(c, "folder", clock_.now()));
      return {};
    });
    journal_ = *Journal::open(folder_, node_.id);
  }
  ~MxDispatcher() override {
    dispatcher_.reset();
    journal_.reset();
    std::filesystem::remove_all(folder_);
  }

  void write(const db::Database::Work& work) {
    const auto wrote = database_->write(db::Priority::ledger, work);
    ASSERT_TRUE(wrote) << wrote.error().message;
  }
  void enqueue(const std::string& address) {
    NewMessage made;
    made.id = MessageId{++last_id_};
    made.contact_id = ContactId{last_id_ + 1000};
    made.about = {made.contact_id};
    made.address = made.normalised = address;
    made.values_hash = last_id_;
    made.values = "{}";
    write([&](db::Connection& c) {
      return Ledger(ids_, node_.id, node_.number).enqueue(c, kKeys, {&made, 1}, clock_.now());
    });
  }
  void start() {
    dispatcher_ = std::make_unique<Dispatcher>(
        loop_, *database_, clock_, Ledger(ids_, node_.id, node_.number), *journal_,
        [](const ClaimedMessage& message) -> Result<std::unique_ptr<PreparedMessage>> {
          auto made = std::make_unique<PreparedMessage>();
          made->id = message.id;
          made->reverse_path = "bounce@sender.example";
          made->recipient = message.address;
          made->octets = std::make_shared<const std::string>("Subject: t\r\n\r\nbody\r\n");
          return made;
        },
        [this](OrganisationId, TransportId,
               DeliveryPort& port) -> Result<std::unique_ptr<Transport>> {
          return TRY(MxTransport::create(loop_, port, *resolver_, nullptr, settings_));
        },
        DispatcherOptions());
    dispatcher_->start();
    dispatcher_->set_campaigns({{kOrganisation, kCampaign, TransportId{1}, {}, 0}});
  }
  bool run_until(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!done()) {
      if (std::chrono::steady_clock::now() >= end) return false;
      loop_.run_until([] { return false; }, 20ms);
    }
    return true;
  }
  CampaignFigures figures() {
    return *database_->write_value(db::Priority::ledger, [](db::Connection& c) {
      return Ledger::recount(c, kOrganisation, kCampaign);
    });
  }
  // What the record says of the attempt.
  std::string attempt_of(const std::string& address) {
    std::string data;
    write([&](db::Connection& c) {
      return c.query({"test.attempt",
                      "SELECT e.data FROM event e JOIN message m"
                      " ON m.organisation_id = e.organisation_id AND m.id = e.message_id"
                      " WHERE m.address = $1 AND e.data LIKE '%\"attempt\":1%'"},
                     {address}, [&](const db::Row& row) { data += row.text(0); });
    });
    return data;
  }

  db::testing::TestDatabase database_{GetParam()};
  const std::filesystem::path folder_;
  SystemClock clock_;
  IdSource ids_{clock_, 1};
  identity::Node node_;
  std::unique_ptr<Journal> journal_;
  net::EventLoop loop_;
  std::unique_ptr<net::Resolver> resolver_;
  MxTransportSettings settings_;
  std::int64_t last_id_ = 0;
  std::unique_ptr<Dispatcher> dispatcher_;
};

INSTANTIATE_TEST_SUITE_P(On, MxDispatcher, testing::ValuesIn(db::testing::databases()),
                         db::testing::kind_name<testing::TestParamInfo<db::testing::Kind>>);

TEST_P(MxDispatcher, EachDomainGetsWhatItsDnsSays) {
  settings_.hello_name = "sender.mx";
  settings_.private_networks = {*wire::IpNetwork::parse("127.0.0.0/8")};
  PeerScript refusing;
  refusing.greeting = "554 5.3.2 not here\r\n";
  refusing.address = "127.0.0.21";
  const ScriptedPeer h1(refusing);
  PeerScript second;
  second.address = "127.0.0.22";
  second.port = settings_.port = h1.port();
  const ScriptedPeer h2(second);
  enqueue("none@null.mx");
  enqueue("one@two.mx");
  enqueue("inside@private.mx");
  start();
  ASSERT_TRUE(run_until([&] { return figures().sent == 1 && figures().bounced == 2; }));
  EXPECT_EQ(h1.sessions(), 1);
  ASSERT_EQ(h2.messages().size(), 1u);
  EXPECT_NE(h2.messages()[0].find("one@two.mx"), std::string::npos);
  const std::string refused = attempt_of("none@null.mx");
  EXPECT_NE(refused.find(R"("reply_code":556)"), std::string::npos) << refused;
  EXPECT_NE(refused.find(R"("enhanced_status_code":"5.1.10")"), std::string::npos) << refused;
  EXPECT_NE(attempt_of("inside@private.mx").find("mx_private_networks"), std::string::npos);
  EXPECT_NE(attempt_of("one@two.mx").find("h2.mx [127.0.0.22:"), std::string::npos)
      << attempt_of("one@two.mx");
  bool is_drained = false;
  dispatcher_->drain([&] { is_drained = true; });
  EXPECT_TRUE(run_until([&] { return is_drained; }));
  EXPECT_EQ(journal_->unsettled(), 0u);
}

}  // namespace
}  // namespace tidings::delivery
