// The S rows of the design, by number. Order: as there.
#include "wire/smtp_client.h"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dialogue.h"

namespace tidings::wire {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view envelope =
    "MAIL FROM:<from@example.net> SIZE=20\r\nRCPT TO:<to@example.org>\r\nDATA\r\n";

// Up to the moment the dot has left.
std::uint64_t to_dot(Dialogue& d) {
  const auto key = d.submit();
  d.say("250 ok\r\n250 ok\r\n354 go\r\n");
  d.intent();
  d.sent.clear();
  return key;
}

TEST(SmtpClient, S1_LeadingDotsAreStuffedOnTheWire) {
  Dialogue d;
  d.greet();
  d.submit(".\r\n..a\r\n");
  d.say("250 ok\r\n250 ok\r\n354 go\r\n");
  d.sent.clear();
  d.intent();
  EXPECT_EQ(d.sent, "..\r\n...a\r\n.\r\n");
}

TEST(SmtpClient, S2_NothingInAMessageCanEndItEarly) {
  for (const std::string& evil :
       {std::string("\n.\n"), std::string("\r.\r"), std::string("\r.\n"), std::string("\n.\r"),
        std::string("\n.\r\n"), std::string("\r\n.\n"), std::string("\r.\r\n"),
        std::string("\r\n.\r"), std::string("\r\n\0.\r\n", 6), std::string("\r\n.\0\r\n", 6)}) {
    Dialogue d;
    d.greet();
    const std::string octets = "a" + evil + "MAIL FROM:<evil@example.com>\r\n";
    d.submit(octets);
    d.say("250 ok\r\n250 ok\r\n354 go\r\n");
    d.sent.clear();
    d.intent();
    EXPECT_EQ(d.sent.find("\r\n.\r\n"), d.sent.size() - 5);
    for (std::size_t i = 0; i < d.sent.size(); ++i) {
      if (d.sent[i] == '\n') EXPECT_EQ(d.sent[i - 1], '\r');
      if (d.sent[i] == '\r') EXPECT_EQ(d.sent[i + 1], '\n');
    }
  }
}

TEST(SmtpClient, S2_AnAddressCannotCarryACommand) {
  for (const std::string_view evil : {"a@b>\r\nRCPT TO:<c@d", "a@b\n", "a@b> NOTIFY=NEVER", "a b@c",
                                      "\"a\r\n\"@b", "", "\"a@b", "\"a\\"}) {
    Dialogue d;
    d.greet();
    const auto key = d.submit("x\r\n", evil);
    ASSERT_TRUE(d.decided(key)) << evil;
    EXPECT_EQ(d.outcome(key).reason, "address_invalid");
    EXPECT_EQ(d.sent, "");
  }
  Dialogue d;
  d.greet();
  d.submit("x\r\n", "\"a b>\"@example.org");
  EXPECT_NE(d.sent.find("RCPT TO:<\"a b>\"@example.org>\r\n"), std::string::npos);
}

TEST(SmtpClient, S3_RepliesLongerThan512AreTolerated) {
  Dialogue d;
  d.greet();
  const auto key = to_dot(d);
  d.say("250 " + std::string(60'000, 'x') + "\r\n");
  EXPECT_EQ(d.outcome(key).kind, OutcomeKind::sent);
  EXPECT_LE(d.outcome(key).reply_text.size(), 4096u);
}

TEST(SmtpClient, S4_TheFinalLineEndIsAddedWhenMissing) {
  for (const auto& [octets, wire] : std::vector<std::pair<std::string, std::string>>{
           {"", "\r\n.\r\n"}, {"a", "a\r\n.\r\n"}, {"a\r\n", "a\r\n.\r\n"}}) {
    Dialogue d;
    d.greet();
    d.submit(octets);
    d.say("250 ok\r\n250 ok\r\n354 go\r\n");
    d.sent.clear();
    d.intent();
    EXPECT_EQ(d.sent, wire);
  }
}

// Brings a fresh dialogue to a step, of which RFC 5321 says how long it may take.
struct Step {
  const char* name;
  std::function<void(Dialogue&)> reach;
  Duration limit;
  std::string reply;
};

std::vector<Step> steps() {
  const auto mail = [](Dialogue& d) { d.greet(""), d.submit(); };
  const auto rcpt = [=](Dialogue& d) { mail(d), d.say("250 ok\r\n"); };
  const auto data = [=](Dialogue& d) { rcpt(d), d.say("250 ok\r\n"); };
  const auto dot = [=](Dialogue& d) { data(d), d.say("354 go\r\n"), d.intent(); };
  return {{"banner", [](Dialogue&) {}, 5min, "220 hi\r\n"},
          {"hello", [](Dialogue& d) { d.say("220 hi\r\n"); }, 5min, "250 hi\r\n"},
          {"mail", mail, 5min, "250 ok\r\n"},
          {"rcpt", rcpt, 5min, "250 ok\r\n"},
          {"data", data, 2min, "354 go\r\n"},
          {"dot", dot, 10min, "250 ok\r\n"}};
}

TEST(SmtpClient, S5_EveryStepHasItsTimeAndNotLess) {
  for (const Step& step : steps()) {
    Dialogue patient;
    step.reach(patient);
    patient.wait(step.limit - 1s);
    EXPECT_FALSE(patient.client.ended()) << step.name;
    patient.say(step.reply);
    EXPECT_FALSE(patient.client.ended()) << step.name;

    Dialogue stalled;
    step.reach(stalled);
    stalled.wait(step.limit + 1s);
    EXPECT_TRUE(stalled.client.ended()) << step.name;
    if (stalled.keys > 0) {
      const Outcome outcome = stalled.outcome(1);
      EXPECT_EQ(outcome.reason, "timeout");
      EXPECT_EQ(outcome.kind, step.limit == 10min ? OutcomeKind::uncertain : OutcomeKind::deferred);
    } else {
      EXPECT_EQ(stalled.failure->cause, SmtpCause::timeout);
    }
  }
}

TEST(SmtpClient, S5_ABlockMayTakeThreeMinutes) {
  SmtpClientConfig config;
  config.intent_first_max = 0;
  for (const bool late : {false, true}) {
    Dialogue d(config);
    d.greet();
    const auto key = d.submit(std::string(1000, 'x') + "\r\n");
    d.room = 100;
    d.say("250 ok\r\n250 ok\r\n354 go\r\n");
    d.wait(3min - 1s);
    d.room = 1;
    d.settle();
    d.wait(late ? 3min + 1s : 3min - 1s);
    EXPECT_EQ(d.client.ended(), late);
    if (!late) continue;
    EXPECT_EQ(d.outcome(key).kind, OutcomeKind::deferred);
    EXPECT_EQ(d.outcome(key).reason, "timeout");
  }
}

TEST(SmtpClient, S5_DribbledOctetsDoNotExtendTheTime) {
  Dialogue d;
  for (int i = 0; i < 6 && !d.client.ended(); ++i) {
    d.say("2");
    d.wait(1min);
  }
  EXPECT_TRUE(d.client.ended());
}

TEST(SmtpClient, S6_TheFirstDigitDecidesForEveryCode) {
  for (int code = 200; code < 600; ++code) {
    Dialogue d;
    d.greet();
    const auto key = to_dot(d);
    d.say(std::to_string(code) + "-a\r\n" + std::to_string(code) + " b\r\n");
    ASSERT_TRUE(d.decided(key)) << code;
    const auto kind = d.outcome(key).kind;
    if (code < 300) EXPECT_EQ(kind, OutcomeKind::sent) << code;
    if (code >= 300 && code < 500) EXPECT_EQ(kind, OutcomeKind::deferred) << code;
    if (code >= 550) EXPECT_EQ(kind, OutcomeKind::bounced) << code;
  }
}

TEST(SmtpClient, S6_RepliesMaySplitAnywhere) {
  const std::string replies = "250-2.1.0 ok\r\n250 2.1.0 ok\r\n250 2.1.5 ok\r\n354 go\r\n";
  for (std::size_t split = 0; split <= replies.size(); ++split) {
    Dialogue d;
    d.greet();
    const auto key = d.submit();
    d.say(replies.substr(0, split));
    d.say(replies.substr(split));
    EXPECT_EQ(d.intent_wanted, key) << split;
  }
}

TEST(SmtpClient, S7_LossAtEveryStepIsDeferredBeforeTheDotAndUncertainAfter) {
  for (const Step& step : steps()) {
    Dialogue d;
    step.reach(d);
    d.client.on_closed("connection reset by peer", d.now);
    d.settle();
    EXPECT_TRUE(d.client.ended());
    if (d.keys == 0) {
      EXPECT_EQ(d.failure->cause, SmtpCause::closed) << step.name;
      continue;
    }
    const Outcome outcome = d.outcome(1);
    const bool dot = std::string_view(step.name) == "dot";
    EXPECT_EQ(outcome.kind, dot ? OutcomeKind::uncertain : OutcomeKind::deferred) << step.name;
    EXPECT_EQ(outcome.scope, Scope::session);
    EXPECT_EQ(outcome.reason, "connection_lost");
  }
}

TEST(SmtpClient, S7_ItIsTheDotThatCountsNotTheBodyBeforeIt) {
  const std::string body = "Subject: x\r\n\r\nbody\r\n";
  for (std::size_t octets = 0; octets <= body.size() + 3; ++octets) {
    Dialogue d;
    d.greet();
    const auto key = d.submit(body);
    d.say("250 ok\r\n250 ok\r\n354 go\r\n");
    d.room = octets;
    d.intent();
    d.client.on_closed("", d.now);
    d.settle();
    EXPECT_EQ(d.outcome(key).kind,
              octets > body.size() ? OutcomeKind::uncertain : OutcomeKind::deferred)
        << octets;
  }
}

TEST(SmtpClient, S8_421AtEachOfNinePointsEndsTheConnectionAndIsNobodysFault) {
  const std::string bye = "421 4.3.2 closing\r\n";
  const std::vector<std::function<void(Dialogue&)>> points = {
      [](Dialogue&) {},
      [](Dialogue& d) { d.say("220 hi\r\n"); },
      [](Dialogue& d) { d.say("220 hi\r\n"), d.say("502 no\r\n"); },
      [](Dialogue& d) { d.greet(""); },
      [](Dialogue& d) { d.greet(""), d.submit(); },
      [](Dialogue& d) { d.greet(""), d.submit(), d.say("250 ok\r\n"); },
      [](Dialogue& d) { d.greet(""), d.submit(), d.say("250 ok\r\n"), d.say("250 ok\r\n"); },
      [](Dialogue& d) { d.greet(), d.submit(), d.say("250 ok\r\n250 ok\r\n354 go\r\n"); },
      [](Dialogue& d) { d.greet(), to_dot(d); },
  };
  for (std::size_t i = 0; i < points.size(); ++i) {
    Dialogue d;
    points[i](d);
    d.say(bye);
    EXPECT_TRUE(d.client.ended()) << i;
    if (d.keys > 0) {
      EXPECT_EQ(d.outcome(1).kind, OutcomeKind::deferred) << i;
      EXPECT_EQ(d.outcome(1).scope, Scope::site) << i;
    } else if (i < 3) {
      EXPECT_EQ(outcome_of_session(*d.failure).scope, Scope::site) << i;
    } else {
      EXPECT_FALSE(d.failure) << i;
    }
  }
}

TEST(SmtpClient, S8_421AfterTheDotLeavesTheMessageBehindUntried) {
  Dialogue d;
  d.greet();
  const auto first = d.submit();
  d.say("250 ok\r\n250 ok\r\n354 go\r\n");
  const auto second = d.submit();
  d.intent();
  d.say("421 closing\r\n");
  EXPECT_EQ(d.outcome(first).kind, OutcomeKind::deferred);
  EXPECT_TRUE(is_untried(d.verdicts.at(second)));
}

TEST(SmtpClient, S9_TooManyRecipientsIsTemporaryAlsoAs552) {
  for (const std::string reply : {"452 too many\r\n", "552 too many\r\n", "452 4.5.3 x\r\n"}) {
    Dialogue d;
    d.greet();
    const auto key = d.submit();
    d.say("250 ok\r\n" + reply);
    EXPECT_EQ(d.outcome(key).kind, OutcomeKind::deferred);
    EXPECT_EQ(d.outcome(key).reason, "too_many_recipients");
  }
}

TEST(SmtpClient, S14_WhatCameInTheClearIsForgottenAfterStarttls) {
  Dialogue d;
  d.say("220 hi\r\n");
  d.say("250-x\r\n250-STARTTLS\r\n250-AUTH PLAIN\r\n250 PIPELINING\r\n");
  d.sent.clear();
  d.say("220 go\r\n250-x\r\n250 SIZE 1\r\n");
  EXPECT_TRUE(d.wants_tls);
  EXPECT_EQ(d.sent, "");
  EXPECT_FALSE(d.client.capabilities().pipelining);
  d.say("250 injected\r\n");
  d.client.on_tls_established(d.now);
  d.settle();
  EXPECT_EQ(d.take_sent(), "EHLO localhost\r\n");
  EXPECT_FALSE(d.ready);
  d.say("250-x\r\n250 8BITMIME\r\n");
  EXPECT_TRUE(d.ready);
  EXPECT_TRUE(d.client.capabilities().eightbitmime);
  EXPECT_FALSE(d.client.capabilities().size);
}

TEST(SmtpClient, S14_RequiredMeansRequired) {
  SmtpClientConfig config;
  config.tls = SmtpTlsUse::required;
  Dialogue missing(config);
  missing.greet("PIPELINING");
  EXPECT_EQ(missing.failure->cause, SmtpCause::tls_missing);
  Dialogue declined(config);
  declined.greet("STARTTLS");
  declined.say("454 not now\r\n");
  EXPECT_EQ(declined.failure->stage, SmtpStage::starttls);
  Dialogue opportunistic;
  opportunistic.greet("STARTTLS");
  opportunistic.say("454 not now\r\n");
  EXPECT_TRUE(opportunistic.ready);
}

TEST(SmtpClient, S15_OneWriteForTheEnvelopeAndTheNextBehindTheDot) {
  Dialogue d;
  d.greet();
  const auto first = d.submit();
  EXPECT_EQ(d.take_sent(), envelope);
  EXPECT_FALSE(d.client.can_submit());
  d.say("250 ok\r\n250 ok\r\n354 go\r\n");
  EXPECT_EQ(d.intent_wanted, first);
  EXPECT_EQ(d.take_sent(), "");
  ASSERT_TRUE(d.client.can_submit());
  const auto second = d.submit();
  EXPECT_EQ(d.take_sent(), "");
  d.intent();
  EXPECT_EQ(d.take_sent(), "Subject: x\r\n\r\nbody\r\n.\r\n" + std::string(envelope));
  EXPECT_FALSE(d.client.can_submit());
  d.say("250 first\r\n250 ok\r\n250 ok\r\n354 go\r\n");
  EXPECT_EQ(d.outcome(first).kind, OutcomeKind::sent);
  EXPECT_EQ(d.intent_wanted, second);
  d.intent();
  EXPECT_EQ(d.take_sent(), "Subject: x\r\n\r\nbody\r\n.\r\n");
  d.say("550 5.7.1 second\r\n");
  EXPECT_EQ(d.outcome(second).kind, OutcomeKind::bounced);
  EXPECT_TRUE(d.client.idle());
}

TEST(SmtpClient, S15_WithoutPipeliningEveryCommandWaits) {
  Dialogue d;
  d.greet("8BITMIME");
  const auto key = d.submit();
  EXPECT_EQ(d.take_sent(), "MAIL FROM:<from@example.net>\r\n");
  d.say("250 ok\r\n");
  EXPECT_EQ(d.take_sent(), "RCPT TO:<to@example.org>\r\n");
  d.say("250 ok\r\n");
  EXPECT_EQ(d.take_sent(), "DATA\r\n");
  d.say("354 go\r\n");
  EXPECT_FALSE(d.client.can_submit());
  d.intent();
  d.say("250 ok\r\n");
  EXPECT_EQ(d.outcome(key).kind, OutcomeKind::sent);
}

TEST(SmtpClient, S15_AcceptedDataWithoutAValidRecipientGetsALoneDot) {
  Dialogue d;
  d.greet();
  const auto key = d.submit();
  d.sent.clear();
  d.say("250 ok\r\n550 5.1.1 no\r\n354 go\r\n");
  EXPECT_EQ(d.outcome(key).kind, OutcomeKind::bounced);
  EXPECT_EQ(d.take_sent(), ".\r\n");
  d.say("554 nobody\r\n");
  EXPECT_TRUE(d.client.idle());
  EXPECT_EQ(d.intent_wanted, 0u);
}

TEST(SmtpClient, S15_ARefusedEnvelopeIsResetInTheNextGroup) {
  Dialogue d;
  d.greet();
  d.submit();
  d.say("250 ok\r\n550 5.1.1 no\r\n554 none\r\n");
  d.sent.clear();
  const auto key = d.submit();
  EXPECT_EQ(d.take_sent(), "RSET\r\n" + std::string(envelope));
  d.say("250 reset\r\n250 ok\r\n250 ok\r\n354 go\r\n");
  EXPECT_EQ(d.intent_wanted, key);
}

TEST(SmtpClient, S15_ARefusedMailThatIsTakenAtRcptEndsTheConnection) {
  Dialogue d;
  d.greet();
  const auto key = d.submit();
  d.sent.clear();
  d.say("550 no\r\n250 ok\r\n354 go\r\n");
  EXPECT_EQ(d.outcome(key).scope, Scope::source);
  EXPECT_EQ(d.take_sent(), "");
  EXPECT_TRUE(d.client.ended());
}

TEST(SmtpClient, S15_AReplyAheadOfItsCommandNeverConfirmsAMessage) {
  Dialogue d;
  d.greet();
  const auto key = d.submit();
  d.say("250 ok\r\n250 ok\r\n354 go\r\n250 accepted already\r\n");
  EXPECT_TRUE(d.client.ended());
  EXPECT_EQ(d.outcome(key).kind, OutcomeKind::deferred);
  Dialogue partly;
  partly.greet();
  const auto half = partly.submit();
  partly.say("250 ok\r\n250 ok\r\n354 go\r\n");
  partly.room = 5;
  partly.intent();
  partly.say("250 accepted already\r\n");
  EXPECT_EQ(partly.outcome(half).kind, OutcomeKind::deferred);
}

TEST(SmtpClient, S16_SizeIsDeclaredAndTooLargeIsNotTried) {
  Dialogue d;
  d.greet("PIPELINING\nSIZE 10");
  const auto key = d.submit("more than ten octets\r\n");
  EXPECT_EQ(d.outcome(key).kind, OutcomeKind::failed);
  EXPECT_EQ(d.outcome(key).scope, Scope::message);
  EXPECT_EQ(d.outcome(key).reason, "too_large");
  EXPECT_EQ(d.sent, "");
  EXPECT_TRUE(d.client.idle());
}

TEST(SmtpClient, S16_Smtputf8AndEightBitOnlyWhereOffered) {
  Dialogue with;
  with.greet("PIPELINING\n8BITMIME\nSMTPUTF8");
  with.client.submit({.reverse_path = "",
                      .recipient = "j\xC3\xB6rg@example.org",
                      .octets = "x\r\n",
                      .needs_smtputf8 = true,
                      .is_8bit = true},
                     1, with.now);
  with.settle();
  EXPECT_TRUE(with.sent.starts_with("MAIL FROM:<> BODY=8BITMIME SMTPUTF8\r\n")) << with.sent;
  Dialogue without;
  without.greet("PIPELINING");
  const auto key = without.submit("x\r\n", "j\xC3\xB6rg@example.org");
  EXPECT_EQ(without.outcome(key).reason, "smtputf8_missing");
  EXPECT_EQ(without.outcome(key).scope, Scope::recipient);
  EXPECT_EQ(without.outcome(key).kind, OutcomeKind::failed);
}

TEST(SmtpClient, S16_AServerWithoutEhloIsGreetedWithHelo) {
  Dialogue d;
  d.say("220 old\r\n");
  d.say("502 what?\r\n");
  EXPECT_EQ(d.sent, "EHLO localhost\r\nHELO localhost\r\n");
  d.say("250 hello\r\n");
  EXPECT_TRUE(d.ready);
  d.sent.clear();
  d.submit();
  EXPECT_EQ(d.sent, "MAIL FROM:<from@example.net>\r\n");
}

TEST(SmtpClient, S17_NoPasswordInTheClearUnlessAllowed) {
  SmtpClientConfig config;
  config.credentials = SaslCredentials{"tim", "tanstaaftanstaaf"};
  Dialogue refused(config);
  refused.greet("AUTH PLAIN LOGIN");
  EXPECT_EQ(refused.failure->cause, SmtpCause::auth_in_clear);
  EXPECT_EQ(refused.sent.find("AUTH"), std::string::npos);
  config.allow_auth_in_clear = true;
  Dialogue allowed(config);
  allowed.say("220 hi\r\n");
  allowed.say("250-x\r\n250 AUTH LOGIN PLAIN\r\n");
  EXPECT_TRUE(allowed.sent.ends_with("AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n"));
  allowed.say("235 ok\r\n");
  EXPECT_TRUE(allowed.ready);
}

TEST(SmtpClient, S17_TheStrongestOfferedIsTakenAndTheNextWhenItIsNotForUs) {
  SmtpClientConfig config;
  config.tls = SmtpTlsUse::active;
  config.credentials = SaslCredentials{"tim", "x"};
  Dialogue d(config);
  d.say("220 hi\r\n");
  d.say("250-x\r\n250 AUTH LOGIN PLAIN CRAM-MD5\r\n");
  EXPECT_TRUE(d.sent.ends_with("AUTH CRAM-MD5\r\n"));
  d.say("504 not today\r\n");
  EXPECT_NE(d.sent.find("AUTH PLAIN "), std::string::npos);
  d.say("535 5.7.8 wrong\r\n");
  EXPECT_EQ(outcome_of_session(*d.failure).reason, "auth_refused");
  EXPECT_EQ(outcome_of_session(*d.failure).scope, Scope::source);
}

TEST(SmtpClient, S17_AScramServerThatProvesNothingIsNotTrusted) {
  SmtpClientConfig config;
  config.tls = SmtpTlsUse::active;
  config.credentials = SaslCredentials{"tim", "x"};
  Dialogue d(config);
  d.say("220 hi\r\n");
  d.say("250-x\r\n250 AUTH SCRAM-SHA-256\r\n");
  d.say("235 come in without more\r\n");
  EXPECT_EQ(d.failure->cause, SmtpCause::auth_failed);
  EXPECT_FALSE(d.ready);
}

TEST(SmtpClient, S18_NoOctetOfTheDotLeavesBeforeTheIntent) {
  for (const std::size_t first_max : {std::size_t{0}, std::size_t{65536}}) {
    SmtpClientConfig config;
    config.intent_first_max = first_max;
    Dialogue d(config);
    d.greet();
    const auto key = d.submit();
    d.sent.clear();
    d.say("250 ok\r\n250 ok\r\n354 go\r\n");
    EXPECT_EQ(d.intent_wanted, key);
    EXPECT_EQ(d.take_sent(), first_max == 0 ? "Subject: x\r\n\r\nbody\r\n" : "");
    d.wait(24h);
    EXPECT_FALSE(d.client.ended());
    d.intent();
    EXPECT_TRUE(d.sent.ends_with("\r\n.\r\n") || d.sent == ".\r\n");
  }
}

TEST(SmtpClient, S18_AnIntentThatComesTooLateSendsNothing) {
  Dialogue d;
  d.greet();
  const auto key = d.submit();
  d.say("250 ok\r\n250 ok\r\n354 go\r\n");
  d.sent.clear();
  d.client.on_closed("", d.now);
  d.settle();
  d.intent();
  EXPECT_EQ(d.sent, "");
  EXPECT_EQ(d.outcome(key).kind, OutcomeKind::deferred);
}

}  // namespace
}  // namespace tidings::wire
