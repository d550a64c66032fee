// Suppressions: addresses and domains that must not be written to.
//
// `normalised` is wire::comparison_key() of an e-mail address, E.164 for a phone number, or
// `@domain` (lower-case A-label): the same text as contact_address.normalised, so that expansion
// joins the two on (organisation_id, channel, normalised). Nothing ever deletes a suppression: a
// release keeps the row with its reason, and no import releases one.
// Thread: as the connection. Errors: those of db, suppression.no_reason (invalid).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "domain/campaign.h"
#include "domain/recipient_rule.h"

namespace tidings::audience {

// As stored in suppression.kinds.
enum class SuppressedKinds { campaign = 0, everything = 1 };

struct NewSuppression {
  Channel channel = Channel::email;
  std::string_view normalised;
  std::string_view reason;  // unsubscribed, bounce, complaint, invalid, manual, imported
  SuppressedKinds kinds = SuppressedKinds::campaign;
  std::string_view origin;  // link, one-click, import, staff, report
  std::string_view note;
  std::optional<MessageId> message_id;
  std::optional<Instant> expires_at;
  TopicId topic_id = kEveryTopic;     // of an unsubscription: from what
  std::optional<Instant> since = {};  // of a choice that was made earlier; else now
};

struct Suppression {
  SuppressionId id;
  Channel channel = Channel::email;
  std::string normalised;
  std::string reason;
  SuppressedKinds kinds = SuppressedKinds::campaign;
  std::string origin;
  std::string note;
  Instant created_at{};
  std::optional<Instant> expires_at;
  std::optional<Instant> released_at;
  std::string release_note;
  TopicId topic_id = kEveryTopic;
};

// What is typed for a suppression, in its stored form: an address, `@domain`, or for sms a number
// with its country code. Errors: address.*, contact.bad_phone.
Result<std::string> normalise_for_suppression(Channel channel, std::string_view typed);

// False when the same suppression was in force already.
Result<bool> suppress(db::Connection& connection, IdSource& ids, OrganisationId organisation,
                      const NewSuppression& suppression, Instant now);

// Several; those in force already stay as they are.
Result<void> suppress_many(db::Connection& connection, IdSource& ids, OrganisationId organisation,
                           std::span<const NewSuppression> suppressions, Instant now);

// The reason why a message must not go to this address now, whatever its topic; a campaign message
// is stopped by either kind, any other only by SuppressedKinds::everything.
Result<std::optional<std::string>> suppression_reason(db::Connection& connection,
                                                      OrganisationId organisation, Channel channel,
                                                      std::string_view normalised,
                                                      SuppressedKinds message, Instant now);

// Ends every suppression of that address; the number ended. The reason is required and kept.
Result<std::int64_t> release(db::Connection& connection, OrganisationId organisation,
                             Channel channel, std::string_view normalised, std::string_view reason,
                             Instant now);

// One address and one reason: what a contact's own undoing may touch, whatever else is in force.
struct SuppressionKey {
  Channel channel = Channel::email;
  std::string_view normalised;
  std::string_view reason;
  TopicId topic_id = kEveryTopic;
};
Result<bool> is_suppressed_for(db::Connection& connection, OrganisationId organisation,
                               const SuppressionKey& key, Instant now);
// Ends those of that reason only; the number ended. The note is kept.
Result<std::int64_t> release_reason(db::Connection& connection, OrganisationId organisation,
                                    const SuppressionKey& key, std::string_view note, Instant now);

// Ends this one only. Errors: suppression.not_found; suppression.released (conflict) when it has
// ended already.
Result<Suppression> release_suppression(db::Connection& connection, OrganisationId organisation,
                                        SuppressionId id, std::string_view note, Instant now);
// Errors: suppression.not_found.
Result<Suppression> find_suppression(db::Connection& connection, OrganisationId organisation,
                                     SuppressionId id);

struct SuppressionPage {
  bool with_released = false;
  SuppressionId after;  // 0: from the newest
  std::int64_t limit = 100;
  std::string_view words;  // part of the address; a whole one finds an erased person's hash too
  std::string_view reason;
  std::optional<Channel> channel;
};
// Newest first.
Result<std::vector<Suppression>> list_suppressions(db::Connection& connection,
                                                   OrganisationId organisation,
                                                   const SuppressionPage& page);

}  // namespace tidings::audience
