// Preflight: what to mend in a message before it is sent (P14), all of it at once. Nothing is
// fetched, stored or sent.
// Thread: any; the connection's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "audience/audience.h"
#include "base/clock.h"
#include "base/result.h"
#include "compose/finding.h"
#include "compose/variants.h"
#include "db/connection.h"
#include "db/database.h"
#include "domain/campaign.h"
#include "domain/recipient_rule.h"
#include "identity/organisations.h"

namespace tidings::compose {

// Gmail shows no more of an HTML part than this, and hides the rest with its unsubscribe link.
inline constexpr std::int64_t kHtmlShownMax = 102 * 1024;

struct PreflightContext {
  const identity::Organisation& organisation;
  std::string public_url;
  std::int64_t attachment_bytes_max = 0;  // encoded; 0: no limit
  bool may_override_sender = false;       // then an unverified sender is a warning
  Instant now{};
};

struct Preflight {
  std::vector<Finding> findings;  // what blocks first
  std::int64_t recipients = 0;    // who would get a message
  std::int64_t size = 0;  // octets of one message in the longest language; 0: cannot be built yet

  bool is_blocked() const;
};

// How many people are looked at, at most; of a larger audience the finding not_everybody says so.
inline constexpr std::int64_t kPeopleMax = 200'000;

// Adds what the people of the audience make of the message, each in their own language: empty_value
// for the tags that leave a hole, nobody (blocking) for an audience of whom nobody would be written
// to. The same rule as in the breakdown and the sending says who would be; of `asked` kind and now
// count. Reads in batches, each on its own; not from within a read. Errors: audience.empty
// (invalid), segment.*.
Result<void> check_people(db::Database& database, OrganisationId organisation,
                          const LocalisedDraft& content, const audience::Audience& audience,
                          const RecipientPolicy& asked, Preflight& preflight);

// What the law asks of a campaign (check_obligations), by its topic: also topic_missing,
// topic_archived, topic_channel, all blocking.
Result<std::vector<Finding>> check_topic(db::Connection& connection,
                                         const identity::Organisation& organisation,
                                         const Draft& draft, MessageKind kind);

// Every language of it. Codes besides those of content_check.h: no_sender, sender_unverified,
// return_path, bad_reply_to, attachment_missing, attachments_too_large, html_too_large,
// liquid.render.
Result<Preflight> check_before_sending(db::Connection& connection, const PreflightContext& context,
                                       const LocalisedDraft& content, MessageKind kind);

}  // namespace tidings::compose
