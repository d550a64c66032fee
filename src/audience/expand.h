// Expansion: turns an audience into the people who will, or will not, be written to, in batches.
//
// Walks in the order of the normalised address, so that everybody at one address meets in one
// batch and message rows are inserted in the order of their unique index; then those who have no
// address. The rules of segments are part of each batch's queries: what is in memory is one batch
// (and the addresses typed by hand), whatever the audience's size. The cursor is opaque text that
// says where to go on; who stores it with the rows it covers can be killed anywhere.
//
// Whom a message is about is the contact itself; for a guardian it is the child (`about_id`); for
// the recipient of an earlier campaign, whom that message was about. What is excluded is excluded
// as a recipient and as the one a message is about; excluding an earlier campaign excludes its
// recipients.
// Thread: any, one Connection each.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "audience/audience.h"
#include "audience/contact_snapshot.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "domain/campaign.h"

namespace tidings::audience {

struct ExpandRequest {
  OrganisationId organisation{};
  Channel channel = Channel::email;
  // The campaign it is for: its own messages and its frozen members. 0: only a question.
  CampaignId campaign{};
  // What rules like "in the last 30 days" count from: the same for all batches.
  Instant as_of{};
  // Also those who are excluded, with the item that includes and excludes each: the breakdown.
  bool with_excluded = false;
  // The languages of the content beside the one that `used` is of; null: there is but one.
  // Borrowed.
  const ContentLanguages* languages = nullptr;
};

struct Candidate {
  ContactId contact_id;  // not valid(): an address that is nobody's
  ContactId about_id;    // the contact itself, or the child of this guardian
  std::string address;   // as typed; empty: has none on this channel
  std::string normalised;
  std::string values;          // JSON object of the used fields
  int variant = kOwnLanguage;  // which language they get, by their own locale
  bool do_not_contact = false;
  bool is_missing_guardian = false;
  std::optional<Instant> last_seen;  // last interaction, else creation; none: nobody's
  // Index in items_of(include) and items_of(exclude); only with with_excluded.
  int included_by = 0;
  std::optional<int> excluded_by;
};

struct Batch {
  std::vector<Candidate> candidates;
  std::string cursor;  // for the next call
  bool is_last = false;
};

// About `limit` candidates after `cursor` (empty: from the beginning). Everybody at one address is
// in the same batch, however many they are, each (recipient, about) once.
// Errors: expand.cursor (corrupt), audience.empty (invalid), segment.* and those of db.
Result<Batch> expand(db::Connection& connection, const ExpandRequest& request,
                     const Audience& audience, const UsedFields& used, const std::string& cursor,
                     int limit);

// Whether expand_by_contact() can tell who is in this audience: people named themselves, not those
// of earlier campaigns, no addresses typed by hand.
bool expands_by_contact(const Audience& audience);
// The same candidates in the order of contacts, which is the order of the database's tables, and as
// fast as the audience is small: not everybody's address is looked at. Each contact's are in one
// batch; people who share an address may be in several. For questions, not for sending.
Result<Batch> expand_by_contact(db::Connection& connection, const ExpandRequest& request,
                                const Audience& audience, const UsedFields& used,
                                const std::string& cursor, int limit);

// What an audience is made of, for telling how many each brings or takes away. In the order in
// which people are counted: who is in two is counted with the first.
struct AudienceItem {
  enum class Kind { everybody, group, segment, contacts, addresses, campaign };
  Kind kind = Kind::everybody;
  std::int64_t id = 0;  // of the group, segment or campaign
  EarlierOutcome outcome = EarlierOutcome::all;
};
std::vector<AudienceItem> included_items(const Audience& audience);
std::vector<AudienceItem> excluded_items(const Audience& audience);

}  // namespace tidings::audience
