// What only PostgreSQL can get wrong: lost sessions, other writers, doubt about a COMMIT.
#include "db/postgres_driver.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "db/migrate.h"
#include "db/postgres_errors.h"
#include "db/testing/databases.h"

namespace tidings::db {
namespace {

constexpr Migration steps[] = {{1, "first", R"(
CREATE TABLE thing (id BIGINT PRIMARY KEY, amount BIGINT NOT NULL);
CREATE SEQUENCE commits;
)"}};
constexpr Statement insert{"thing.insert", "INSERT INTO thing (id, amount) VALUES ($1, $2)"};
constexpr Statement read_amount{"thing.amount", "SELECT amount FROM thing WHERE id = $1"};
constexpr Statement set_amount{"thing.set", "UPDATE thing SET amount = $2 WHERE id = $1"};
constexpr Statement count_things{"thing.count", "SELECT count(*) FROM thing"};
constexpr Statement end_session{"test.end", "SELECT pg_terminate_backend(pg_backend_pid())"};
constexpr Statement end_others{"test.end_others",
                               "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                               "WHERE datname = current_database() AND pid <> pg_backend_pid()"};

TEST(PostgresErrorsTest, TellsHowFarATroubleReaches) {
  EXPECT_EQ(describe_postgres_failure("40001", "x", "q").trouble, Trouble::restart);
  EXPECT_EQ(describe_postgres_failure("40P01", "x", "q").trouble, Trouble::restart);
  EXPECT_EQ(describe_postgres_failure("", "x", "q").trouble, Trouble::lost);
  EXPECT_EQ(describe_postgres_failure("57P01", "x", "q").trouble, Trouble::lost);
  EXPECT_EQ(describe_postgres_failure("23505", "x", "q").error.kind, ErrorKind::conflict);
  EXPECT_EQ(describe_postgres_failure("53100", "x", "q").error.code, "db.full");
  EXPECT_EQ(describe_postgres_failure("55P03", "x", "q").error.code, "db.busy");
  EXPECT_EQ(describe_postgres_failure("54000", "x", "q").error.code, "db.too_large");
  EXPECT_EQ(describe_postgres_failure("42601", "x", "q").error.kind, ErrorKind::internal);
}

// Stands between client and server, and swallows the answer to the next `cuts` COMMITs: they took
// effect, and the client cannot know. One connection after the other is enough here.
class CuttingProxy {
 public:
  explicit CuttingProxy(int server_port) : server_port_(server_port) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 16), 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~CuttingProxy() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }

  int port = 0;
  std::atomic<int> cuts = 0;

 private:
  static sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  void serve() {
    for (int client = 0; (client = accept(listener_, nullptr, nullptr)) >= 0; close(client)) {
      const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const sockaddr_in address = loopback(server_port_);
      if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
        while (forward(client, server)) {
        }
      }
      close(server);
    }
  }
  bool forward(int client, int server) {
    std::array<pollfd, 2> ends{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
    if (poll(ends.data(), ends.size(), 10'000) <= 0) return false;
    for (const int from : {client, server}) {
      if (ends[from == client ? 0 : 1].revents == 0) continue;
      std::array<char, 16'384> buffer;
      const ssize_t got = recv(from, buffer.data(), buffer.size(), 0);
      if (got <= 0) return false;
      const std::string_view data(buffer.data(), static_cast<std::size_t>(got));
      send(from == client ? server : client, data.data(), data.size(), MSG_NOSIGNAL);
      if (from == client && data.find("COMMIT") != data.npos && cuts > 0) {
        --cuts;
        recv(server, buffer.data(), buffer.size(), 0);
        return false;
      }
    }
    return true;
  }

  const int server_port_;
  const int listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::thread thread_;
};

// A database URL with its port changed, and the port it had.
std::pair<std::string, int> replace_port(const std::string& url, int port) {
  const std::size_t at = url.rfind(':') + 1;
  const std::size_t end = url.find('/', at);
  const int before = at > end ? 5432 : std::stoi(url.substr(at, end - at));
  return {url.substr(0, at) + std::to_string(port) + url.substr(end), before};
}

class PostgresDriverTest : public ::testing::TestWithParam<testing::Kind> {
 protected:
  std::int64_t number(const Statement& statement, std::initializer_list<Param> params = {}) {
    return database_
        ->read_value([&](Connection& c) -> Result<std::int64_t> {
          return TRY(c.query_first(statement, params,
                                   [](const Row& row) { return row.integer(0); }))
              .value_or(-1);
        })
        .value_or(-1);
  }

  testing::TestDatabase database_{GetParam(), steps};
};

std::vector<testing::Kind> only_postgres() {
  auto kinds = testing::databases();
  std::erase_if(kinds, [](testing::Kind kind) { return kind != testing::Kind::postgres; });
  return kinds;
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PostgresDriverTest);
INSTANTIATE_TEST_SUITE_P(On, PostgresDriverTest, ::testing::ValuesIn(only_postgres()),
                         testing::kind_name<::testing::TestParamInfo<testing::Kind>>);

TEST_P(PostgresDriverTest, RunsAWorkAgainWhenTheSessionIsLostBeforeCommit) {
  int runs = 0;
  const auto wrote = database_->write(Priority::web, [&](Connection& c) -> Result<void> {
    TRY(c.execute(insert, {1, ++runs}));
    if (runs <= 2) TRY(c.execute(end_session));
    return {};
  });
  ASSERT_TRUE(wrote) << wrote.error().message;
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(number(read_amount, {1}), 3);
}

// A deferred trigger runs inside COMMIT: the session dies after COMMIT was sent, before it took
// effect. The sequence lets it happen twice, because sequences are not rolled back.
TEST_P(PostgresDriverTest, FindsOutThatALostCommitDidNotHappenAndRunsTheWorkAgain) {
  ASSERT_TRUE(database_->write(Priority::web, [](Connection& c) {
    return c.run_script(R"(
CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF nextval('commits') <= 2 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
  RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER die AFTER INSERT ON thing DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION die())");
  }));
  int runs = 0;
  const auto wrote = database_->write(Priority::web, [&](Connection& c) -> Result<void> {
    TRY(c.execute(insert, {1, ++runs}));
    return {};
  });
  ASSERT_TRUE(wrote) << wrote.error().message;
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(number(count_things), 1);
}

TEST_P(PostgresDriverTest, FindsOutThatACommitWithoutAnswerDidHappen) {
  CuttingProxy proxy(replace_port(database_.url(), 0).second);
  auto through = Database::open(replace_port(database_.url(), proxy.port).first);
  ASSERT_TRUE(through) << through.error().message;
  for (int i = 1; i <= 3; ++i) {
    proxy.cuts = 1;
    int runs = 0;
    const auto wrote = (*through)->write(Priority::web, [&](Connection& c) -> Result<void> {
      TRY(c.execute(insert, {i, ++runs}));
      return {};
    });
    EXPECT_TRUE(wrote) << wrote.error().message;
    EXPECT_EQ(runs, 1);
    EXPECT_EQ(proxy.cuts, 0);
  }
  EXPECT_EQ(number(count_things), 3);
}

TEST_P(PostgresDriverTest, SessionsThatDiedWhileIdleAreReplacedUnnoticed) {
  EXPECT_EQ(number(count_things), 0);
  auto other = Database::open(database_.url());
  ASSERT_TRUE(other);
  ASSERT_TRUE(
      (*other)->read([](Connection& c) { return c.query(end_others, {}, [](const Row&) {}); }));
  EXPECT_EQ(number(count_things), 0);
  EXPECT_TRUE(database_->write(Priority::web, [](Connection& c) -> Result<void> {
    TRY(c.execute(insert, {1, 1}));
    return {};
  }));
  EXPECT_EQ(number(count_things), 1);
}

TEST_P(PostgresDriverTest, WritersOfTwoProcessesLoseNoUpdate) {
  ASSERT_TRUE(database_->write(Priority::web, [](Connection& c) -> Result<void> {
    TRY(c.execute(insert, {1, 0}));
    return {};
  }));
  const auto count_up = [](Connection& c) -> Result<void> {
    const auto amount =
        TRY(c.query_first(read_amount, {1}, [](const Row& row) { return row.integer(0); }));
    TRY(c.execute(set_amount, {1, *amount + 1}));
    return {};
  };
  std::vector<std::thread> processes;
  for (int i = 0; i < 2; ++i) {
    processes.emplace_back([&] {
      auto own = Database::open(database_.url());
      ASSERT_TRUE(own);
      for (int k = 0; k < 100; ++k) {
        const auto wrote = (*own)->write(Priority::web, count_up);
        EXPECT_TRUE(wrote) << wrote.error().message;
      }
    });
  }
  for (auto& process : processes) process.join();
  EXPECT_EQ(number(read_amount, {1}), 200);
}

TEST_P(PostgresDriverTest, AReadThatLosesItsSessionSaysSoAndTheNextOneWorks) {
  const auto lost = database_->read([](Connection& c) -> Result<void> {
    TRY(c.query(end_session, {}, [](const Row&) {}));
    return c.query(count_things, {}, [](const Row&) {});
  });
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, "db.unavailable");
  EXPECT_EQ(number(count_things), 0);
}

TEST(PostgresDriverOpenTest, SaysWhatToDoWhenTheServerIsNotThere) {
  const auto opened = Database::open("postgres://nobody@127.0.0.1:1/none");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, "db.unavailable");
  EXPECT_EQ(opened.error().kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace tidings::db
