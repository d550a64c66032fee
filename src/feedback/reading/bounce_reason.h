// Why mail did not arrive, in the words of the record: reason, how bad it is, whom it concerns.
//
// The reasons are named as Sisimai names them (Debian's libsisimai-perl, Sisimai::Reason), so that
// figures can be compared with what others measure; severities and scopes are ours (protocols.md).
// Invariant: only Severity::hard with BounceScope::recipient may suppress an address.
// Thread: values, any.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tidings::feedback {

enum class BounceReason : std::uint8_t {
  undefined,  // nothing says why
  on_hold,    // words nobody knew
  auth_failure,
  bad_reputation,
  blocked,
  content_error,
  delivered,
  exceed_limit,
  expired,
  failed_starttls,
  feedback,
  filtered,
  has_moved,
  host_unknown,
  mailbox_full,
  mailer_error,
  message_too_big,
  network_error,
  no_relaying,
  not_accept,
  not_compliant_rfc,
  policy_violation,
  rejected,
  require_ptr,
  security_error,
  spam_detected,
  speeding,
  suppressed,
  suspend,
  syntax_error,
  system_error,
  system_full,
  too_many_connections,
  user_unknown,
  vacation,
  virus_detected,
};
inline constexpr std::size_t kBounceReasons = 36;

enum class Severity : std::uint8_t {
  none,          // no trouble: delivered, an answer
  transient,     // still being tried
  soft,          // given up for now, may work another time
  block,         // we were refused; the address may be fine
  hard,          // will not work
  undetermined,  // nothing says
};

enum class BounceScope : std::uint8_t {
  none,
  recipient,    // this address
  domain,       // the recipient's domain or its servers
  our_domain,   // what we write from: signatures, sender addresses
  our_address,  // the IP address we deliver from
  message,      // this message's content or size
};

// "userunknown", "mailboxfull" …
std::string_view to_string(BounceReason reason);
std::string_view to_string(Severity severity);
std::string_view to_string(BounceScope scope);
std::optional<BounceReason> parse_bounce_reason(std::string_view word);

// A sentence for a person, without a point at its end: "the mailbox is full".
std::string_view plain_words(BounceReason reason);

BounceScope scope_of(BounceReason reason);

// How bad it is when the refusal was final (`is_temporary` false) or a 4xx given up.
Severity severity_of(BounceReason reason, bool is_temporary);

}  // namespace tidings::feedback
