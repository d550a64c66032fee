#include "feedback/reading/bounce_reason.h"

#include <array>
#include <cstddef>

namespace tidings::feedback {
namespace {

struct Row {
  std::string_view word;
  Severity severity;  // of a final refusal
  BounceScope scope;
  std::string_view plain;
};

using enum Severity;
using Of = BounceScope;

// In the order of the enumeration.
constexpr auto kRows = std::to_array<Row>({
    {"undefined", undetermined, Of::none, "no reason is given"},
    {"onhold", undetermined, Of::none, "the reason given is not one we know"},
    {"authfailure", block, Of::our_domain, "our SPF, DKIM or DMARC was not accepted"},
    {"badreputation", block, Of::our_address, "our reputation at that provider is bad"},
    {"blocked", block, Of::our_address, "our mail server's address is blocked there"},
    {"contenterror", soft, Of::message, "the message's form was not accepted"},
    {"delivered", none, Of::recipient, "it was delivered"},
    {"exceedlimit", soft, Of::message, "the message is larger than this recipient may receive"},
    {"expired", soft, Of::domain, "it could not be delivered in time"},
    {"failedstarttls", soft, Of::domain, "no encrypted connection could be made"},
    {"feedback", none, Of::recipient, "the recipient marked it as spam"},
    {"filtered", soft, Of::recipient, "a filter of the recipient refused it"},
    {"hasmoved", hard, Of::recipient, "the recipient has moved to another address"},
    {"hostunknown", hard, Of::domain, "the domain does not exist"},
    {"mailboxfull", soft, Of::recipient, "the mailbox is full"},
    {"mailererror", soft, Of::domain, "a program on the recipient's mail server failed"},
    {"mesgtoobig", soft, Of::message, "the message is too large"},
    {"networkerror", soft, Of::domain, "the recipient's mail server could not be reached"},
    {"norelaying", block, Of::our_domain, "the server does not take mail for that domain from us"},
    {"notaccept", hard, Of::domain, "the domain accepts no mail"},
    {"notcompliantrfc", soft, Of::message, "the message breaks a rule of the receiving server"},
    {"policyviolation", block, Of::our_domain, "a policy of the receiving server refused it"},
    {"rejected", block, Of::our_domain, "our sender address was refused"},
    {"requireptr", block, Of::our_address, "our mail server's address has no proper name in DNS"},
    {"securityerror", block, Of::our_domain, "the server refused us for security"},
    {"spamdetected", block, Of::message, "it was taken for spam"},
    {"speeding", soft, Of::our_address, "we sent too much in a short time"},
    {"suppressed", soft, Of::recipient, "the provider suppresses mail to this address"},
    {"suspend", soft, Of::recipient, "the mailbox is disabled or inactive"},
    {"syntaxerror", soft, Of::message, "the servers did not understand each other"},
    {"systemerror", soft, Of::domain, "the recipient's mail server has trouble"},
    {"systemfull", soft, Of::domain, "the recipient's mail server has no space left"},
    {"toomanyconn", soft, Of::our_address, "too many connections were open at once"},
    {"userunknown", hard, Of::recipient, "the address does not exist"},
    {"vacation", none, Of::recipient, "an automatic answer"},
    {"virusdetected", block, Of::message, "it was taken for a virus"},
});
static_assert(kRows.size() == kBounceReasons);

constexpr std::array<std::string_view, 6> kSeverities = {"none",  "transient", "soft",
                                                         "block", "hard",      "undetermined"};
constexpr std::array<std::string_view, 6> kScopes = {"none",       "recipient",   "domain",
                                                     "our_domain", "our_address", "message"};

const Row& row(BounceReason reason) { return kRows[static_cast<std::size_t>(reason)]; }

}  // namespace

std::string_view to_string(BounceReason reason) { return row(reason).word; }
std::string_view to_string(Severity severity) {
  return kSeverities[static_cast<std::size_t>(severity)];
}
std::string_view to_string(BounceScope scope) { return kScopes[static_cast<std::size_t>(scope)]; }
std::string_view plain_words(BounceReason reason) { return row(reason).plain; }
BounceScope scope_of(BounceReason reason) { return row(reason).scope; }

std::optional<BounceReason> parse_bounce_reason(std::string_view word) {
  for (std::size_t at = 0; at < kRows.size(); ++at) {
    if (kRows[at].word == word) return static_cast<BounceReason>(at);
  }
  return std::nullopt;
}

Severity severity_of(BounceReason reason, bool is_temporary) {
  const Severity severity = row(reason).severity;
  // What may change is no reason to give an address up.
  return severity == hard && is_temporary ? soft : severity;
}

}  // namespace tidings::feedback
