// The HTTP server over real sockets: what a hostile, slow or hurried client sees.
#include "net/http_server.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/event_stream.h"
#include "net/local_address.h"
#include "net/local_client.h"
#include "net/spool_file.h"
#include "wire/form_data.h"

namespace tidings::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using SteadyClock = std::chrono::steady_clock;

// A blocking client socket that says what it gets.
class Client {
 public:
  explicit Client(std::uint16_t port) : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_connected_ =
        ::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  Client(Client&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)), is_connected_(other.is_connected_) {}
  ~Client() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  bool is_connected() const { return is_connected_; }
  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // Reads until `enough` says so, the end, or the time is over.
  std::string receive(const std::function<bool(const std::string&)>& enough,
                      milliseconds at_most = seconds(5)) {
    std::string got;
    is_closed_ = false;
    const auto until = SteadyClock::now() + at_most;
    while (!enough(got)) {
      const auto left = std::chrono::ceil<milliseconds>(until - SteadyClock::now()).count();
      pollfd poll{.fd = descriptor_, .events = POLLIN, .revents = 0};
      if (left <= 0 || ::poll(&poll, 1, static_cast<int>(left)) <= 0) return got;
      char buffer[8192];
      const auto count = ::recv(descriptor_, buffer, sizeof buffer, 0);
      is_closed_ = count <= 0;
      if (is_closed_) return got;
      got.append(buffer, static_cast<std::size_t>(count));
    }
    return got;
  }
  std::string receive_all(milliseconds at_most = seconds(5)) {
    return receive([](const std::string&) { return false; }, at_most);
  }
  std::string receive_answer() {
    return receive([](const std::string& got) {
      const auto end = got.find("\r\n\r\n");
      const auto length = got.find("Content-Length: ");
      return end != std::string::npos && length != std::string::npos &&
             got.size() >= end + 4 + std::stoul(got.substr(length + 16));
    });
  }
  bool is_closed() const { return is_closed_; }  // as of the last receive

 private:
  int descriptor_;
  bool is_connected_ = false;
  bool is_closed_ = false;
};

int status_of(const std::string& answer) {
  return answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0;
}

