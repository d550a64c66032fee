// An e-mail address and a mailbox (display name and address), read from what people type.
//
// Two forms are kept: what was typed, for showing; and the normalised form that goes on the wire:
// local part in NFC without needless quoting, domain as lower-case A-labels (RFC 5890). Two
// addresses are the same person's when their comparison keys are equal.
// Spec: RFC 5321 §4.1.2 and §4.5.3.1, RFC 5322 §3.4, RFC 6531 §3.3.
// Deviates: comments and folding white space inside an address are refused (nobody types them);
// domains without a dot and address literals only under DomainRule::any; domain names are host
// names (letters, digits, hyphens), so no underscore; invisible characters are refused.
// Thread: any; everything here is pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidings::wire {

// RFC 5321 §4.5.3.1, in octets of the normalised form; 254 follows from a path of 256 with its
// angle brackets.
inline constexpr std::size_t kMaxLocalPart = 64;
inline constexpr std::size_t kMaxDomain = 255;
inline constexpr std::size_t kMaxAddress = 254;
// Ours: a display name, in octets.
inline constexpr std::size_t kMaxDisplayName = 500;

enum class DomainRule {
  dotted,  // at least two labels, as every domain that receives mail from outside has
  any,     // also `localhost`, other single labels, and `[192.0.2.1]`, `[IPv6:2001:db8::1]`
};

struct EmailAddress {
  std::string typed;            // as typed, white space around it removed
  std::string normalised;       // for RCPT TO, headers and storage
  std::uint16_t at = 0;         // where the separating @ stands in `normalised`
  bool needs_smtputf8 = false;  // the local part is not ASCII (RFC 6531)

  std::string_view local_part() const { return std::string_view(normalised).substr(0, at); }
  std::string_view domain() const { return std::string_view(normalised).substr(at + 1); }

  friend bool operator==(const EmailAddress&, const EmailAddress&) = default;
};

// Reads an addr-spec. White space around it, including no-break and zero-width space as copied
// from web pages, is removed. Error: `invalid`, code `address.<case>`, a sentence that says what
// is wrong without repeating the address:
//   empty, no_at, two_at, no_local_part, no_domain, not_utf8, control_character, white_space,
//   invisible_character, bad_character, dot_position, bad_quoting, no_dot, domain_dot,
//   domain_label, domain_character, domain_numeric, domain_literal, local_part_too_long,
//   domain_too_long, too_long.
Result<EmailAddress> parse_email_address(std::string_view typed,
                                         DomainRule rule = DomainRule::dotted);

// The normalised address with its local part case-folded: equal for addresses that reach the same
// person in practice (RFC 5321 leaves the local part's case to its host; no real one uses it).
std::string comparison_key(const EmailAddress& address);

struct Mailbox {
  std::string display_name;  // UTF-8 without control characters; may be empty
  EmailAddress address;

  friend bool operator==(const Mailbox&, const Mailbox&) = default;
};

// Reads `a@b`, `<a@b>`, `Name <a@b>` and `"Name, X" <a@b>`; names with unquoted commas or dots
// are taken as meant. Error: as above, or `address.bad_name`.
Result<Mailbox> parse_mailbox(std::string_view typed, DomainRule rule = DomainRule::dotted);

// For showing and for typing back: `Name <a@b>`, quoted where RFC 5322 wants it; UTF-8, not
// encoded. Headers on the wire are written by header_writer.h.
std::string to_text(const Mailbox& mailbox);

}  // namespace tidings::wire
