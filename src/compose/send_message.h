// One message to one person: individual, from a contact's page (P29), or transactional, from an
// application (P30). What it says is worked out before (message_contents.h); here it is addressed
// and queued, in the caller's transaction: with its commit, and an idempotency key in the same one,
// the message exists once or not at all.
// Thread: any; the connection's.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "compose/message_contents.h"
#include "compose/senders.h"
#include "db/connection.h"
#include "domain/campaign.h"
#include "domain/message_state.h"

namespace tidings::compose {

struct MessageOrder {
  MessageKind kind = MessageKind::transactional;
  std::string to;                // `a@b` or `Name <a@b>`; empty: the contact's primary address
  ContactId contact_id;          // whose message it is; not valid(): whoever has the address
  std::vector<ContactId> about;  // others whose History shows it
  std::string data = "{}";       // JSON object: `data` in the content
  std::string locale;            // of a contact that it makes
  std::string sent_by;
  bool is_test = false;
  SenderOverride sender_override = SenderOverride::not_permitted;
  bool is_switched_off = false;  // recorded as dropped
  bool is_confirmed = false;     // an individual one is wanted although the person has unsubscribed
};

struct QueuedMessage {
  MessageId id;
  Status status = Status::queued;
  std::string reason;  // of one that is dropped or skipped
  ContactId contact_id;
  TransportId transport_id;
};

// What sending works with. Borrows.
struct MessageContext {
  IdSource& ids;
  OrganisationId organisation;
  TransportId transport_id;
};

// A message to be: borrows what it says and to whom.
struct Letter {
  const MessageContents::Found* content;
  const MessageOrder* order;
};

// An address that nobody has becomes a contact that campaigns leave alone until it consents. A
// suppressed address is recorded as dropped, a contact who is not to be contacted as skipped, with
// the reason (domain/recipient_rule.h). Errors: message.unsubscribed (conflict) for an individual
// message to somebody who unsubscribed, until it is confirmed; address.* (invalid),
// contact.not_found, message.no_address (invalid), message.missing_data (invalid) naming each tag
// with its line, sender.unverified (conflict). Of an individual one also message.do_not_contact
// and, unless it is confirmed, message.unsubscribed (conflict): audience/recipient_choices.h.
Result<QueuedMessage> send_message(db::Connection& connection, const MessageContext& context,
                                   const MessageContents::Found& content, const MessageOrder& order,
                                   Instant now);
// Several, each with what became of it, in their order; of one with an error nothing is written.
// When it fails as a whole all is to be rolled back, and each tried alone: then one of them had an
// error of its own that showed too late to leave it out.
Result<std::vector<Result<QueuedMessage>>> send_messages(db::Connection& connection,
                                                         const MessageContext& context,
                                                         std::span<const Letter> letters,
                                                         Instant now);

}  // namespace tidings::compose
