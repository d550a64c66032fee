#include "net/event_stream.h"

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

namespace tidings::net {
namespace {

std::string taken(EventStream& stream) {
  bool ends = false;
  return stream.take(ends);
}

TEST(EventStream, an_event_is_written_line_by_line) {
  EventStream stream;
  EXPECT_TRUE(stream.send({"progress", "{\"sent\":1}", "7"}));
  EXPECT_TRUE(stream.send({"", "two\nlines\r\nand\ra third", "", false}));
  EXPECT_TRUE(stream.send({"end", ""}));
  EXPECT_EQ(taken(stream),
            "event: progress\nid: 7\ndata: {\"sent\":1}\n\n"
            "data: two\ndata: lines\ndata: and\ndata: a third\n\n"
            "event: end\ndata: \n\n");
  EXPECT_EQ(taken(stream), "");
}

TEST(EventStream, a_slow_client_sees_the_newest_of_each_type) {
  EventStream stream;
  stream.send({"progress", "1"});
  stream.send({"log", "a", "", false});
  stream.send({"progress", "2"});
  stream.send({"log", "b", "", false});
  EXPECT_EQ(taken(stream),
            "event: log\ndata: a\n\nevent: progress\ndata: 2\n\nevent: log\ndata: b\n\n");
}

TEST(EventStream, more_waiting_than_may_ends_the_stream) {
  EventStream stream({.queue_bytes = 100});
  EXPECT_TRUE(stream.send({"log", std::string(50, 'a'), "", false}));
  EXPECT_FALSE(stream.send({"log", std::string(50, 'b'), "", false}));
  EXPECT_TRUE(stream.is_over());
  bool ends = false;
  EXPECT_NE(stream.take(ends).find("aaa"), std::string::npos) << "what was taken still goes";
  EXPECT_TRUE(ends);
}

TEST(EventStream, after_the_end_nothing_is_taken_and_the_server_is_woken) {
  EventStream stream;
  int woken = 0;
  stream.attach([&] { ++woken; });
  stream.send({"a", "1"});
  stream.end();
  stream.end();
  EXPECT_EQ(woken, 2);
  EXPECT_FALSE(stream.send({"a", "2"}));
  bool ends = false;
  EXPECT_EQ(stream.take(ends), "event: a\ndata: 1\n\n");
  EXPECT_TRUE(ends);
}

TEST(EventStream, a_client_that_left_is_told_to_who_sends) {
  EventStream stream;
  stream.detach();
  EXPECT_TRUE(stream.is_over());
  EXPECT_FALSE(stream.send({"a", "1"}));
}

TEST(EventStream, a_poll_that_says_no_or_throws_ends_it) {
  int polls = 0;
  const auto counted = EventStream::polled(std::chrono::seconds(1), [&](EventStream& stream) {
    stream.send({"n", std::to_string(++polls)});
    return polls < 2;
  });
  for (int i = 0; i < 5; ++i) counted->poll();
  EXPECT_EQ(polls, 2);
  EXPECT_TRUE(counted->is_over());
  const auto broken = EventStream::polled(
      std::chrono::seconds(1), [](EventStream&) -> bool { throw std::runtime_error("x"); });
  broken->poll();
  EXPECT_TRUE(broken->is_over());
}

}  // namespace
}  // namespace tidings::net
