// What the counters of a campaign (delivery/ledger.h) do not say: its subject, when it goes on, and
// why messages did not get through.
// Thread: any, one Connection each. Errors: those of db.
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
#include "domain/message_state.h"

namespace tidings::report {

// The earliest time at which a deferred message of the campaign is tried again.
Result<std::optional<Instant>> next_attempt(db::Connection& connection, OrganisationId organisation,
                                            CampaignId campaign);
// The subject's template, as it was written.
Result<std::string> campaign_subject(db::Connection& connection, OrganisationId organisation,
                                     ContentVersionId content);

struct ReasonCount {
  MessageState state = MessageState::failed;
  std::string reason;
  std::int64_t count = 0;
  std::string example;  // an address it happened to; empty when there is none
};
// "bounced", "deferred" …
std::string_view word_of(MessageState state);
// Messages that are neither sent, waiting nor being sent, by state and reason, most frequent first.
// Reads every message of the campaign.
Result<std::vector<ReasonCount>> reasons(db::Connection& connection, OrganisationId organisation,
                                         CampaignId campaign);

// For plan tests.
std::span<const db::Statement> campaign_report_statements();

}  // namespace tidings::report
