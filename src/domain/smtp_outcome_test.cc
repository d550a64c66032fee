#include "domain/smtp_outcome.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace tidings {
namespace {

using wire::SmtpCause;
using wire::SmtpStage;

Outcome reply_at(SmtpStage stage, std::uint16_t code, std::string enhanced = {}) {
  return outcome_of_message({.stage = stage,
                             .cause = SmtpCause::reply,
                             .reply = {.code = code, .enhanced_code = std::move(enhanced)}});
}

struct Row {
  SmtpStage stage;
  std::uint16_t code;
  std::string enhanced;
  OutcomeKind kind;
  Scope scope;
  std::string reason;
};

TEST(SmtpOutcome, TheTable) {
  using enum OutcomeKind;
  const std::vector<Row> rows = {
      {SmtpStage::dot, 250, "2.0.0", sent, Scope::none, "accepted"},
      {SmtpStage::dot, 299, "", sent, Scope::none, "accepted"},
      {SmtpStage::mail, 450, "4.1.8", deferred, Scope::source, "sender_refused"},
      {SmtpStage::mail, 452, "4.3.1", deferred, Scope::site, "site_full"},
      {SmtpStage::mail, 451, "", deferred, Scope::site, "sender_deferred"},
      {SmtpStage::mail, 550, "5.1.8", bounced, Scope::source, "sender_refused"},
      {SmtpStage::mail, 552, "5.3.4", bounced, Scope::message, "too_large"},
      {SmtpStage::mail, 530, "5.7.0", deferred, Scope::source, "auth_required"},
      {SmtpStage::mail, 503, "", deferred, Scope::session, "protocol_error"},
      {SmtpStage::rcpt, 550, "5.1.1", bounced, Scope::recipient, "address_unknown"},
      {SmtpStage::rcpt, 550, "", bounced, Scope::recipient, "refused"},
      {SmtpStage::rcpt, 559, "", bounced, Scope::recipient, "refused"},
      {SmtpStage::rcpt, 554, "5.7.1", bounced, Scope::source, "policy"},
      {SmtpStage::rcpt, 550, "5.7.515", bounced, Scope::source, "policy"},
      {SmtpStage::rcpt, 450, "4.7.1", deferred, Scope::recipient, "policy"},
      {SmtpStage::rcpt, 450, "", deferred, Scope::recipient, "recipient_deferred"},
      {SmtpStage::rcpt, 452, "", deferred, Scope::session, "too_many_recipients"},
      {SmtpStage::rcpt, 452, "4.5.3", deferred, Scope::session, "too_many_recipients"},
      {SmtpStage::rcpt, 452, "4.2.2", deferred, Scope::recipient, "mailbox_full"},
      {SmtpStage::rcpt, 552, "", deferred, Scope::session, "too_many_recipients"},
      {SmtpStage::rcpt, 552, "5.2.2", deferred, Scope::recipient, "mailbox_full"},
      {SmtpStage::rcpt, 552, "5.3.4", bounced, Scope::message, "too_large"},
      {SmtpStage::rcpt, 421, "4.3.2", deferred, Scope::site, "service_closing"},
      {SmtpStage::data, 554, "", bounced, Scope::message, "content_refused"},
      {SmtpStage::data, 451, "", deferred, Scope::message, "content_deferred"},
      {SmtpStage::dot, 554, "5.7.1", bounced, Scope::message, "policy"},
      {SmtpStage::dot, 550, "5.1.1", bounced, Scope::recipient, "address_unknown"},
      {SmtpStage::dot, 552, "5.2.2", bounced, Scope::recipient, "mailbox_full"},
      {SmtpStage::dot, 552, "", bounced, Scope::message, "too_large"},
      {SmtpStage::dot, 451, "4.7.0", deferred, Scope::source, "policy"},
      {SmtpStage::dot, 421, "", deferred, Scope::site, "service_closing"},
      {SmtpStage::dot, 354, "", deferred, Scope::session, "protocol_error"},
  };
  for (const Row& row : rows) {
    const Outcome outcome = reply_at(row.stage, row.code, row.enhanced);
    const std::string where = std::to_string(static_cast<int>(row.stage)) + " " +
                              std::to_string(row.code) + " " + row.enhanced;
    EXPECT_EQ(to_string(outcome.kind), to_string(row.kind)) << where;
    EXPECT_EQ(to_string(outcome.scope), to_string(row.scope)) << where;
    EXPECT_EQ(outcome.reason, row.reason) << where;
    EXPECT_EQ(outcome.reply_code, row.code);
    EXPECT_EQ(outcome.enhanced_status_code, row.enhanced);
  }
}

TEST(SmtpOutcome, NoCodeIsEverUncertainAndOnlyFiveHundredsAreFinal) {
  for (const auto stage : {SmtpStage::mail, SmtpStage::rcpt, SmtpStage::data, SmtpStage::dot}) {
    for (std::uint16_t code = 200; code < 600; ++code) {
      const Outcome outcome = reply_at(stage, code);
      EXPECT_NE(outcome.kind, OutcomeKind::uncertain);
      if (outcome.kind == OutcomeKind::bounced) EXPECT_GE(code, 500);
      if (code >= 400 && code < 500) EXPECT_EQ(outcome.kind, OutcomeKind::deferred) << code;
      if (outcome.kind == OutcomeKind::sent) EXPECT_TRUE(stage == SmtpStage::dot && code < 300);
    }
  }
}

TEST(SmtpOutcome, LossBeforeTheDotIsDeferredAndAfterItUncertain) {
  for (const auto cause :
       {SmtpCause::closed, SmtpCause::timeout, SmtpCause::malformed, SmtpCause::stopped}) {
    for (const auto stage : {SmtpStage::mail, SmtpStage::rcpt, SmtpStage::data, SmtpStage::body}) {
      const Outcome outcome = outcome_of_message({.stage = stage, .cause = cause});
      EXPECT_EQ(outcome.kind, OutcomeKind::deferred);
      EXPECT_EQ(outcome.scope, Scope::session);
    }
    EXPECT_EQ(outcome_of_message({.stage = SmtpStage::dot, .cause = cause}).kind,
              OutcomeKind::uncertain);
  }
}

TEST(SmtpOutcome, WhatOurSideRefusesIsFailed) {
  EXPECT_EQ(outcome_of_message({.cause = SmtpCause::too_large}).reason, "too_large");
  EXPECT_EQ(outcome_of_message({.cause = SmtpCause::too_large}).scope, Scope::message);
  const Outcome outcome = outcome_of_message({.cause = SmtpCause::smtputf8_missing});
  EXPECT_EQ(outcome.kind, OutcomeKind::failed);
  EXPECT_EQ(outcome.scope, Scope::recipient);
  EXPECT_FALSE(outcome.reply_text.empty());
}

TEST(SmtpOutcome, TroubleOfASessionIsNeverTheRecipients) {
  for (const auto stage :
       {SmtpStage::greeting, SmtpStage::hello, SmtpStage::starttls, SmtpStage::auth}) {
    for (std::uint16_t code = 400; code < 600; ++code) {
      const Outcome outcome =
          outcome_of_session({.stage = stage, .cause = SmtpCause::reply, .reply = {.code = code}});
      EXPECT_EQ(outcome.kind, OutcomeKind::deferred);
      EXPECT_TRUE(outcome.scope == Scope::site || outcome.scope == Scope::source);
    }
  }
  EXPECT_EQ(outcome_of_session(
                {.stage = SmtpStage::auth, .cause = SmtpCause::reply, .reply = {.code = 535}})
                .reason,
            "auth_refused");
}

TEST(SmtpOutcome, RemoteWordsBecomeValidUtf8OfBoundedLength) {
  const Outcome outcome = outcome_of_message(
      {.stage = SmtpStage::dot,
       .cause = SmtpCause::reply,
       .reply = {.code = 550, .text = "\xFF<script>" + std::string(10'000, 'x')}});
  EXPECT_EQ(outcome.reply_text.substr(0, 11), "\xEF\xBF\xBD<script>");
  EXPECT_LE(outcome.reply_text.size(), 4096u);
}

TEST(SmtpOutcome, WhatWasNeverAnsweredIsUntried) {
  EXPECT_TRUE(is_untried({.stage = SmtpStage::mail, .cause = SmtpCause::not_attempted}));
  EXPECT_TRUE(is_untried({.stage = SmtpStage::body, .cause = SmtpCause::stopped}));
  EXPECT_FALSE(is_untried({.stage = SmtpStage::dot, .cause = SmtpCause::stopped}));
  EXPECT_FALSE(is_untried({.stage = SmtpStage::mail, .cause = SmtpCause::closed}));
}

}  // namespace
}  // namespace tidings
