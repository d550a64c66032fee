// Where the HTTP server listens, and how it stops.
#include "served.h"

namespace tidings::net {
namespace {

TEST_F(HttpServerTest, draining_finishes_what_is_under_way_and_takes_nothing_new) {
  serve();
  Client busy(port_);
  busy.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\nGET /hello/after HTTP/1.1\r\nHost: a\r\n\r\n");
  Client kept(port_);
  kept.send("GET /hello/x HTTP/1.1\r\nHost: a\r\n\r\n");
  kept.receive_answer();
  ASSERT_TRUE(wait_for([&] { return handled_ == 2; }));
  std::promise<void> drained;
  loop_.post([&] { server_->drain(seconds(20), [&] { drained.set_value(); }); });
  kept.receive_all();
  EXPECT_TRUE(kept.is_closed());
  EXPECT_FALSE(Client(port_).is_connected());
  auto future = drained.get_future();
  EXPECT_EQ(future.wait_for(milliseconds(50)), std::future_status::timeout);
  release_.set_value();
  const auto answer = busy.receive_all();
  EXPECT_NE(answer.find("waited"), std::string::npos);
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  EXPECT_EQ(answer.find("hello after"), std::string::npos);
  {
    const Client gone = std::move(busy);
  }
  EXPECT_EQ(future.wait_for(seconds(5)), std::future_status::ready);
}

TEST_F(HttpServerTest, draining_ends_in_time_although_a_handler_hangs) {
  serve();
  Client busy(port_);
  busy.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(wait_for([&] { return handled_ == 1; }));
  std::promise<void> drained;
  loop_.post([&] { server_->drain(milliseconds(100), [&] { drained.set_value(); }); });
  EXPECT_EQ(drained.get_future().wait_for(seconds(5)), std::future_status::ready);
  EXPECT_EQ(busy.receive_all(), "");
}

TEST_F(HttpServerTest, a_router_that_takes_long_to_make_is_made_for_the_first_request) {
  int made = 0;
  HttpServer late(loop_, pool_, [&] {
    ++made;
    return router();
  });
  const auto name = late.listen_tcp("127.0.0.1:0");
  ASSERT_TRUE(name);
  port_ = static_cast<std::uint16_t>(std::stoi(name->substr(name->rfind(':') + 1)));
  EXPECT_EQ(made, 0);
  thread_ = std::thread([this] { loop_.run(); });
  EXPECT_EQ(status_of(exchange("GET /hello/x HTTP/1.0\r\n\r\n")), 200);
  EXPECT_EQ(status_of(exchange("GET /hello/y HTTP/1.0\r\n\r\n")), 200);
  std::promise<void> closed;
  loop_.post([&] { late.drain(seconds(0), [&] { closed.set_value(); }); });
  closed.get_future().wait();
  EXPECT_EQ(made, 1);
}

TEST_F(HttpServerTest, a_taken_port_or_a_wrong_address_says_what_to_do) {
  serve();
  HttpServer second(loop_, pool_, Router());
  const auto taken = second.listen_tcp(fmt::format("127.0.0.1:{}", port_));
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, "listen.port_taken");
  EXPECT_NE(taken.error().message.find(fmt::format("127.0.0.1:{}", port_)), std::string::npos);
  EXPECT_NE(taken.error().message.find("--listen"), std::string::npos);
  for (const auto* bad : {"", "here", "host.example:80", "127.0.0.1:", "127.0.0.1:70000", "::1:80",
                          "[::1:80", "[x]:80", "127.0.0.1:8080x", "127.0.0.1:-1"}) {
    const auto wrong = second.listen_tcp(bad);
    ASSERT_FALSE(wrong) << bad;
    EXPECT_EQ(wrong.error().code, "listen.address") << bad;
  }
  EXPECT_EQ(second.listen_tcp("203.0.113.7:8080").error().code, "listen.address");
}

TEST_F(HttpServerTest, ipv6_and_ipv4_reach_the_same_port) {
  HttpServer both(loop_, pool_, router());
  const auto name = both.listen_tcp("[::]:0");
  if (!name) GTEST_SKIP() << "no IPv6 here: " << name.error().message;
  thread_ = std::thread([this] { loop_.run(); });
  port_ = static_cast<std::uint16_t>(std::stoi(name->substr(name->rfind(':') + 1)));
  EXPECT_EQ(status_of(exchange("GET /hello/x HTTP/1.0\r\n\r\n")), 200);
  std::promise<void> closed;
  loop_.post([&] { both.drain(seconds(0), [&] { closed.set_value(); }); });
  closed.get_future().wait();
}

TEST_F(HttpServerTest, a_local_socket_answers_its_client_and_is_closed_to_others) {
  const auto path = folder_ / "tidings.sock";
  EXPECT_EQ(request_local(path, {}).error().code, "local.absent");
  serve();
  ASSERT_TRUE(server_->listen_local(path));
  struct stat status{};
  ASSERT_EQ(::lstat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  const auto answer = request_local(path, {.target = "/hello/you"});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "hello you");
  const auto echo = request_local(
      path, {.method = "POST", .target = "/echo", .body = "abc", .content_type = "text/plain"});
  ASSERT_TRUE(echo);
  EXPECT_EQ(echo->body, "abc");
  EXPECT_EQ(request_local(path, {.target = "/large"})->body.size(), 30'000'000u);
  EXPECT_EQ(request_local(path, {.target = "/none"})->status, 404);
  const auto late = request_local(path, {.target = "/wait", .timeout = milliseconds(100)});
  EXPECT_EQ(late.error().code, "local.timeout");
}

TEST_F(HttpServerTest, a_live_local_socket_is_left_alone_and_a_dead_one_replaced) {
  const auto path = folder_ / "tidings.sock";
  serve();
  ASSERT_TRUE(server_->listen_local(path));
  HttpServer second(loop_, pool_, Router());
  EXPECT_EQ(second.listen_local(path).error().code, "listen.in_use");
  EXPECT_EQ(request_local(path, {.target = "/hello/x"})->status, 200);
  // A process that died leaves its socket file.
  const auto dead = folder_ / "dead.sock";
  const auto address = LocalAddress::create(dead);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::bind(socket, address->address(), address->size()), 0);
  ::close(socket);
  EXPECT_EQ(request_local(dead, {}).error().code, "local.absent");
  EXPECT_TRUE(second.listen_local(dead));
  // Something else in the way is not ours to remove.
  const auto file = folder_ / "file.sock";
  std::ofstream(file) << "precious";
  EXPECT_EQ(second.listen_local(file).error().code, "listen.in_use");
  EXPECT_TRUE(std::filesystem::exists(file));
}

TEST_F(HttpServerTest, a_local_socket_in_a_very_deep_folder_works_and_is_removed) {
  auto deep = folder_;
  for (int i = 0; i < 8; ++i) deep /= std::string(60, static_cast<char>('a' + i));
  std::filesystem::create_directories(deep);
  const auto path = deep / "tidings.sock";
  serve();
  ASSERT_TRUE(server_->listen_local(path));
  EXPECT_EQ(request_local(path, {.target = "/hello/x"})->status, 200);
  std::promise<void> drained;
  loop_.post([&] { server_->drain(seconds(5), [&] { drained.set_value(); }); });
  drained.get_future().wait();
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace tidings::net
