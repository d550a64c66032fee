#include "net/request_reader.h"

#include <algorithm>
#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace tidings::net {
namespace {

using State = ReadStep::State;

// What became of one request given in pieces of `piece` bytes, as a connection gives it.
struct Reading {
  int refused = 0;
  bool is_done = false;
  std::size_t consumed = 0;
  Request request;
  bool is_head = false;
  bool keeps_alive = false;
};

Reading read(std::string_view bytes, std::size_t piece = std::string_view::npos,
             std::size_t body_bytes = 1000) {
  RequestReader reader;
  Reading reading;
  std::string buffer;
  bool in_body = false;
  for (std::size_t given = 0;;) {
    const auto add = std::min(piece, bytes.size() - given);
    buffer += bytes.substr(given, add);
    given += add;
    for (bool again = true; again;) {
      again = false;
      const ReadStep step = in_body ? reader.read_body(buffer) : reader.read_header(buffer);
      buffer.erase(0, step.consumed);
      reading.consumed += step.consumed;
      reading.refused = step.status;
      if (step.state == State::refused) return reading;
      if (step.state == State::more) break;
      if (in_body) {
        reading.is_done = true;
        reading.request = reader.request();
        reading.is_head = reader.is_head();
        reading.keeps_alive = reader.keeps_alive();
        return reading;
      }
      const ReadStep allowed = reader.allow_body(body_bytes);
      reading.refused = allowed.status;
      if (allowed.state == State::refused) return reading;
      in_body = again = true;
    }
    if (given == bytes.size()) return reading;
  }
}

int status_of(std::string_view bytes) { return read(bytes).refused; }

TEST(RequestReader, a_plain_request_is_read) {
  const auto got = read("GET /u/a?x=1&y=%20 HTTP/1.1\r\nHost: example.test\r\nX-A:  b \r\n\r\n");
  ASSERT_TRUE(got.is_done);
  EXPECT_EQ(got.request.method, "GET");
  EXPECT_EQ(got.request.path, "/u/a");
  EXPECT_EQ(got.request.query_value("y"), " ");
  EXPECT_EQ(got.request.header("x-a"), "b");
  EXPECT_TRUE(got.keeps_alive);
}

TEST(RequestReader, every_split_of_a_request_reads_the_same) {
  const std::string request =
      "\r\nPOST /u HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n5;x=y\r\nde\r\nf\r\n0\r\nContent-Type: evil\r\n\r\n";
  for (std::size_t piece = 1; piece <= request.size(); ++piece) {
    const auto got = read(request + "GET /next", piece);
    ASSERT_TRUE(got.is_done) << piece << " status " << got.refused;
    EXPECT_EQ(got.request.body, "abcde\r\nf");
    EXPECT_EQ(got.consumed, request.size());
    EXPECT_EQ(got.request.header("Content-Type"), "") << "a trailer is no header";
  }
}

TEST(RequestReader, an_empty_chunked_body_in_single_bytes_does_not_stop_the_program) {
  for (const std::string tail : {"0\r\n\r\n", "0;a\r\n\r\n", "00\r\nA: b\r\n\r\n"}) {
    const auto got =
        read("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + tail, 1);
    EXPECT_TRUE(got.is_done) << tail;
    EXPECT_EQ(got.request.body, "");
  }
}

TEST(RequestReader, what_follows_a_request_is_left_for_the_next) {
  const std::string first = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
  const auto got = read(first + "GET /b HTTP/1.1\r\n");
  ASSERT_TRUE(got.is_done);
  EXPECT_EQ(got.request.body, "abc");
  EXPECT_EQ(got.consumed, first.size());
}

TEST(RequestReader, head_is_shown_as_get) {
  const auto got = read("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(got.is_head);
  EXPECT_EQ(got.request.method, "GET");
}

TEST(RequestReader, old_and_closing_clients_are_not_kept) {
  EXPECT_FALSE(read("GET / HTTP/1.0\r\n\r\n").keeps_alive);
  EXPECT_TRUE(read("GET / HTTP/1.0\r\n\r\n").is_done);
  EXPECT_FALSE(read("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").keeps_alive);
}

TEST(RequestReader, doubtful_framing_is_refused) {
  const std::string start = "POST / HTTP/1.1\r\nHost: a\r\n";
  for (const std::string header : {"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
                                   "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
                                   "Content-Length: 1\r\nContent-Length: 1\r\n",
                                   "Content-Length: 1\r\nContent-Length: 2\r\n",
                                   "Content-Length: 1, 1\r\n",
                                   "Content-Length: +1\r\n",
                                   "Content-Length: -1\r\n",
                                   "Content-Length: 0x1\r\n",
                                   "Content-Length: \r\n",
                                   "Content-Length: 1 1\r\n",
                                   "Content-Length: 99999999999999999999999\r\n",
                                   "Transfer-Encoding: xchunked\r\n",
                                   "Transfer-Encoding: chunked, identity\r\n",
                                   "Transfer-Encoding: gzip, chunked\r\n",
                                   "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                                   "Transfer-Encoding: \"chunked\"\r\n",
                                   "Transfer-Encoding:\r\n",
                                   "Transfer-Encoding\r\n",
                                   "Content-Length : 1\r\n",
                                   "X: a\r\n Content-Length: 1\r\n",
                                   "X: a\r\n\tb\r\n",
                                   " X: a\r\n",
                                   "X: a\rContent-Length: 1\r\n",
                                   "X: a\nContent-Length: 1\r\n",
                                   "X: \x01\r\n",
                                   "X: a\x7f\r\n",
                                   ": a\r\n",
                                   "X y: a\r\n"}) {
    EXPECT_EQ(status_of(start + header + "\r\nx"), 400) << header;
  }
  EXPECT_EQ(status_of(std::string("POST / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 34)), 400);
  EXPECT_EQ(status_of("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

TEST(RequestReader, broken_chunks_are_refused) {
  const std::string start = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string body :
       {"x\r\n", "3\nabc\n0\n\n", "3\r\nabcd\r\n", "3\r\nabcX\r\n0\r\n\r\n", "-1\r\n\r\n",
        "0x3\r\nabc\r\n", " 3\r\nabc\r\n", "ffffffffffffffffff\r\n", "\r\n\r\n",
        "3;\x01\r\nabc\r\n0\r\n\r\n"}) {
    const auto got = read(start + body + "\r\n\r\n0\r\n\r\n");
    EXPECT_FALSE(got.is_done) << body;
    EXPECT_TRUE(got.refused == 400 || got.refused == 413) << body << " got " << got.refused;
  }
  EXPECT_EQ(status_of(start + "3;" + std::string(20000, 'e')), 400) << "endless extension";
}

TEST(RequestReader, host_is_there_once_and_is_a_host) {
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost:\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n"), 0);
}

TEST(RequestReader, what_is_no_http_is_refused_without_waiting) {
  EXPECT_EQ(status_of("\x16\x03\x01\x02"), 400) << "a TLS hello";
  EXPECT_EQ(status_of("GET / HTTP/1.1\nHost: a\n\n"), 400);
  EXPECT_EQ(status_of("\r\n\r\nGET / HTTP/1.1\r\n"), 400);
  EXPECT_EQ(status_of("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1 \r\nHost: a\r\n\r\n"), 505);
  EXPECT_EQ(status_of("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505);
  EXPECT_EQ(status_of("GET /\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET http:// HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET /<script> HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(status_of("BREW / HTTP/1.1\r\nHost: a\r\n\r\n"), 501);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nExpect: more\r\n\r\n"), 417);
  EXPECT_EQ(status_of("POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\n\r\n"), 415);
}

TEST(RequestReader, the_bounds_hold_to_the_byte) {
  const std::string head = "GET /";
  const std::string tail = " HTTP/1.1";
  const auto target = [&](std::size_t line) {
    return head + std::string(line - head.size() - tail.size(), 'a') + tail + "\r\nHost: a\r\n\r\n";
  };
  EXPECT_EQ(status_of(target(8192)), 0);
  EXPECT_EQ(status_of(target(8193)), 414);
  EXPECT_EQ(status_of(std::string(8193, 'a')), 414) << "before the line is over";
  const auto header = [](std::size_t total) {
    const std::string start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    return start + std::string(total - start.size() - 4, 'a') + "\r\n\r\n";
  };
  EXPECT_TRUE(read(header(16384)).is_done);
  EXPECT_EQ(status_of(header(16385)), 431);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nX: " + std::string(17000, 'a')), 431);
  std::string many = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 100; ++i) many += "a: b\r\n";
  EXPECT_EQ(status_of(many + "\r\n"), 431);
  EXPECT_EQ(status_of("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n"), 413);
  EXPECT_EQ(status_of("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
                      std::string(1001, 'x')),
            413);
  EXPECT_TRUE(
      read("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x'))
          .is_done);
}

TEST(RequestReader, a_body_cut_short_is_never_done) {
  const std::string whole = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde";
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto got = read(whole.substr(0, length));
    EXPECT_FALSE(got.is_done) << length;
    EXPECT_EQ(got.refused, 0) << length;
  }
}

}  // namespace
}  // namespace tidings::net
