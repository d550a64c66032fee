// The figures of a campaign (P33), from its counters: what is not measured is not told.
//
// Two sets. Where each message ended: every message in exactly one line, percentages that add up to
// 100. What happened along the way: how many it happened to, whatever came of them later.
// Counters are one row per (campaign, node), so both are there in a moment at any size.
// Thread: any. Errors: those of db; campaign.not_found.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "domain/message_state.h"

namespace tidings::report {

// Messages by where they are now; adds up to total(). Named as in campaign_counter.
struct Counted {
  std::int64_t queued = 0;
  std::int64_t sending = 0;
  std::int64_t deferred = 0;
  std::int64_t held = 0;
  std::int64_t sent = 0;
  std::int64_t bounced = 0;
  std::int64_t blocked = 0;  // of bounced
  std::int64_t failed = 0;
  std::int64_t uncertain = 0;
  std::int64_t skipped = 0;
  std::int64_t dropped = 0;
  std::int64_t cancelled = 0;
  std::int64_t unsubscribed = 0;  // besides the others

  std::int64_t total() const {
    return queued + sending + deferred + held + sent + bounced + failed + uncertain + skipped +
           dropped + cancelled;
  }
};

struct EndLine {
  std::string_view line;  // "sent", "suppressed", "failed", "skipped" …
  std::int64_t amount = 0;
  int per_mille = 0;  // of all; the lines add up to 1000
  std::vector<Status> statuses;
};

struct Figure {
  std::string_view figure;  // "sent", "bounced", "blocked_or_spam" …
  std::int64_t people = 0;
  std::optional<int> per_mille;  // of those sent; nothing when nothing was
};

struct Statistics {
  std::int64_t total = 0;
  std::vector<EndLine> ended;
  std::vector<Figure> along_the_way;
  std::vector<std::string_view> not_measured;
};

// Pure.
Statistics statistics_of(const Counted& counted);

Result<Statistics> statistics(db::Connection& connection, OrganisationId organisation,
                              CampaignId campaign);

// For plan tests.
std::span<const db::Statement> statistics_statements();

}  // namespace tidings::report
