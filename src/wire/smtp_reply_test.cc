#include "wire/smtp_reply.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace tidings::wire {
namespace {

using Status = SmtpReplyParser::Status;

SmtpReply parse(std::string_view bytes) {
  SmtpReplyParser parser;
  EXPECT_EQ(parser.feed(bytes), Status::complete);
  EXPECT_TRUE(bytes.empty());
  return parser.take();
}

TEST(SmtpReply, SingleLine) {
  const SmtpReply reply = parse("250 2.1.5 Ok\r\n");
  EXPECT_EQ(reply.code, 250);
  EXPECT_EQ(reply.enhanced_code, "2.1.5");
  EXPECT_EQ(reply.text, "Ok");
}

TEST(SmtpReply, SeveralLinesAreJoined) {
  const SmtpReply reply = parse("250-mx.example greets you\r\n250-PIPELINING\r\n250 SIZE 1000\r\n");
  EXPECT_EQ(reply.text, "mx.example greets you\nPIPELINING\nSIZE 1000");
}

TEST(SmtpReply, EnhancedCodeOfEveryLineIsTakenOff) {
  const SmtpReply reply = parse("550-5.7.1 Blocked\r\n550 5.7.1 see https://example.org\r\n");
  EXPECT_EQ(reply.enhanced_code, "5.7.1");
  EXPECT_EQ(reply.text, "Blocked\nsee https://example.org");
}

TEST(SmtpReply, EnhancedCodeMustAgreeWithTheReply) {
  EXPECT_EQ(parse("450 5.1.1 odd\r\n").enhanced_code, "");
  EXPECT_EQ(parse("450 5.1.1 odd\r\n").text, "5.1.1 odd");
  EXPECT_EQ(parse("550 5.1.1x odd\r\n").enhanced_code, "");
  EXPECT_EQ(parse("550 5.1000.1 odd\r\n").enhanced_code, "");
  EXPECT_EQ(parse("550 5.7.515\r\n").enhanced_code, "5.7.515");
  EXPECT_EQ(parse("550-5.1.1 a\r\n450 b\r\n").enhanced_code, "");
}

TEST(SmtpReply, ToleratesWhatServersDo) {
  EXPECT_EQ(parse("250\r\n").code, 250);
  EXPECT_EQ(parse("250\n").code, 250);
  EXPECT_EQ(parse("250 \r\n").text, "");
  EXPECT_EQ(parse("250\tok\r\n").text, "ok");
  EXPECT_EQ(parse("299 what\r\n").reply_class(), 2);
  EXPECT_EQ(parse("559 what\r\n").reply_class(), 5);
  EXPECT_EQ(parse(std::string_view("250 a\0b\r\n", 9)).text, "ab");
  EXPECT_EQ(parse("250-a\n550 b\n").code, 550);
}

TEST(SmtpReply, EveryCodeFrom200To599IsReadByItsFirstDigit) {
  for (int code = 200; code < 600; ++code) {
    const SmtpReply reply = parse(std::to_string(code) + " x\r\n");
    EXPECT_EQ(reply.code, code);
    EXPECT_EQ(reply.reply_class(), code / 100);
  }
}

TEST(SmtpReply, WhatIsNoReplyIsMalformed) {
  for (const std::string_view text : {"\r\n", "25\r\n", "HTTP/1.1 400 Bad Request\r\n", "150 x\r\n",
                                      "650 x\r\n", "2x0 a\r\n", " 250 ok\r\n", "-250 ok\r\n"}) {
    SmtpReplyParser parser;
    std::string_view bytes = text;
    EXPECT_EQ(parser.feed(bytes), Status::malformed) << text;
  }
}

TEST(SmtpReply, BytesMaySplitAnywhere) {
  const std::string text = "250-2.0.0 one\r\n250-two\r\n250 2.0.0 three\r\n550 5.1.1 next\r\n";
  for (std::size_t split = 0; split <= text.size(); ++split) {
    SmtpReplyParser parser;
    std::vector<SmtpReply> replies;
    for (std::string_view part :
         {std::string_view(text).substr(0, split), std::string_view(text).substr(split)}) {
      while (parser.feed(part) == Status::complete) replies.push_back(parser.take());
      EXPECT_TRUE(part.empty());
    }
    ASSERT_EQ(replies.size(), 2u) << split;
    EXPECT_EQ(replies[0].text, "one\ntwo\nthree");
    EXPECT_EQ(replies[1].enhanced_code, "5.1.1");
    EXPECT_EQ(replies[1].text, "next");
  }
}

TEST(SmtpReply, LongLinesAreCutNotRefused) {
  const SmtpReply reply = parse("550 " + std::string(100'000, 'x') + "\r\n");
  EXPECT_EQ(reply.code, 550);
  EXPECT_EQ(reply.text.size(), SmtpReplyParser::line_max - 4);
}

TEST(SmtpReply, AnEndlessReplyIsMalformedAndStaysSmall) {
  SmtpReplyParser parser;
  std::size_t fed = 0;
  Status status = Status::incomplete;
  while (status == Status::incomplete) {
    std::string_view bytes = "250-more and more\r\n";
    fed += bytes.size();
    status = parser.feed(bytes);
  }
  EXPECT_EQ(status, Status::malformed);
  EXPECT_LE(fed, SmtpReplyParser::reply_max + 100);
  EXPECT_LE(parser.take().text.size(), SmtpReplyParser::text_max);
}

TEST(SmtpReply, AnEndlessLineIsMalformed) {
  SmtpReplyParser parser;
  const std::string block(1000, '2');
  Status status = Status::incomplete;
  std::size_t fed = 0;
  while (status == Status::incomplete) {
    std::string_view bytes = block;
    fed += bytes.size();
    status = parser.feed(bytes);
  }
  EXPECT_EQ(status, Status::malformed);
  EXPECT_LE(fed, SmtpReplyParser::reply_max + 1000);
}

TEST(ToValidUtf8, RepairsCutsAndKeeps) {
  EXPECT_EQ(to_valid_utf8("Gr\xC3\xBC\xC3\x9F", 100), "Gr\xC3\xBC\xC3\x9F");
  EXPECT_EQ(to_valid_utf8("Gr\xFC\xDF e", 100), "Gr\xEF\xBF\xBD\xEF\xBF\xBD e");
  EXPECT_EQ(to_valid_utf8("\xC3", 100), "\xEF\xBF\xBD");
  EXPECT_EQ(to_valid_utf8("\xED\xA0\x80", 100), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(to_valid_utf8("\xC0\xAF\xF5\x80", 4), "\xEF\xBF\xBD");
  EXPECT_EQ(to_valid_utf8("\x1b[31mred\x07\n", 100), " [31mred \n");
  EXPECT_EQ(to_valid_utf8("a\xE2\x82\xAC", 3), "a");
  EXPECT_EQ(to_valid_utf8("a\xE2\x82\xAC", 4), "a\xE2\x82\xAC");
}

}  // namespace
}  // namespace tidings::wire
