// Deleting messages from the history (P38): hiding, which can be undone, and purging, which cannot.
//
// Neither touches a state, an event or a counter: every total stays what it was. A purge removes
// what says who and what: address, contact, values, body, what remote servers said, and the words
// of a letter that nobody else has; the row
// with its states and times stays, with the tombstone (table purge) that says when, who and why.
// Thread: any, one Connection each, within a write transaction of the caller.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"

namespace tidings::delivery {

struct Tombstone {
  Instant began_at{};
  std::optional<Instant> finished_at;
  std::string purged_by;
  std::string reason;
};

enum class Purged : std::uint8_t { message = 0, campaign = 1 };

// Errors: message.not_found; message.not_settled (conflict) while it waits or is being sent.
Result<void> hide_message(db::Connection& connection, OrganisationId organisation, MessageId id,
                          Instant now);
// Errors: message.not_found; message.purged (conflict).
Result<void> unhide_message(db::Connection& connection, OrganisationId organisation, MessageId id);
// Errors: as of hide_message. A second time changes nothing.
Result<void> purge_message(db::Connection& connection, OrganisationId organisation, MessageId id,
                           std::string_view who, std::string_view reason, Instant now);

// The next messages of a campaign that ended, in the order of ids, at most `limit`: the caller
// begins with record_purge() and calls this in one transaction each until it returns fewer.
Result<std::int64_t> purge_some(db::Connection& connection, OrganisationId organisation,
                                CampaignId campaign, int limit, Instant now);

// Keeps the tombstone of a purge that begins; one that began before stays as it is.
Result<void> record_purge(db::Connection& connection, OrganisationId organisation, Purged what,
                          std::int64_t id, std::string_view who, std::string_view reason,
                          Instant now);
Result<std::optional<Tombstone>> find_tombstone(db::Connection& connection,
                                                OrganisationId organisation, Purged what,
                                                std::int64_t id);

// Empties the content of letters (messages of no campaign and no template) that nobody has any
// more: no message with a body and none still to be sent. Returns how many. A content that somebody
// has stays; so does any other content.
Result<std::int64_t> forget_letters(db::Connection& connection, OrganisationId organisation,
                                    std::span<const ContentVersionId> contents);

// For plan tests.
std::span<const db::Statement> message_deletion_statements();

}  // namespace tidings::delivery
