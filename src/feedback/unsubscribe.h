// Unsubscriber: what a verified unsubscribe link does, and its undoing.
//
// The link speaks for one message: its organisation, the address and channel it went to. Applying
// it stores a suppression (reason unsubscribed, campaign messages) and the event on the message in
// one transaction, committed before anybody is answered: no campaign message to that address is
// begun after that. Undoing releases that suppression only, never one for a bounce or a complaint,
// and records it on the message too. Both are idempotent, in any order and from many threads.
// The link in a test, or in the organisation's own copy, shows the same and changes nothing.
// Ownership: borrows everything. Thread: any; waits for the database.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/database.h"
#include "domain/campaign.h"
#include "domain/message_state.h"
#include "identity/token_keys.h"

namespace tidings::feedback {

// By what road it came; stored with the suppression and the event.
enum class UnsubscribeOrigin {
  page,       // a person pressed the button
  one_click,  // their mail program did (RFC 8058)
};

// The fact that the message's timeline gets.
struct UnsubscribeEvidence {
  OrganisationId organisation_id;
  MessageId message_id;
  EventType type = EventType::unsubscribed;  // or resubscribed
  Instant occurred_at{};
  std::string_view source;  // "link", "one-click"
};
// Stores it, within the transaction of `connection`; told only when something changed. In the
// program this is the ledger, the one writer of what becomes of a message.
using RecordEvidence =
    std::function<Result<void>(db::Connection& connection, const UnsubscribeEvidence& evidence)>;

// What the page may show. Nobody learns the whole address from a forwarded link.
struct Subscription {
  std::string organisation_name;
  std::string organisation_locale;
  std::string contact_locale;  // empty when unknown
  std::string masked_address;  // "j•••@example.org", "•••123"
  Channel channel = Channel::email;
  bool is_unsubscribed = false;
};

// The first character and the domain of an address; the last three digits of a phone number.
std::string mask_address(Channel channel, std::string_view address);

class Unsubscriber {
 public:
  Unsubscriber(db::Database& database, identity::TokenKeys& keys, RecordEvidence record,
               IdSource& ids, const Clock& clock)
      : database_(database), keys_(keys), record_(std::move(record)), ids_(ids), clock_(clock) {}

  // Changes nothing. Errors of all three: token.invalid (not_found) for what is no unsubscribe link
  // of ours or speaks of a message that is gone; those of the database.
  Result<Subscription> look(std::string_view token);
  // Both return the state after it.
  Result<Subscription> unsubscribe(std::string_view token, UnsubscribeOrigin origin);
  Result<Subscription> resubscribe(std::string_view token);

 private:
  db::Database& database_;
  identity::TokenKeys& keys_;
  const RecordEvidence record_;
  IdSource& ids_;
  const Clock& clock_;
};

}  // namespace tidings::feedback
