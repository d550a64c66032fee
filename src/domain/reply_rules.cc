#include "domain/reply_rules.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"

namespace tidings {
namespace {

using enum ReplyAction;

constexpr std::string_view kGoogle = "gmail.com googlemail.com google.com";
constexpr std::string_view kMicrosoft =
    "outlook.com hotmail.com live.com msn.com mail.protection.outlook.com";
constexpr std::string_view kYahoo = "yahoo.com aol.com yahoodns.net ymail.com rocketmail.com";
constexpr std::string_view kApple = "icloud.com me.com mac.com";

constexpr std::string_view kGooglePage = "https://support.google.com/a/answer/3726730";
constexpr std::string_view kExchangePage =
    "https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/"
    "non-delivery-reports-in-exchange-online";
constexpr std::string_view kOutlookPage =
    "https://sendersupport.olc.protection.outlook.com/pm/troubleshooting";
constexpr std::string_view kYahooPage = "https://senders.yahooinc.com/smtp-error-codes/";
constexpr std::string_view kYahooHelp = "https://help.yahoo.com/kb/review-xx-smtp-sln26151.html";
constexpr std::string_view kApplePage = "https://support.apple.com/en-us/102322";
constexpr std::string_view kCodes = "RFC 3463";
constexpr std::string_view kGreylisting = "RFC 6647";

// In order: what a provider says of itself comes before what is true of any.
constexpr auto kRules = std::to_array<ReplyRule>({
    // --- Google
    // One recipient gets more than it may; others at the site are not concerned.
    {kGoogle, 4, "4.2.1", "receiving", none, 0, Scope::recipient, "recipient_rate", kGooglePage},
    {kGoogle, 5, "5.2.1", "receiving", none, 0, Scope::recipient, "recipient_rate", kGooglePage},
    {kGoogle, 4, "4.7.28", "", slow_down, 0, Scope::site, "rate_limited", kGooglePage},
    {kGoogle, 421, "4.7.0", "unusual rate", slow_down, 0, Scope::site, "rate_limited", kGooglePage},
    // Not signed, no SPF, no DMARC, not aligned, no PTR, no TLS: more of the same makes it worse.
    {kGoogle, 4, "4.7.26", "", stop, 60, Scope::source, "unauthenticated", kGooglePage},
    {kGoogle, 4, "4.7.27", "", stop, 60, Scope::source, "unauthenticated", kGooglePage},
    {kGoogle, 4, "4.7.30", "", stop, 60, Scope::source, "unauthenticated", kGooglePage},
    {kGoogle, 4, "4.7.31", "", stop, 60, Scope::source, "unauthenticated", kGooglePage},
    {kGoogle, 4, "4.7.32", "", stop, 60, Scope::source, "unauthenticated", kGooglePage},
    {kGoogle, 4, "4.7.40", "", stop, 60, Scope::source, "unauthenticated", kGooglePage},
    {kGoogle, 4, "4.7.23", "", stop, 60, Scope::source, "unauthenticated", kGooglePage},
    {kGoogle, 4, "4.7.29", "", stop, 60, Scope::source, "tls_missing", kGooglePage},
    {kGoogle, 5, "5.7.26", "", none, 0, Scope::source, "unauthenticated", kGooglePage},
    {kGoogle, 5, "5.1.1", "", none, 0, Scope::recipient, "address_unknown", kGooglePage},
    {kGoogle, 5, "5.2.1", "", none, 0, Scope::recipient, "mailbox_disabled", kGooglePage},
    {kGoogle, 0, "", "over quota", none, 0, Scope::recipient, "mailbox_full", kGooglePage},
    {kGoogle, 0, "", "out of storage", none, 0, Scope::recipient, "mailbox_full", kGooglePage},
    {kGoogle, 5, "5.7.1", "", none, 0, Scope::source, "policy", kGooglePage},

    // --- Microsoft: Exchange Online, and Outlook.com with its own letters
    {kMicrosoft, 432, "4.3.2", "", none, 0, Scope::recipient, "recipient_rate", kExchangePage},
    {kMicrosoft, 451, "4.7.5", "", slow_down, 0, Scope::site, "rate_limited", kExchangePage},
    {kMicrosoft, 451, "4.7.6", "", slow_down, 0, Scope::site, "rate_limited", kExchangePage},
    {kMicrosoft, 4, "", "rp-00", slow_down, 0, Scope::site, "rate_limited", kOutlookPage},
    {kMicrosoft, 4, "", "rate limit", slow_down, 0, Scope::site, "rate_limited", kOutlookPage},
    {kMicrosoft, 5, "5.7.515", "", stop, 60, Scope::source, "unauthenticated", kExchangePage},
    {kMicrosoft, 5, "5.7.15", "", stop, 60, Scope::source, "unauthenticated", kExchangePage},
    {kMicrosoft, 5, "5.7.606", "", stop, 60, Scope::source, "policy", kExchangePage},
    {kMicrosoft, 5, "5.7.511", "", stop, 60, Scope::source, "policy", kExchangePage},
    {kMicrosoft, 5, "", "block list", stop, 60, Scope::source, "policy", kOutlookPage},
    {kMicrosoft, 5, "", "sc-00", stop, 60, Scope::source, "policy", kOutlookPage},
    {kMicrosoft, 5, "", "dy-00", stop, 60, Scope::source, "policy", kOutlookPage},
    {kMicrosoft, 5, "", "ou-00", stop, 60, Scope::source, "policy", kOutlookPage},
    {kMicrosoft, 5, "5.1.10", "", none, 0, Scope::recipient, "address_unknown", kExchangePage},
    {kMicrosoft, 5, "5.5.0", "mailbox unavailable", none, 0, Scope::recipient, "address_unknown",
     kOutlookPage},
    {kMicrosoft, 5, "5.4.1", "recipient address rejected", none, 0, Scope::recipient,
     "address_unknown", kExchangePage},

    // --- Yahoo and AOL: by the letters in brackets
    {kYahoo, 4, "", "[tss04]", slow_down, 0, Scope::site, "rate_limited", kYahooHelp},
    {kYahoo, 4, "", "[ts0", slow_down, 0, Scope::site, "rate_limited", kYahooHelp},
    // "Permanently deferred" and the like: four hours is what the page asks for.
    {kYahoo, 4, "", "permanently deferred", stop, 240, Scope::source, "policy", kYahooHelp},
    {kYahoo, 4, "", "user complaints", stop, 240, Scope::source, "policy", kYahooHelp},
    {kYahoo, 421, "", "max message per connection", none, 0, Scope::session, "service_closing",
     kYahooPage},
    {kYahoo, 450, "", "too quickly", none, 0, Scope::recipient, "recipient_rate", kYahooPage},
    {kYahoo, 553, "", "[bl", stop, 60, Scope::source, "policy", kYahooPage},
    {kYahoo, 554, "5.7.9", "", none, 0, Scope::source, "unauthenticated", kYahooPage},
    {kYahoo, 554, "", "doesn't have a", none, 0, Scope::recipient, "address_unknown", kYahooPage},

    // --- Apple
    {kApple, 421, "4.7.1", "excessive volume", none, 0, Scope::recipient, "recipient_rate",
     kApplePage},
    {kApple, 421, "4.7.0", "too many errors", slow_down, 0, Scope::site, "rate_limited",
     kApplePage},
    {kApple, 451, "4.7.1", "service unavailable", slow_down, 0, Scope::site, "site_trouble",
     kApplePage},
    {kApple, 5, "5.7.1", "local policy", none, 0, Scope::source, "policy", kApplePage},
    {kApple, 5, "5.7.1", "dmarc", none, 0, Scope::source, "unauthenticated", kApplePage},
    {kApple, 5, "5.1.1", "", none, 0, Scope::recipient, "address_unknown", kApplePage},
    {kApple, 5, "", "over quota", none, 0, Scope::recipient, "mailbox_full", kApplePage},

    // --- anybody
    // Greylisting concerns this recipient and sender: the site is well.
    {"", 4, "", "greylist", none, 0, Scope::recipient, "greylisted", kGreylisting},
    {"", 4, "", "graylist", none, 0, Scope::recipient, "greylisted", kGreylisting},
    {"", 4, "", "too many connections", slow_down, 0, Scope::site, "rate_limited", kCodes},
    {"", 4, "", "too many concurrent", slow_down, 0, Scope::site, "rate_limited", kCodes},
    {"", 4, "", "rate limit", slow_down, 0, Scope::site, "rate_limited", kCodes},
    {"", 4, "", "too many messages", slow_down, 0, Scope::site, "rate_limited", kCodes},
    {"", 4, "", "throttl", slow_down, 0, Scope::site, "rate_limited", kCodes},
    {"", 4, "", "receiving mail too quickly", none, 0, Scope::recipient, "recipient_rate", kCodes},
    {"", 5, "", "spamhaus", stop, 60, Scope::source, "policy", kCodes},
    {"", 5, "5.7.25", "", stop, 60, Scope::source, "unauthenticated", "RFC 7372 §3.3"},
    {"", 5, "5.7.23", "", none, 0, Scope::source, "unauthenticated", "RFC 7372 §3.2"},
    {"", 5, "5.7.26", "", none, 0, Scope::source, "unauthenticated", "RFC 7372 §3.4"},
});

bool ends_with_name(std::string_view whole, std::string_view name) {
  if (!whole.ends_with(name)) return false;
  return whole.size() == name.size() || whole[whole.size() - name.size() - 1] == '.';
}

// Does one of the names stand at the end of the domain, or of one of the site's hosts?
bool is_at(std::string_view places, std::string_view domain, std::string_view site) {
  if (places.empty()) return true;
  while (!places.empty()) {
    const auto space = places.find(' ');
    const std::string_view name = places.substr(0, space);
    places.remove_prefix(space == std::string_view::npos ? places.size() : space + 1);
    if (ends_with_name(domain, name)) return true;
    for (std::string_view hosts = site; !hosts.empty();) {
      const auto comma = hosts.find(',');
      if (ends_with_name(hosts.substr(0, comma), name)) return true;
      hosts.remove_prefix(comma == std::string_view::npos ? hosts.size() : comma + 1);
    }
  }
  return false;
}

bool fits_code(const ReplyRule& rule, std::uint16_t code) {
  if (rule.code == 0) return true;
  return rule.code < 10 ? code / 100 == rule.code : code == rule.code;
}

// "4.7.5" fits 4.7.500 to 4.7.599 in Microsoft's way of numbering, and 4.7.5 itself.
bool fits_enhanced(const ReplyRule& rule, std::string_view enhanced) {
  if (rule.enhanced.empty() || rule.enhanced == enhanced) return true;
  const bool is_range = rule.enhanced == "4.7.5" || rule.enhanced == "4.7.6";
  return is_range && enhanced.starts_with(rule.enhanced) &&
         enhanced.size() == rule.enhanced.size() + 2;
}

}  // namespace

std::span<const ReplyRule> reply_rules() { return kRules; }

const ReplyRule* find_reply_rule(const Outcome& outcome, std::string_view domain,
                                 std::string_view site) {
  if (outcome.reply_code < 400) return nullptr;
  const std::string text = lower(outcome.reply_text);
  for (const ReplyRule& rule : kRules) {
    if (fits_code(rule, outcome.reply_code) && fits_enhanced(rule, outcome.enhanced_status_code) &&
        (rule.words.empty() || text.contains(rule.words)) && is_at(rule.places, domain, site)) {
      return &rule;
    }
  }
  return nullptr;
}

ReplyAdvice apply_reply_rules(Outcome& outcome, std::string_view domain, std::string_view site) {
  if (outcome.kind != OutcomeKind::deferred && outcome.kind != OutcomeKind::bounced) return {};
  const ReplyRule* rule = find_reply_rule(outcome, domain, site);
  if (rule == nullptr) return {};
  outcome.scope = rule->scope;
  outcome.reason = rule->reason;
  return {rule->action, std::chrono::minutes(rule->minutes)};
}

}  // namespace tidings
