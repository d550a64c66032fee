// Unsubscriber: what a verified unsubscribe link does, its undoing, and the preference page behind
// it.
//
// The link speaks for one message: its organisation, the person it went to, its topic. A change
// stores the choice (audience/consent/preferences.h), its proof on the contact, and the event on
// the message in one transaction, committed before anybody is answered: no message that the choice
// is against is begun after that. Undoing takes back choices only, never a suppression for a bounce
// or a complaint. Everything is idempotent, in any order and from many threads.
// The link in a test, or in the organisation's own copy, shows the same and changes nothing.
// Ownership: borrows everything. Thread: any; waits for the database.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audience/consent/preferences.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/database.h"
#include "domain/campaign.h"
#include "domain/message_state.h"
#include "identity/token_keys.h"

namespace tidings::feedback {

// By what road it came; stored with the choice and the event.
enum class UnsubscribeOrigin {
  page,       // a person pressed the button
  one_click,  // their mail program did (RFC 8058)
};
// From what.
enum class UnsubscribeScope {
  topic,       // that of the message; everything when it has none
  everything,  // all campaigns, and the transactional messages that can be switched off
};
// What proves it, besides the link itself.
struct Witness {
  std::string_view ip;
  std::string_view text;  // the words on the page
};

// The fact that the message's timeline gets.
struct UnsubscribeEvidence {
  OrganisationId organisation_id;
  MessageId message_id;
  // unsubscribed or resubscribed; nothing when it is about something else than the message was.
  std::optional<EventType> type;
  Instant occurred_at{};
  std::string_view source;  // "link", "one-click"
  // Normalised addresses that get less than before.
  std::vector<std::string> held_back;
};
// Stores it, within the transaction of `connection`; told only when something changed. In the
// program this is the ledger, the one writer of what becomes of a message.
using RecordEvidence =
    std::function<Result<void>(db::Connection& connection, const UnsubscribeEvidence& evidence)>;

// What the page may show. Nobody learns the whole address from a forwarded link.
struct Subscription {
  OrganisationId organisation_id;
  std::string organisation_name;
  std::string organisation_locale;
  std::string contact_locale;  // empty when unknown
  std::string masked_address;  // "j•••@example.org", "•••123"
  Channel channel = Channel::email;
  bool is_unsubscribed = false;  // from everything on this channel
  std::string topic_name;        // of the message; empty: none
  bool is_topic_off = false;     // but not everything
  bool is_essential = false;     // that topic is nobody's to choose
  consent::Preferences preferences;

  // Nothing comes any more of what the message was.
  bool is_over() const { return is_unsubscribed || is_topic_off; }
};

// The first character and the domain of an address; the last three digits of a phone number.
std::string mask_address(Channel channel, std::string_view address);

class Unsubscriber {
 public:
  Unsubscriber(db::Database& database, identity::TokenKeys& keys, RecordEvidence record,
               IdSource& ids, const Clock& clock)
      : database_(database), keys_(keys), record_(std::move(record)), ids_(ids), clock_(clock) {}

  // Changes nothing. Errors of all: token.invalid (not_found) for what is no unsubscribe link of
  // ours or speaks of a message that is gone; those of the database.
  Result<Subscription> look(std::string_view token);
  // These return the state after it.
  Result<Subscription> unsubscribe(std::string_view token, UnsubscribeOrigin origin,
                                   UnsubscribeScope scope, const Witness& witness);
  Result<Subscription> resubscribe(std::string_view token, UnsubscribeScope scope,
                                   const Witness& witness);
  // The preference page. Choices that nobody has any more (a topic archived in the meantime) are
  // passed over. `before`: every choice as it was, for undoing.
  struct Chosen {
    Subscription now;
    std::vector<consent::Choice> before;
    bool is_changed = false;
  };
  Result<Chosen> choose(std::string_view token, std::vector<consent::Choice> choices,
                        const Witness& witness);

 private:
  struct Addressee;
  Result<Addressee> find(db::Connection& connection, const identity::VerifiedToken& token) const;
  Result<bool> apply(db::Connection& connection, const identity::VerifiedToken& token,
                     Addressee& addressee, const std::vector<consent::Choice>& choices,
                     const consent::Proof& proof);

  db::Database& database_;
  identity::TokenKeys& keys_;
  const RecordEvidence record_;
  IdSource& ids_;
  const Clock& clock_;
};

}  // namespace tidings::feedback
