// The S rows of the design that concern mail taken in: S1 to S4, S13, S14, and what hostile clients
// try. Under virtual time and without sockets.
#include "wire/smtp_server.h"

#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "wire/dot_stuffing.h"

namespace tidings::wire {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class OurAddresses final : public SmtpRecipients {
 public:
  SmtpRecipientAnswer answer(std::string_view address) const override {
    if (!address.ends_with("@here.example")) return SmtpRecipientAnswer::elsewhere;
    if (address.starts_with("full")) return SmtpRecipientAnswer::later;
    return address.starts_with("b") ? SmtpRecipientAnswer::accepted : SmtpRecipientAnswer::unknown;
  }
};

// A client that writes and a keeper that keeps at once, unless told otherwise.
struct Session {
  explicit Session(SmtpServerLimits limits = {}, bool has_tls = false)
      : server({"in.example", has_tls, limits}, ours, now) {}

  // What was answered to it.
  std::string say(std::string_view bytes) {
    server.on_bytes(bytes, now);
    return answers();
  }
  std::string answers() {
    std::string text;
    for (;;) {
      if (keeps) {
        if (auto message = server.take_message()) {
          kept.push_back(*std::move(message));
          server.on_stored(how, "k1", now);
        }
      }
      if (server.output().empty()) return text;
      text += server.output();
      server.on_written(server.output().size(), now);
    }
  }
  std::string pass(Duration time) {
    now += time;
    server.on_time(now);
    return answers();
  }
  void greet() {
    ASSERT_EQ(pass(1s), "220 in.example ESMTP Tidings\r\n");
    ASSERT_THAT(say("EHLO c.example\r\n"), EndsWith("250 ENHANCEDSTATUSCODES\r\n"));
  }
  std::string to_data(std::string_view recipient = "b1@here.example") {
    return say("MAIL FROM:<>\r\nRCPT TO:<" + std::string(recipient) + ">\r\nDATA\r\n");
  }

