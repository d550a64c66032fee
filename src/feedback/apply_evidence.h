// What a returned mail, a provider or a mail server says about a message, applied: the event and
// the figures through the ledger, and what follows for the address (P40), in one transaction.
//
// Only three things suppress: a hard bounce that concerns the recipient (every kind of message), a
// complaint and an unsubscription (campaigns). Soft bounces do when there are too many within the
// period that the organisation chose, for campaigns and for a time; a domain that was told not to
// exist again and again does, likewise for a time. What is said about us, about the message or
// about a whole site never suppresses anybody, and neither does what became of tests and copies.
// Thread: as the connection. Errors: those of db.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "delivery/journal.h"
#include "delivery/ledger.h"
#include "domain/message_state.h"
#include "feedback/reading/read_report.h"

namespace tidings::feedback {

// What one report, provider or server says happened to one message.
struct Fact {
  OrganisationId organisation;
  MessageId message;
  // delivered, bounced, delayed, marked_as_spam, unsubscribed, auto_replied or replied. Of a bounce
  // that is still tried (Severity::transient, none) delayed is made.
  EventType type = EventType::bounced;
  ReportRecipient about = {};  // where there is one
  Instant occurred_at{};       // one that lies ahead is taken for now
  // "report", "complaint report", "mailbox", "ses", "sendgrid", "postmark", "mailgun", "server" …
  std::string source;
  // One per fact as its source numbers it; told twice, applied once. Must not be empty.
  std::string dedupe_key;
};

enum class Applied : std::uint8_t {
  applied,
  known,            // by its dedupe key
  no_such_message,  // nothing is stored
};

// In a write transaction of the caller.
Result<Applied> apply_evidence(db::Connection& connection, const delivery::Ledger& ledger,
                               IdSource& ids, const Fact& fact, Instant now);

}  // namespace tidings::feedback