std::size_t occurrences(const std::string& text, std::string_view what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

class HttpServerTest : public ::testing::Test {
 protected:
  std::filesystem::path folder_;
  std::atomic<int> handled_ = 0;
  std::atomic<int> polled_ = 0;
  std::shared_ptr<EventStream> events_ = std::make_shared<EventStream>(
      EventStreamOptions{.heartbeat = seconds(1), .queue_bytes = 100'000});
  std::promise<void> release_;
  std::shared_future<void> released_ = release_.get_future().share();
  std::string trouble_;
  EventLoop loop_;
  WorkerPool pool_{2, 8};
  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
  std::thread thread_;

  Router router() {
    Router router;
    router.add("GET", "/hello/{name}", [this](const Request& request) {
      ++handled_;
      return Response::text(200, fmt::format("hello {}", request.param("name")));
    });
    router.add("POST", "/echo",
               [this](const Request& request) {
                 ++handled_;
                 return Response::text(200, request.body);
               },
               {.body_bytes = 1000,
                .media_types = {"text/plain", "application/x-www-form-urlencoded"},
                .is_body_required = true});
    router.add("GET", "/throw",
               [](const Request&) -> Response { throw std::runtime_error("secret of the house"); });
    router.add("GET", "/split", [](const Request&) {
      return Response::text(200, "x").set("Location", "/\r\nSet-Cookie: a=b");
    });
    router.add("GET", "/wait", [this](const Request&) {
      ++handled_;
      released_.wait();
      return Response::text(200, "waited");
    });
    router.add("GET", "/events",
               [this](const Request&) { return Response::event_stream(events_); });
    router.add("GET", "/ticks", [this](const Request&) {
      return Response::event_stream(
          EventStream::polled(milliseconds(1), [this, count = 0](EventStream& stream) mutable {
            ++polled_;
            stream.send({"tick", std::to_string(++count)});
            return count < 3;
          }));
    });
    router.add("GET", "/json", [](const Request&) {
      return Response::json(200, "[" + std::string(5000, ' ') + "]");
    });
    router.add(
        "POST", "/upload",
        [this](const Request& request) {
          ++handled_;
          const auto view = request.spool->view();
          const auto media = wire::parse_media_type(request.header("Content-Type"));
          if (!media || media->type != "multipart/form-data") {
            return Response::text(200, fmt::format("{} {}", view->size(), request.body.size()));
          }
          const auto parts = wire::split_form_multipart(*view, *media->parameter("boundary"));
          std::string said;
          for (const auto& part : *parts) {
            said += fmt::format("{} {} {} {}\n", part.name, part.file_name.value_or("-"),
                                part.media_type, part.value.size());
          }
          return Response::text(200, said);
        },
        {.body_bytes = 20'000'000, .is_body_required = true, .spool_folder = folder_ / "spool"});
    router.add("GET", "/large",
               [](const Request&) { return Response::text(200, std::string(30'000'000, 'x')); });
    return router;
  }

  void serve(HttpServerOptions options = {}) {
    options.report_trouble = [this](std::string_view what) { trouble_ = what; };
    server_ = std::make_unique<HttpServer>(loop_, pool_, router(), std::move(options));
    const auto name = server_->listen_tcp("127.0.0.1:0");
    ASSERT_TRUE(name) << name.error().message;
    port_ = static_cast<std::uint16_t>(std::stoi(name->substr(name->rfind(':') + 1)));
    thread_ = std::thread([this] { loop_.run(); });
  }

  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / fmt::format("tidings_http_{}", ::getpid());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override {
    if (released_.wait_for(seconds(0)) != std::future_status::ready) release_.set_value();
    loop_.stop();
    if (thread_.joinable()) thread_.join();
    server_.reset();
    pool_.stop();
    std::filesystem::remove_all(folder_);
  }

  // The whole of what one closing exchange brings.
  std::string exchange(std::string_view bytes) const {
    Client client(port_);
    client.send(bytes);
    return client.receive_all();
  }
  std::size_t connections() {
    std::promise<std::size_t> count;
    loop_.post([&] { count.set_value(server_->connections()); });
    return count.get_future().get();
  }
  bool wait_for(const std::function<bool()>& what) {
    for (int i = 0; i < 500; ++i) {
      if (what()) return true;
      std::this_thread::sleep_for(milliseconds(10));
    }
    return false;
  }
};

TEST_F(HttpServerTest, an_answer_carries_body_length_date_and_the_security_headers) {
  serve();
  const auto answer =
      exchange("GET /hello/w%C3%B6rld HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(status_of(answer), 200);
  for (const auto* part :
       {"\r\nContent-Length: 12\r\n", "\r\nConnection: close\r\n", " GMT\r\n",
        "X-Content-Type-Options: nosniff", "Referrer-Policy: no-referrer", "frame-ancestors 'none'",
        "Cache-Control: no-store", "\r\n\r\nhello wörld"}) {
    EXPECT_NE(answer.find(part), std::string::npos) << part << "\n" << answer;
  }
}

TEST_F(HttpServerTest, a_connection_serves_many_requests_and_pipelined_ones_in_order) {
  serve();
  Client client(port_);
  std::string requests;
  for (int i = 0; i < 50; ++i) {
    requests += fmt::format("GET /hello/{} HTTP/1.1\r\nHost: a\r\n\r\n", i);
    requests +=
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n"
        "Content-Length: 1\r\n\r\n,";
  }
  requests += "GET /hello/last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  ASSERT_TRUE(client.send(requests));
  const auto answers = client.receive_all();
  EXPECT_EQ(occurrences(answers, "HTTP/1.1 200 OK"), 101u);
  std::size_t last = 0;
  for (int i = 0; i < 50; ++i) {
    const auto at = answers.find(fmt::format("\r\n\r\nhello {}", i));
    ASSERT_NE(at, std::string::npos) << i;
    EXPECT_GE(at, last);
    last = at;
  }
}

TEST_F(HttpServerTest, head_and_options_bring_headers_without_a_body) {
  serve();
  Client client(port_);
  client.send(
      "HEAD /hello/x HTTP/1.1\r\nHost: a\r\n\r\nOPTIONS /echo HTTP/1.1\r\nHost: a\r\n"
      "Connection: close\r\n\r\n");
  const auto answers = client.receive_all();
  EXPECT_NE(answers.find("Content-Length: 7\r\n"), std::string::npos);
  EXPECT_EQ(answers.find("hello"), std::string::npos);
  EXPECT_NE(answers.find("204 No Content"), std::string::npos);
  EXPECT_NE(answers.find("Allow: OPTIONS, POST\r\n"), std::string::npos);
}

TEST_F(HttpServerTest, each_refusal_has_its_status) {
  serve();
  const std::string end = "Host: a\r\nConnection: close\r\n";
  const std::pair<std::string, int> cases[] = {
      {"GET /none HTTP/1.1\r\n" + end + "\r\n", 404},
      {"DELETE /echo HTTP/1.1\r\n" + end + "\r\n", 405},
      {"GET /hello/a HTTP/1.1\r\n\r\n", 400},
      {"POST /echo HTTP/1.1\r\n" + end + "\r\n", 411},
      {"POST /echo HTTP/1.1\r\n" + end +
           "Content-Type: text/plain\r\nContent-Length: 1001\r\n\r\n" + std::string(1001, 'x'),
       413},
      {"POST /echo HTTP/1.1\r\n" + end + "Content-Type: text/html\r\nContent-Length: 1\r\n\r\nx",
       415},
      {"POST /echo HTTP/1.1\r\n" + end + "Content-Length: 1\r\n\r\nx", 415},
      {"GET /" + std::string(9000, 'a') + " HTTP/1.1\r\n" + end + "\r\n", 414},
      {"GET / HTTP/1.1\r\nX: " + std::string(17000, 'a') + "\r\n" + end + "\r\n", 431},
      {"BREW / HTTP/1.1\r\n" + end + "\r\n", 501},
      {"GET / HTTP/3.0\r\n" + end + "\r\n", 505},
      {"GET /throw HTTP/1.1\r\n" + end + "\r\n", 500},
      {"GET /split HTTP/1.1\r\n" + end + "\r\n", 500},
      {"\x16\x03\x01\x02\x00", 400}};
  for (const auto& [request, status] : cases) {
    const auto answer = exchange(request);
    EXPECT_EQ(status_of(answer), status) << request.substr(0, 60) << " got " << answer;
    EXPECT_EQ(answer.find("secret of the house"), std::string::npos);
    EXPECT_EQ(answer.find("Set-Cookie"), std::string::npos);
    EXPECT_NE(answer.find("Connection: close"), std::string::npos) << answer;
  }
  EXPECT_NE(trouble_.find("control character"), std::string::npos);
}

TEST_F(HttpServerTest, a_second_request_cannot_be_smuggled_into_the_first) {
  serve();
  const std::string inner = "GET /hello/smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const std::string headers :
       {"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: xchunked\r\nContent-Length: 0\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Content-Length: 0\r\nContent-Length: 44\r\n",
        "Content-Length: 0\r\n Content-Length: 44\r\n", "Transfer-Encoding : chunked\r\n",
        "X: x\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding:\x0b"
        "chunked\r\n"}) {
    const auto answer = exchange("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n" +
                                 headers + "\r\n0\r\n\r\n" + inner);
    EXPECT_EQ(status_of(answer), 400) << headers << answer;
    EXPECT_EQ(occurrences(answer, "HTTP/1.1"), 1u) << headers << answer;
  }
  // A body that is refused unread is never taken for the next request.
  const auto answer =
      exchange("POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: 44\r\n\r\n" + inner);
  EXPECT_EQ(status_of(answer), 404);
  EXPECT_EQ(occurrences(answer, "HTTP/1.1"), 1u);
  EXPECT_EQ(handled_, 0);
}

TEST_F(HttpServerTest, a_refused_large_upload_still_gets_its_answer) {
  serve();
  Client client(port_);
  client.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n"
      "Content-Length: 200000\r\n\r\n");
  client.send(std::string(200000, 'x'));
  EXPECT_EQ(status_of(client.receive_all()), 413);
}

TEST_F(HttpServerTest, expect_continue_is_answered_before_the_body_comes) {
  serve();
  Client client(port_);
  client.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n"
      "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.receive([](const auto& got) { return got.ends_with("\r\n\r\n"); }),
            "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("abc");
  EXPECT_NE(client.receive_answer().find("\r\n\r\nabc"), std::string::npos);
}

TEST_F(HttpServerTest, one_byte_at_a_time_works_within_the_deadline) {
  serve();
  Client client(port_);
  for (const char c : std::string("GET /hello/x HTTP/1.1\r\nHost: a\r\n\r\n")) {
    client.send({&c, 1});
  }
  EXPECT_EQ(status_of(client.receive_answer()), 200);
}

TEST_F(HttpServerTest, slow_headers_and_bodies_get_408_and_silence_is_closed) {
  serve({.header_timeout = milliseconds(300),
         .body_timeout = milliseconds(300),
         .idle_timeout = milliseconds(300)});
  Client slow_header(port_);
  slow_header.send("GET / HTTP/1.1\r\nHo");
  Client slow_body(port_);
  slow_body.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n"
      "Content-Length: 3\r\n\r\na");
  Client silent(port_);
  Client kept(port_);
  kept.send("GET /hello/x HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(status_of(kept.receive_answer()), 200);
  EXPECT_EQ(status_of(slow_header.receive_all()), 408);
  EXPECT_EQ(status_of(slow_body.receive_all()), 408);
  EXPECT_EQ(silent.receive_all(), "");
  EXPECT_TRUE(silent.is_closed());
  EXPECT_EQ(kept.receive_all(), "");
  EXPECT_TRUE(kept.is_closed());
}

TEST_F(HttpServerTest, an_answer_nobody_reads_does_not_hold_its_connection) {
  serve({.write_timeout = milliseconds(300)});
  Client client(port_);
  client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(wait_for([&] { return connections() == 1; }));
  EXPECT_TRUE(wait_for([&] { return connections() == 0; }));
}

TEST_F(HttpServerTest, a_client_that_leaves_while_its_handler_runs_harms_nothing) {
  serve();
  {
    Client client(port_);
    client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(wait_for([&] { return handled_ == 1; }));
  }
  release_.set_value();
  EXPECT_TRUE(wait_for([&] { return connections() == 0; }));
  EXPECT_EQ(status_of(exchange("GET /hello/x HTTP/1.0\r\n\r\n")), 200);
}

TEST_F(HttpServerTest, more_requests_than_may_wait_get_503) {
  serve();
  std::vector<Client> clients;
  for (int i = 0; i < 14; ++i) {
    clients.emplace_back(port_);
    clients.back().send("GET /wait HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    if (i < 2) ASSERT_TRUE(wait_for([&] { return handled_ == i + 1; }));
  }
  // Two run and eight wait; the other four are refused at once.
  int refused = 0;
  for (auto& client : clients) {
    refused += status_of(client.receive([](const auto& s) { return s.find("503") < 20; },
                                        milliseconds(200))) == 503;
  }
  EXPECT_EQ(refused, 4);
  release_.set_value();
  EXPECT_TRUE(wait_for([&] { return handled_ == 10; }));
}

TEST_F(HttpServerTest, at_the_connection_limit_idle_ones_make_way_and_busy_ones_do_not) {
  serve({.connections_max = 3});
  Client kept(port_);
  kept.send("GET /hello/x HTTP/1.1\r\nHost: a\r\n\r\n");
  kept.receive_answer();
  Client half(port_);
  half.send("GET /he");
  Client other(port_);
  other.send("GET /he");
  ASSERT_TRUE(wait_for([&] { return connections() == 3; }));
  EXPECT_EQ(status_of(exchange("GET /hello/y HTTP/1.0\r\n\r\n")), 200) << "the idle one made way";
  kept.receive_all();
  EXPECT_TRUE(kept.is_closed());
  Client third(port_);
  third.send("GET /he");
  ASSERT_TRUE(wait_for([&] { return connections() == 3; }));
  Client refused(port_);
  EXPECT_EQ(status_of(refused.receive_all()), 503);
}

// R13: the deadlines cost a slow client its connection, and the others nothing.
TEST_F(HttpServerTest, two_thousand_slow_connections_do_not_slow_the_others) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < 4500) GTEST_SKIP() << "too few descriptors allowed here";
  serve();
  // The quietest of several rounds: other work shares this machine, and a server that slows with
  // the number of its connections does so in every round.
  const auto p99 = [&] {
    double best = 1e9;
    for (int round = 0; round < 5; ++round) {
      std::vector<double> times;
      for (int i = 0; i < 200; ++i) {
        const auto start = SteadyClock::now();
        EXPECT_EQ(status_of(exchange("GET /hello/x HTTP/1.0\r\n\r\n")), 200);
        times.push_back(
            std::chrono::duration<double, std::milli>(SteadyClock::now() - start).count());
      }
      std::ranges::sort(times);
      best = std::min(best, times[times.size() * 99 / 100]);
    }
    return best;
  };
  const double before = p99();
  std::vector<Client> slow;
  const auto add_slow = [&] {
    slow.clear();
    for (int i = 0; i < 2000; ++i) {
      slow.emplace_back(port_);
      ASSERT_TRUE(slow.back().is_connected());
      slow.back().send(i % 2 == 0 ? "" : "GET /hello/slow HTTP/1.1\r\nX: ");
    }
  };
  add_slow();
  ASSERT_TRUE(wait_for([&] { return connections() >= 2000; }));
  const double during = p99();
  // 2 ms: one turn of another process on a machine with two cores.
  EXPECT_LT(during, before * 2 + 2) << before << " ms before, " << during << " ms during";
  RecordProperty("p99_before_us", static_cast<int>(before * 1000));
  RecordProperty("p99_during_us", static_cast<int>(during * 1000));
}

TEST_F(HttpServerTest, events_reach_a_client_as_they_come_until_the_stream_ends) {
  serve();
  Client client(port_);
  client.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto head =
      client.receive([](const std::string& got) { return got.ends_with("\r\n\r\n"); });
  EXPECT_EQ(status_of(head), 200);
  EXPECT_NE(head.find("Content-Type: text/event-stream"), std::string::npos);
  EXPECT_EQ(head.find("Content-Length"), std::string::npos);
  EXPECT_TRUE(events_->send({"progress", "1"}));
  EXPECT_EQ(client.receive([](const std::string& got) { return got.ends_with("\n\n"); }),
            "event: progress\ndata: 1\n\n");
  EXPECT_TRUE(events_->send({"progress", "2"}));
  events_->end();
  EXPECT_EQ(client.receive_all(), "event: progress\ndata: 2\n\n");
  EXPECT_TRUE(client.is_closed());
}

TEST_F(HttpServerTest, a_polled_stream_asks_until_it_is_told_enough) {
  serve();
  const auto got = exchange("GET /ticks HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_NE(got.find("data: 1\n"), std::string::npos) << got;
  EXPECT_TRUE(got.ends_with("event: tick\ndata: 3\n\n")) << got;
  EXPECT_EQ(polled_, 3);
}

TEST_F(HttpServerTest, a_silent_stream_says_that_it_is_there) {
  serve();
  Client client(port_);
  client.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto got =
      client.receive([](const std::string& text) { return text.ends_with("\n:\n\n"); });
  EXPECT_TRUE(got.ends_with("\r\n\r\n:\n\n")) << got;
}

TEST_F(HttpServerTest, a_watcher_that_leaves_ends_its_stream) {
  serve();
  {
    Client client(port_);
    client.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
    client.receive([](const std::string& got) { return got.ends_with("\r\n\r\n"); });
    EXPECT_FALSE(events_->is_over());
  }
  EXPECT_TRUE(wait_for([&] { return events_->is_over(); }));
  EXPECT_TRUE(wait_for([&] { return connections() == 0; }));
}

TEST_F(HttpServerTest, a_watcher_that_takes_nothing_is_dropped_and_memory_stays) {
  serve({.write_timeout = seconds(1)});
  Client client(port_);
  client.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string block(50'000, 'x');
  // Beyond what the sockets hold the queue fills, and at its bound the stream is over.
  EXPECT_TRUE(wait_for([&] { return !events_->send({"log", block, "", false}); }));
  EXPECT_TRUE(wait_for([&] { return connections() == 0; }));
}

TEST_F(HttpServerTest, a_drain_ends_streams) {
  serve();
  Client client(port_);
  client.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
  client.receive([](const std::string& got) { return got.ends_with("\r\n\r\n"); });
  std::promise<void> drained;
  const auto start = SteadyClock::now();
  loop_.post([&] { server_->drain(seconds(10), [&] { drained.set_value(); }); });
  client.receive_all();
  EXPECT_TRUE(client.is_closed());
  EXPECT_EQ(drained.get_future().wait_for(seconds(8)), std::future_status::ready);
  EXPECT_LT(SteadyClock::now() - start, seconds(8));
}

TEST_F(HttpServerTest, a_large_json_answer_is_compressed_for_who_takes_it) {
  serve();
  const auto coded = exchange(
      "GET /json HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAccept-Encoding: gzip\r\n\r\n");
  EXPECT_NE(coded.find("Content-Encoding: gzip"), std::string::npos);
  EXPECT_LT(coded.size(), 2000u);
  EXPECT_GT(exchange("GET /json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").size(), 5000u);
}

TEST_F(HttpServerTest, an_upload_goes_to_a_file_and_its_parts_are_found_there) {
  serve();
  const std::string body =
      "--b\r\nContent-Disposition: form-data; name=\"kind\"\r\n\r\npeople\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"p.csv\"\r\n"
      "Content-Type: text/csv\r\n\r\n" +
      std::string(3'000'000, 'x') + "\r\n--b--\r\n";
  Client client(port_);
  client.send(
      fmt::format("POST /upload HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                  "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {}\r\n\r\n",
                  body.size()));
  client.send(body);
  const auto answer = client.receive_all();
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_TRUE(answer.ends_with("kind -  6\nfile p.csv text/csv 3000000\n")) << answer;
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "spool"));
}

TEST_F(HttpServerTest, a_chunked_upload_is_spooled_and_bounded_too) {
  serve();
  const std::string head =
      "POST /upload HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::string chunks;
  for (int i = 0; i < 100; ++i) chunks += "2710\r\n" + std::string(10'000, 'y') + "\r\n";
  EXPECT_TRUE(exchange(head + chunks + "0\r\n\r\n").ends_with("1000000 0"));
  EXPECT_EQ(status_of(exchange(head + chunks + "1312D01\r\n")), 413) << "one byte too many";
  EXPECT_EQ(handled_, 1);
  Client leaves(port_);
  leaves.send(head + "ffff\r\nhalf");
  EXPECT_TRUE(wait_for([&] { return connections() >= 1; }));
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "spool"));
}

TEST_F(HttpServerTest, an_upload_that_keeps_coming_outlives_the_deadline_of_a_small_body) {
  serve({.body_timeout = seconds(1)});
  Client client(port_);
  client.send("POST /upload HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 6\r\n\r\n");
  for (int i = 0; i < 6; ++i) {
    std::this_thread::sleep_for(milliseconds(400));
    client.send("x");
  }
  EXPECT_TRUE(client.receive_all().ends_with("6 0"));
  Client silent(port_);
  silent.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nx");
  EXPECT_EQ(status_of(silent.receive_all()), 408);
}

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
