// Abuse reports: what a mailbox provider tells about a message that somebody marked as spam.
//
// Spec: RFC 5965 §3 (message/feedback-report), RFC 6591 (authentication failures), RFC 6590
// (redaction: a redacted address is no address). Bounds: those of wire/report_fields.h, and
// kArfRecipientsMax recipients. Thread: any; everything here is pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tidings::wire {

inline constexpr std::size_t kArfRecipientsMax = 100;

struct FeedbackReport {
  std::string type;                     // abuse, fraud, not-spam, auth-failure …; lower case
  std::vector<std::string> recipients;  // Original-Rcpt-To and Removal-Recipient; addresses only
  std::string mail_from;                // Original-Mail-From, which carries our token
  std::string source_ip;
  std::string reporter;  // User-Agent
};

FeedbackReport read_feedback_report(std::string_view text);

}  // namespace tidings::wire
