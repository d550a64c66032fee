// The HTTP server over real sockets: what a hostile, slow or hurried client sees.
#include "served.h"

namespace tidings::net {
namespace {

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

TEST_F(HttpServerTest, a_quick_answer_leaves_once_what_it_noted_is_settled) {
  serve();
  std::vector<Client> clients;
  for (int i = 0; i < 8; ++i) clients.emplace_back(port_);
  for (int round = 1; round < 6; ++round) {
    for (const Client& client : clients) {
      ASSERT_TRUE(client.send("GET /note/this HTTP/1.1\r\nHost: a\r\n\r\n"));
    }
    int answered = (round - 1) * 8;
    for (Client& client : clients) {
      EXPECT_TRUE(client.receive_answer().ends_with("noted this"));
      EXPECT_GE(settled_, ++answered);
    }
    EXPECT_EQ(settled_, round * 8);
  }
  std::string requests;
  for (const auto* what : {"a", "b", "later", "c"}) {
    requests += fmt::format("GET /note/{} HTTP/1.1\r\nHost: a\r\n\r\n", what);
  }
  requests += "GET /note/d HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  ASSERT_TRUE(clients[0].send(requests));
  const auto answers = clients[0].receive_all();
  std::size_t last = 0;
  for (const auto* what : {"noted a", "noted b", "by its handler", "noted c", "noted d"}) {
    const auto at = answers.find(what, last);
    ASSERT_NE(at, std::string::npos) << what;
    last = at;
  }
  EXPECT_EQ(settled_, 44);
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

TEST_F(HttpServerTest, at_the_connection_limit_those_that_dawdle_over_a_header_make_way) {
  serve({.connections_max = 3});
  Client kept(port_);
  kept.send("GET /hello/x HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(status_of(kept.receive_answer()), 200);
  Client half(port_);
  half.send("GET /he");
  Client other(port_);
  ASSERT_TRUE(wait_for([&] { return connections() == 3; }));
  std::this_thread::sleep_for(milliseconds(1200));  // longer than an honest client takes
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(status_of(exchange("GET /hello/y HTTP/1.0\r\n\r\n")), 200);
  }
  kept.send("GET /hello/x HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(status_of(kept.receive_answer()), 200) << "who waits between two requests stays";
  half.receive_all();
  EXPECT_TRUE(half.is_closed());
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

}  // namespace
}  // namespace tidings::net