  OurAddresses ours;
  Instant now{};
  SmtpServer server;
  std::vector<SmtpIncoming> kept;
  SmtpStored how = SmtpStored::stored;
  bool keeps = true;
};

RC_GTEST_PROP(SmtpServer, S1_whatever_is_sent_is_what_is_kept,
              (std::vector<std::string> lines, std::size_t cut)) {
  std::string octets = "Subject: x\r\n";
  for (std::string& line : lines) {
    std::erase_if(line, [](char c) { return c == '\r' || c == '\n'; });
    octets += line.substr(0, 900) + "\r\n";
  }
  std::vector<std::string_view> slices;
  append_dot_stuffed(octets, slices);
  std::string wire;
  for (const std::string_view slice : slices) wire += slice;
  wire += end_of_data;
  Session s;
  s.pass(1s);
  s.say("EHLO c\r\n");
  s.to_data();
  cut = wire.empty() ? 0 : cut % wire.size();
  s.say(wire.substr(0, cut));
  RC_ASSERT(s.kept.empty());
  s.say(wire.substr(cut));
  RC_ASSERT(s.kept.size() == 1u);
  RC_ASSERT(s.kept[0].octets == octets);
}

TEST(SmtpServer, S2_no_second_message_hides_in_a_first) {
  for (const std::string& evil :
       {std::string("\n.\n"), std::string("\r.\r"), std::string("\r.\n"), std::string("\n.\r"),
        std::string("\n.\r\n"), std::string("\r\n.\n"), std::string("\r.\r\n"),
        std::string("\r\n.\r"), std::string("\r\n\0.\r\n", 6), std::string("\r\n.\0\r\n", 6)}) {
    const std::string text = "a" + evil +
                             "MAIL FROM:<evil@x.example>\r\nRCPT TO:<b2@here.example>\r\nDATA\r\n"
                             "evil\r\n.\r\nQUIT\r\n";
    // Whole, and octet for octet.
    for (const bool in_one : {true, false}) {
      Session s;
      s.greet();
      s.to_data();
      std::string answers;
      if (in_one) answers = s.say(text);
      for (std::size_t i = 0; !in_one && i < text.size(); ++i) answers += s.say(text.substr(i, 1));
      for (const auto& each : s.kept) {
        EXPECT_THAT(each.recipients, ElementsAre("b1@here.example"));
        EXPECT_EQ(each.reverse_path, "");
        EXPECT_THAT(each.octets, HasSubstr("MAIL FROM:<evil")) << "it is text of the first";
      }
      EXPECT_LE(s.kept.size(), 1u);
      // A NUL is an octet like others; a bare CR or LF is refused, and nothing behind it obeyed.
      if (evil.contains('\0')) {
        EXPECT_EQ(s.kept.size(), 1u);
      } else {
        EXPECT_THAT(s.kept, IsEmpty());
        EXPECT_THAT(answers, StartsWith("521 5.5.2"));
        EXPECT_TRUE(s.server.ended());
      }
    }
  }
}

TEST(SmtpServer, S2_a_command_ends_with_crlf) {
  for (const std::string& bad :
       {std::string("NOOP\n"), std::string("NO\rOP\r\n"), std::string("RSET\r\r\n")}) {
    Session s;
    s.greet();
    EXPECT_THAT(s.say(bad), StartsWith("521 5.5.2")) << bad;
    EXPECT_TRUE(s.server.ended());
  }
  Session s;
  s.greet();
  EXPECT_THAT(s.say(std::string("NO\0OP\r\n", 7)), StartsWith("500"));
}

TEST(SmtpServer, S3_what_is_too_long_is_refused) {
  Session s;
  s.greet();
  s.to_data();
  s.say(std::string(998, 'x') + "\r\n");
  EXPECT_THAT(s.say(".\r\n"), StartsWith("250"));
  s.to_data();
  s.say(std::string(999, 'x') + "\r\n");
  EXPECT_THAT(s.say(".\r\n"), StartsWith("554 5.6.0"));
  EXPECT_FALSE(s.server.ended()) << "the next message may be fine";
  s.to_data();
  EXPECT_THAT(s.say("fine\r\n.\r\n"), StartsWith("250"));
  EXPECT_EQ(s.kept.size(), 2u);
  EXPECT_THAT(s.say(std::string(1'001, 'y')), StartsWith("500 5.5.2"));
  EXPECT_TRUE(s.server.ended());
}

TEST(SmtpServer, S9_and_limits_many_recipients_are_too_many_but_those_before_count) {
  Session s;
  s.greet();
  s.say("MAIL FROM:<x@y.example>\r\n");
  for (int i = 0; i < 100; ++i) {
    EXPECT_THAT(s.say("RCPT TO:<b" + std::to_string(i) + "@here.example>\r\n"), StartsWith("250"));
  }
  EXPECT_THAT(s.say("RCPT TO:<b100@here.example>\r\n"), StartsWith("452 4.5.3"));
  EXPECT_THAT(s.say("DATA\r\nx\r\n.\r\n"), EndsWith("250 2.0.0 Kept as k1\r\n"));
  EXPECT_EQ(s.kept.at(0).recipients.size(), 100u);
  s.say("MAIL FROM:<x@y.example>\r\n");
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += "RCPT TO:<b" + std::to_string(i) + "@here.example>\r\n";
  const std::string answers = s.say(many);
  EXPECT_THAT(answers, EndsWith("421 4.7.0 Too many errors\r\n"));
  EXPECT_LT(answers.size(), 20'000u);
  EXPECT_LT(s.server.held(), 100'000u);
}

TEST(SmtpServer, S13_250_is_said_only_after_it_is_kept) {
  Session s;
  s.keeps = false;
  s.greet();
  s.to_data();
  EXPECT_EQ(s.say("x\r\n.\r\nNOOP\r\n"), "") << "nothing before, and nothing behind it either";
  EXPECT_EQ(s.server.deadline(), std::nullopt) << "however long it takes";
  auto message = s.server.take_message();
  ASSERT_TRUE(message);
  EXPECT_EQ(s.server.take_message(), std::nullopt);
  s.server.on_stored(SmtpStored::stored, "abc", s.now);
  EXPECT_EQ(s.answers(), "250 2.0.0 Kept as abc\r\n250 2.0.0 Ok\r\n");
}

TEST(SmtpServer, S13_what_cannot_be_kept_comes_again) {
  Session s;
  s.greet();
  s.how = SmtpStored::unavailable;
  s.to_data();
  EXPECT_THAT(s.say("x\r\n.\r\n"), StartsWith("451 4.3.0"));
  s.how = SmtpStored::stored;
  s.to_data();
  EXPECT_THAT(s.say("x\r\n.\r\n"), StartsWith("250"));
}

TEST(SmtpServer, S14_what_was_said_in_the_clear_is_forgotten) {
  Session s({}, true);
  ASSERT_EQ(s.pass(1s).substr(0, 3), "220");
  EXPECT_THAT(s.say("EHLO c\r\n"), HasSubstr("250-STARTTLS\r\n"));
  s.say("MAIL FROM:<>\r\n");
  EXPECT_EQ(s.say("STARTTLS\r\nRCPT TO:<b1@here.example>\r\nDATA\r\nevil\r\n.\r\n"),
            "220 2.0.0 Go on\r\n");
  EXPECT_TRUE(s.server.wants_tls());
  EXPECT_EQ(s.say("NOOP\r\n"), "") << "still in the clear";
  s.server.on_tls_established(s.now);
  EXPECT_EQ(s.answers(), "");
  EXPECT_THAT(s.say("MAIL FROM:<>\r\n"), StartsWith("503")) << "EHLO again";
  const std::string hello = s.say("EHLO c\r\n");
  EXPECT_THAT(hello, ::testing::Not(HasSubstr("STARTTLS")));
  EXPECT_THAT(s.say("STARTTLS\r\n"), StartsWith("503"));
  EXPECT_THAT(s.say("RCPT TO:<b1@here.example>\r\n"), StartsWith("503"));
  s.to_data();
  EXPECT_THAT(s.say("x\r\n.\r\n"), StartsWith("250"));
  EXPECT_EQ(s.kept.size(), 1u);
}

TEST(SmtpServer, S15_commands_in_one_write_are_answered_in_order) {
  Session s;
  s.greet();
  const std::string answers = s.say(
      "MAIL FROM:<a@b.example> SIZE=10 BODY=8BITMIME\r\nRCPT TO:<zz@here.example>\r\n"
      "RCPT TO:<b1@here.example>\r\nRCPT TO:<b1@here.example>\r\nDATA\r\nx\r\n.\r\n"
      "MAIL FROM:<>\r\nRCPT TO:<full@here.example>\r\nDATA\r\nQUIT\r\n");
  EXPECT_EQ(answers,
            "250 2.1.0 Ok\r\n550 5.1.1 There is no such address here\r\n250 2.1.5 Ok\r\n"
            "250 2.1.5 Ok\r\n354 End with a line of one dot\r\n250 2.0.0 Kept as k1\r\n"
            "250 2.1.0 Ok\r\n451 4.3.0 Not now; come again\r\n554 5.5.1 No valid recipients\r\n"
            "221 2.0.0 Bye\r\n");
  EXPECT_THAT(s.kept.at(0).recipients, ElementsAre("b1@here.example"));
  EXPECT_EQ(s.kept.at(0).reverse_path, "a@b.example");
  EXPECT_EQ(s.kept.at(0).hello, "c.example");
}

TEST(SmtpServer, nothing_is_relayed) {
  Session s;
  s.greet();
  s.say("MAIL FROM:<b1@here.example>\r\n");
  for (const std::string_view to :
       {"x@elsewhere.example", "b1%elsewhere.example@elsewhere.example",
        "@here.example:x@elsewhere.example", "b1@here.example@elsewhere.example",
        "\"b1@here.example>\"@elsewhere.example", "b1@here.example.elsewhere.example"}) {
    EXPECT_THAT(s.say("RCPT TO:<" + std::string(to) + ">\r\n"), StartsWith("550 5.7.1")) << to;
  }
  EXPECT_THAT(s.say("DATA\r\n"), StartsWith("554"));
}

TEST(SmtpServer, what_is_out_of_turn_or_malformed_is_refused) {
  Session s({.errors_max = 100});
  ASSERT_EQ(s.pass(1s).substr(0, 3), "220");
  for (const auto& [line, code] : std::vector<std::pair<std::string, std::string>>{
           {"MAIL FROM:<a@b.example>", "503"},
           {"EHLO", "501"},
           {"HELO c", "250"},
           {"RCPT TO:<b1@here.example>", "503"},
           {"DATA", "503"},
           {"MAIL FROM: <a@b.example>", "250"},
           {"MAIL FROM:<a@b.example>", "503"},
           {"RCPT TO:<>", "501"},
           {"RCPT TO:b1@here.example", "501"},
           {"RCPT TO:<b1@here.example> NOTIFY=NEVER", "555"},
           {"rcpt to:<b1@here.example>", "250"},
           {"RSET", "250"},
           {"DATA", "503"},
           {"MAIL FROM:<a@b.example> SIZE=99999999999999999999", "552"},
           {"MAIL FROM:<a@b.example> SIZE=x", "501"},
           {"MAIL FROM:<a@b.example> X=Y", "555"},
           {"MAIL FROM:<\xC3\xA9@b.example>", "553"},
           {"MAIL FROM:<\xC3\xA9@b.example> SMTPUTF8", "250"},
           {"VRFY b1", "252"},
           {"EXPN all", "502"},
           {"BDAT 3 LAST", "502"},
           {"STARTTLS", "502"},
           {"XYZZY", "500"},
           {"", "500"},
           {"NOOP x", "250"},
           {"GET / HTTP/1.1", "554"}}) {
    EXPECT_THAT(s.say(line + "\r\n"), StartsWith(code)) << line;
  }
  EXPECT_TRUE(s.server.ended()) << "a web page speaks to port 25";
}

TEST(SmtpServer, who_speaks_before_the_greeting_is_refused) {
  Session s;
  EXPECT_THAT(s.say("EHLO c\r\nMAIL FROM:<>\r\n"), StartsWith("554 5.5.1"));
  EXPECT_TRUE(s.server.ended());
  EXPECT_EQ(s.pass(1s), "");
}

TEST(SmtpServer, a_message_that_is_too_large_is_refused_and_not_held) {
  SmtpServerLimits limits;
  limits.message_max = 10'000;
  Session s(limits);
  s.greet();
  s.to_data();
  const std::string line = std::string(98, 'x') + "\r\n";
  for (int i = 0; i < 100; ++i) s.say(line);
  EXPECT_THAT(s.say(".\r\n"), StartsWith("250")) << "exactly as much as may be";
  s.to_data();
  for (int i = 0; i < 150; ++i) s.say(line);
  EXPECT_LT(s.server.held(), 1'000u);
  EXPECT_THAT(s.say(".\r\n"), StartsWith("552 5.3.4"));
  s.to_data();
  std::string answers;
  for (int i = 0; i < 300 && answers.empty(); ++i) answers = s.say(line);
  EXPECT_THAT(answers, StartsWith("552")) << "who does not stop is not listened to";
  EXPECT_TRUE(s.server.ended());
  EXPECT_EQ(s.kept.size(), 1u);
}

TEST(SmtpServer, who_is_slow_is_not_waited_for_for_ever) {
  Session s;
  s.greet();
  EXPECT_EQ(s.pass(299s), "");
  s.say("N");  // an octet is no command
  EXPECT_THAT(s.pass(2s), StartsWith("421 4.4.2"));
  Session busy;
  busy.greet();
  for (int i = 0; i < 29; ++i) {
    EXPECT_EQ(busy.pass(1min), "");
    EXPECT_THAT(busy.say("NOOP\r\n"), StartsWith("250"));
  }
  EXPECT_THAT(busy.pass(2min), StartsWith("421")) << "however busy";
}

TEST(SmtpServer, who_sends_without_reading_holds_no_memory) {
  Session s;
  s.greet();
  std::string much;
  for (int i = 0; i < 5'000; ++i) much += "VRFY x\r\n";
  for (int i = 0; i < 100 && !s.server.ended(); ++i) s.server.on_bytes(much, s.now);
  EXPECT_TRUE(s.server.ended());
  EXPECT_LT(s.server.output().size(), 200'000u);
  EXPECT_LT(s.server.held(), 200'000u);
}

TEST(SmtpServer, one_connection_is_not_for_ever) {
  SmtpServerLimits limits;
  limits.messages_max = 2;
  limits.commands_max = 12;
  Session s(limits);
  s.greet();
  for (int i = 0; i < 2; ++i) {
    s.to_data();
    EXPECT_THAT(s.say("x\r\n.\r\n"), StartsWith("250"));
  }
  EXPECT_THAT(s.say("MAIL FROM:<>\r\n"), StartsWith("421"));
  Session t(limits);
  t.greet();
  std::string answers;
  for (int i = 0; i < 20; ++i) answers += t.say("NOOP\r\n");
  EXPECT_THAT(answers, EndsWith("421 4.7.0 Too many commands; come again\r\n"));
}

TEST(SmtpServer, at_the_end_what_is_being_kept_is_still_answered) {
  Session s;
  s.keeps = false;
  s.greet();
  s.to_data();
  s.say("x\r\n.\r\n");
  s.server.end_soon();
  EXPECT_FALSE(s.server.ended());
  ASSERT_TRUE(s.server.take_message());
  s.server.on_stored(SmtpStored::stored, "k", s.now);
  EXPECT_EQ(s.answers(), "250 2.0.0 Kept as k\r\n421 4.3.2 Closing down; come again later\r\n");
  EXPECT_TRUE(s.server.ended());
}

}  // namespace
}  // namespace tidings::wire
