// Streams of events, compressed answers and spooled uploads over real sockets.
#include "served.h"

namespace tidings::net {
namespace {

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

TEST_F(HttpServerTest, an_answer_in_pieces_is_chunked_and_the_connection_goes_on) {
  serve();
  const auto got = exchange(
      "GET /pieces/whole HTTP/1.1\r\nHost: a\r\n\r\n"
      "GET /hello/you HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_NE(got.find("Transfer-Encoding: chunked\r\n"), std::string::npos) << got;
  const auto end = got.find("\r\n\r\n");
  EXPECT_EQ(got.substr(0, end).find("Content-Length"), std::string::npos) << got;
  EXPECT_NE(got.find("8\r\npiece 0\n\r\n8\r\npiece 2\n\r\n8\r\npiece 3\n\r\n0\r\n\r\nHTTP/1.1 "),
            std::string::npos)
      << got;
  EXPECT_EQ(polled_, 4);
}

TEST_F(HttpServerTest, an_old_client_gets_the_pieces_until_the_connection_closes) {
  serve();
  const auto got = exchange("GET /pieces/whole HTTP/1.0\r\nHost: a\r\n\r\n");
  EXPECT_EQ(got.find("chunked"), std::string::npos) << got;
  EXPECT_TRUE(got.ends_with("\r\n\r\npiece 0\npiece 2\npiece 3\n")) << got;
}

TEST_F(HttpServerTest, an_answer_that_breaks_half_way_is_not_taken_for_a_whole_one) {
  serve();
  const auto got = exchange("GET /pieces/broken HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(got.ends_with("piece 2\n\r\n")) << got;
}

TEST_F(HttpServerTest, who_takes_no_pieces_has_none_made_and_is_dropped) {
  serve({.write_timeout = seconds(1)});
  Client client(port_);
  client.send("GET /pieces/endless HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(wait_for([&] { return polled_ > 0 && connections() == 0; }));
  // What the sockets hold, a few megabytes; not what could be made in that second.
  EXPECT_LT(polled_, 1000);
}

TEST_F(HttpServerTest, a_head_of_pieces_makes_none) {
  serve();
  const auto got = exchange("HEAD /pieces/whole HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(got.ends_with("\r\n\r\n")) << got;
  EXPECT_EQ(polled_, 0);
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

}  // namespace
}  // namespace tidings::net
