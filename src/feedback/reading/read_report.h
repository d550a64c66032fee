// Tells what a mail that came to a return path is: a bounce, a complaint, an automatic answer, a
// person's reply, or something else; and whom it concerns and why.
//
// Order: a delivery status (RFC 3464), a feedback report (RFC 5965), a bounce in words, an
// automatic answer (RFC 3834), a reply. Reading believes nothing and changes nothing: whether the
// report is about a message of ours is told by the token in its return path, elsewhere.
// Thread: any; pure. Nothing in a mail is an error: what cannot be understood is `other`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "feedback/reading/bounce_reason.h"

namespace tidings::feedback {

struct Mail;

enum class ReportKind : std::uint8_t { bounce, complaint, auto_reply, reply, other };

std::string_view to_string(ReportKind kind);  // "auto-reply" with a hyphen

struct ReportRecipient {
  std::string address;  // as the report has it; the one we wrote to where it tells both
  BounceReason reason = BounceReason::undefined;
  Severity severity = Severity::undetermined;
  BounceScope scope = BounceScope::none;
  std::string status;            // "5.1.1", or empty
  std::uint16_t reply_code = 0;  // 0: none
  std::string diagnostic;        // the remote side's words, at most kDiagnosticMax octets
};

struct Report {
  ReportKind kind = ReportKind::other;
  std::string from;                         // who wrote it; an address, or empty
  std::vector<ReportRecipient> recipients;  // empty for `reply` and `other`
};

// `octets`: one mail with or without its header (mail.h: bounds).
Report read_report(std::string_view octets);
// The same of a mail that was opened (mail.h).
Report read_report(const Mail& mail);

}  // namespace tidings::feedback
