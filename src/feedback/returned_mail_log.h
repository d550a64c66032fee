// The mail that came back, as people look it up: what each was, what followed, and the mail itself;
// how it is read again, and forgotten.
//
// Thread: any, one Connection each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "db/database.h"
#include "feedback/reading/read_report.h"
#include "feedback/returned_mail.h"

namespace tidings::feedback {

// What followed from a mail.
enum class ReturnedOutcome : std::uint8_t {
  applied,          // its message tells it
  nothing,          // there is nothing to be done about it
  unverified,       // it could be forged
  unknown_message,  // it is about nothing of ours, or what is no longer here
  failed,           // it could not be read
};
std::string_view to_string(ReturnedOutcome outcome);
std::optional<ReturnedOutcome> parse_returned_outcome(std::string_view word);

// So much of an answer stands in its message's timeline.
inline constexpr std::size_t kReplyShownMax = 500;

struct ReturnedEntry {
  ReturnedMailId id;
  std::string source;
  std::string envelope_from;
  std::string envelope_to;
  std::int64_t size = 0;
  Instant received_at{};
  std::optional<Instant> read_at;
  std::string kind;     // empty: it waits to be read
  std::string outcome;  // likewise
  std::string reason;
  MessageId message_id;
  CampaignId campaign_id;
  ContactId contact_id;
  std::string sender;
  std::string subject;
  std::string text;        // of a reply
  std::string recipients;  // JSON array
  std::optional<Instant> forwarded_at;
  bool has_octets = false;
};

struct ReturnedFilter {
  std::string_view kind = {};     // empty: every
  std::string_view outcome = {};  // likewise
  MessageId message_id = {};      // not valid(): of any
  ContactId contact_id = {};      // likewise
  CampaignId campaign_id = {};    // likewise
  ReturnedMailId only = {};       // likewise
  ReturnedMailId before = {};     // not valid(): from the newest
  int limit = 50;
};

// Newest first. Their texts are cut at kReplyShownMax.
Result<std::vector<ReturnedEntry>> list_returned(db::Connection& connection,
                                                 OrganisationId organisation,
                                                 const ReturnedFilter& filter);
// Errors of both: returned_mail.not_found; of the second returned_mail.forgotten (conflict).
Result<ReturnedEntry> find_returned(db::Connection& connection, OrganisationId organisation,
                                    ReturnedMailId id);
Result<std::string> returned_octets(db::Connection& connection, OrganisationId organisation,
                                    ReturnedMailId id);

// How many of each kind and outcome there are; what waits has neither.
struct ReturnedCount {
  std::string kind;
  std::string outcome;
  std::int64_t count = 0;
};
Result<std::vector<ReturnedCount>> count_returned(db::Connection& connection,
                                                  OrganisationId organisation);

// All that fit the filter (its limit and `before` aside) and are still here whole are read again,
// by the rules as they are now. How many.
Result<std::int64_t> read_again(db::Connection& connection, OrganisationId organisation,
                                const ReturnedFilter& filter, Instant now);

// Removes mail whose time is over (OrganisationSettings::returned_mail_retention_days), everything
// of it but a reply's text. How many.
Result<std::int64_t> forget_returned(db::Database& database, Instant now);

}  // namespace tidings::feedback
