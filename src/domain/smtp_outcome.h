// What an SMTP verdict means: the one table from (stage, cause, reply) to outcome kind, scope and
// reason. Retry, throttling and suppression follow from it.
//
// Spec: RFC 5321 §4.2.1 (the first digit decides), §3.8 (421, loss of the connection),
// §4.5.3.1.10 (452, and 552 at RCPT is temporary), RFC 3463 (enhanced codes refine the scope),
// RFC 1047 (the dot without an answer). Thread: pure.
#pragma once

#include "domain/outcome.h"
#include "wire/smtp_client.h"

namespace tidings {

// For a message. Not for `not_attempted` and `stopped` before the dot: those are given back. Fills
// kind, scope, reason, reply_code, enhanced_status_code and reply_text; where the remote said
// nothing, reply_text is our sentence.
Outcome outcome_of_message(wire::SmtpVerdict verdict);

// For a connection that failed before it could take a message: kind is `deferred`, the scope `site`
// or, where our credentials or settings are the cause, `source`.
Outcome outcome_of_session(wire::SmtpVerdict verdict);

// May the message go back to the queue as if nothing had happened?
bool is_untried(const wire::SmtpVerdict& verdict);

}  // namespace tidings
