// Vague words and status codes (bounce_rules.h). Order matters: see there.
#include <array>

#include "feedback/reading/bounce_rules.h"

namespace tidings::feedback {
namespace {

using enum BounceReason;

constexpr std::string_view kOutlook = "https://sendersupport.olc.protection.outlook.com/pm/";
constexpr std::string_view kPostfix = "Postfix, postconf(5) and bounce(8)";
constexpr std::string_view kQmail = "qmail-remote(8), qmail-send(8), chkuser";
constexpr std::string_view kCarriers = "help pages of docomo, au, SoftBank";
constexpr std::string_view kCodes = "RFC 3463, RFC 5321, RFC 7372, RFC 7505 wording";
constexpr std::string_view kSeen = "bounces seen";

constexpr auto kVague = std::to_array<BounceRule>({
    {"service refuse", blocked, kSeen},
    {"mailbox unavailable", user_unknown, kOutlook},
    {"mailbox*unavailable", user_unknown, kSeen},
    {"no mailbox*available", user_unknown, kQmail},
    {"recipient address rejected", user_unknown, kPostfix},
    {"recipient refused", filtered, kSeen},
    {"recipient*blocked", filtered, kSeen},
    {"address rejected", user_unknown, "Cisco Secure Email"},
    {"address error", user_unknown, kSeen},
    {"not accepting messages", filtered, kSeen},
    {"refused by recipient", filtered, kSeen},
    {"filtered", filtered, kSeen},
    {"unable to deliver to", on_hold, kSeen},
    {"as their mailbox", mailbox_full, kCarriers},
    {"spam", spam_detected, kSeen},
    {"blocked", blocked, kSeen},
    {"banned", blocked, kSeen},
    {"bulk mail", spam_detected, kSeen},
    {"access denied", rejected, kSeen},
    {"policy", policy_violation, kSeen},
    {"message rejected", policy_violation, kSeen},
    {"mail rejected", policy_violation, kSeen},
    {"mail rejete", policy_violation, kSeen},
    {"message refused", policy_violation, kSeen},
    {"not allowed", policy_violation, kSeen},
    {"not authorized", security_error, kSeen},
    {"unauthorized", security_error, kSeen},
    {"permission denied", security_error, kSeen},
    {"quota", mailbox_full, kSeen},
    {"try again later", system_error, kSeen},
    {"requested action aborted", system_error, kCodes},
    {"transaction failed", filtered, kCodes},
});

// IANA, "SMTP Enhanced Status Codes": RFC 3463 and its additions. Subjects that only say "other"
// and 7.1, which servers use for anything, are not here.
constexpr auto kStatus = std::to_array<StatusRule>({
    {"1.1", user_unknown},
    {"1.2", host_unknown},
    {"1.3", user_unknown},
    {"1.4", user_unknown},
    {"1.6", has_moved},
    {"1.7", rejected},
    {"1.8", rejected},
    {"1.9", mailer_error},
    {"1.10", not_accept},
    {"2.1", suspend},
    {"2.2", mailbox_full},
    {"2.3", exceed_limit},
    {"2.4", filtered},
    {"3.1", system_full},
    {"3.2", system_error},
    {"3.3", system_error},
    {"3.4", message_too_big},
    {"3.5", system_error},
    {"4.1", expired},
    {"4.2", network_error},
    {"4.3", network_error},
    {"4.4", host_unknown},
    {"4.5", system_error},
    {"4.6", network_error},
    {"4.7", expired},
    {"4.316", expired},
    {"4.310", host_unknown},
    {"4.312", network_error},
    {"4.317", failed_starttls},
    {"5.1", syntax_error},
    {"5.2", syntax_error},
    {"5.3", policy_violation},
    {"5.4", syntax_error},
    {"5.5", syntax_error},
    {"6.0", content_error},
    {"6.1", content_error},
    {"6.2", content_error},
    {"6.3", content_error},
    {"6.5", content_error},
    {"6.6", content_error},
    {"6.7", content_error},
    {"7.2", security_error},
    {"7.3", security_error},
    {"7.4", security_error},
    {"7.5", security_error},
    {"7.6", security_error},
    {"7.7", security_error},
    {"7.8", security_error},
    {"7.13", suspend},
    {"7.17", has_moved},
    {"7.18", has_moved},
    {"7.20", auth_failure},
    {"7.21", auth_failure},
    {"7.22", auth_failure},
    {"7.23", auth_failure},
    {"7.24", auth_failure},
    {"7.25", require_ptr},
    {"7.26", auth_failure},
    {"7.27", not_accept},
    {"7.28", speeding},
    {"7.30", failed_starttls},
    {"7.124", security_error},
    {"7.129", security_error},
    {"7.133", security_error},
    {"7.134", security_error},
    {"7.500", system_error},
    {"7.505", blocked},
    {"7.509", auth_failure},
    {"7.511", blocked},
    {"7.512", not_compliant_rfc},
    {"7.515", auth_failure},
    {"7.606", blocked},
    {"7.650", bad_reputation},
    {"7.705", spam_detected},
    {"7.708", bad_reputation},
    {"7.750", rejected},
    {"1.20", not_compliant_rfc},
});

}  // namespace

std::span<const BounceRule> vague_bounce_rules() { return kVague; }
std::span<const StatusRule> status_rules() { return kStatus; }

}  // namespace tidings::feedback
