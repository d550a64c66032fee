#include "domain/reply_rules.h"

#include <set>

#include <gtest/gtest.h>

namespace tidings {
namespace {

Outcome reply(std::uint16_t code, std::string enhanced, std::string text) {
  Outcome outcome;
  outcome.kind = code / 100 == 5 ? OutcomeKind::bounced : OutcomeKind::deferred;
  outcome.scope = Scope::site;
  outcome.reason = "as before";
  outcome.reply_code = code;
  outcome.enhanced_status_code = std::move(enhanced);
  outcome.reply_text = std::move(text);
  return outcome;
}

struct Expected {
  ReplyAction action;
  Scope scope;
  std::string_view reason;
};

void expect(Outcome outcome, std::string_view domain, std::string_view site, Expected expected) {
  const std::string text = outcome.reply_text;
  const OutcomeKind kind = outcome.kind;
  const ReplyAdvice advice = apply_reply_rules(outcome, domain, site);
  EXPECT_EQ(advice.action, expected.action) << text;
  EXPECT_EQ(outcome.scope, expected.scope) << text;
  EXPECT_EQ(outcome.reason, expected.reason) << text;
  EXPECT_EQ(outcome.kind, kind) << text;
  EXPECT_EQ(advice.time > Duration(0), expected.action == ReplyAction::stop) << text;
}

TEST(ReplyRulesTest, KnowsWhatLargeProvidersMean) {
  using enum ReplyAction;
  expect(reply(421, "4.7.28", "unusual rate of unsolicited mail - gsmtp"), "gmail.com", "",
         {slow_down, Scope::site, "rate_limited"});
  for (const char* dmarc : {"4.7.31", "4.7.40"}) {
    expect(reply(421, dmarc, "the domain has no DMARC record - gsmtp"), "gmail.com", "",
           {stop, Scope::source, "unauthenticated"});
  }
  expect(reply(450, "4.2.1", "The user is RECEIVING mail too quickly"), "school.example",
         "alt1.aspmx.l.google.com,aspmx.l.google.com", {none, Scope::recipient, "recipient_rate"});
  expect(reply(550, "5.1.1", "does not exist - gsmtp"), "gmail.com", "",
         {none, Scope::recipient, "address_unknown"});
  expect(reply(451, "4.7.500", "Server busy (AS843)"), "firm.example",
         "firm-example.mail.protection.outlook.com", {slow_down, Scope::site, "rate_limited"});
  expect(reply(550, "5.7.515", "Access denied, domain does not meet the level"), "outlook.com", "",
         {stop, Scope::source, "unauthenticated"});
  expect(reply(550, "5.7.1", "part of their network is on our block list (S3150)"), "hotmail.com",
         "", {stop, Scope::source, "policy"});
  expect(reply(421, "4.7.0", "[TSS04] temporarily deferred due to unexpected volume"), "yahoo.com",
         "mta5.am0.yahoodns.net", {slow_down, Scope::site, "rate_limited"});
  expect(reply(421, "4.7.1", "all messages permanently deferred"), "aol.com", "",
         {stop, Scope::source, "policy"});
  expect(reply(421, "4.7.1", "deferred due to excessive volume"), "icloud.com", "",
         {none, Scope::recipient, "recipient_rate"});
  expect(reply(550, "5.7.1", "[CS01] rejected due to local policy"), "me.com", "",
         {none, Scope::source, "policy"});
}

TEST(ReplyRulesTest, KnowsWhatAnybodyMeans) {
  using enum ReplyAction;
  expect(reply(451, "4.7.1", "Greylisted, come back in five minutes"), "club.example", "mx",
         {none, Scope::recipient, "greylisted"});
  expect(reply(421, "", "Too many concurrent SMTP connections"), "club.example", "mx",
         {slow_down, Scope::site, "rate_limited"});
  expect(reply(554, "5.7.1", "listed, see www.spamhaus.org"), "club.example", "mx",
         {stop, Scope::source, "policy"});
}

TEST(ReplyRulesTest, LeavesAloneWhatItDoesNotKnow) {
  expect(reply(451, "4.3.0", "Later"), "club.example", "mx",
         {ReplyAction::none, Scope::site, "as before"});
  // Another's letters, at a place that only ends alike.
  expect(reply(421, "4.7.28", "unusual"), "notgmail.com", "mx.notgoogle.com",
         {ReplyAction::none, Scope::site, "as before"});
  Outcome sent = reply(250, "2.0.0", "rate limit 7 of 10");
  sent.kind = OutcomeKind::sent;
  EXPECT_EQ(find_reply_rule(sent, "gmail.com", ""), nullptr);
  Outcome unknown = reply(0, "", "rate limit");
  EXPECT_EQ(find_reply_rule(unknown, "gmail.com", ""), nullptr);
}

TEST(ReplyRulesTest, EveryRuleNamesItsSourceAndCanBeReached) {
  std::set<const ReplyRule*> reached;
  for (const ReplyRule& rule : reply_rules()) {
    EXPECT_FALSE(rule.source.empty());
    EXPECT_FALSE(rule.reason.empty());
    EXPECT_EQ(rule.action == ReplyAction::stop, rule.minutes > 0);
    EXPECT_FALSE(rule.enhanced.empty() && rule.words.empty());
    for (const char c : rule.words) EXPECT_FALSE(c >= 'A' && c <= 'Z') << rule.words;
    const auto code = static_cast<std::uint16_t>(rule.code >= 400 ? rule.code
                                                 : rule.code == 5 ? 550
                                                                  : 450);
    const Outcome outcome = reply(code, std::string(rule.enhanced), std::string(rule.words));
    const std::string_view place = rule.places.substr(0, rule.places.find(' '));
    EXPECT_EQ(find_reply_rule(outcome, place, ""), &rule) << rule.words << " " << rule.enhanced;
  }
}

TEST(ReplyRulesTest, HostileWordsAreHarmless) {
  EXPECT_EQ(find_reply_rule(reply(450, std::string(5000, '4'), std::string(5000, '[')), "", ""),
            nullptr);
  EXPECT_EQ(find_reply_rule(reply(999, "", ""), ",,,", ",,,"), nullptr);
}

}  // namespace
}  // namespace tidings
