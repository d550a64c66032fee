// The figures of a campaign (P33), from its counters: what is not measured is not told.
// Over time, by program and by domain: engagement_report.h.
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
  std::int64_t blocked = 0;  // of bounced and returned
  std::int64_t failed = 0;
  std::int64_t uncertain = 0;
  std::int64_t skipped = 0;
  std::int64_t dropped = 0;
  std::int64_t cancelled = 0;
  std::int64_t unsubscribed = 0;  // besides the others
  // Of sent, as delivery::CampaignFigures.
  std::int64_t delivered = 0;
  std::int64_t returned = 0;
  std::int64_t returned_unseen = 0;
  std::int64_t marked_as_spam = 0;
  std::int64_t answered = 0;  // by a person, besides the others
  // By people and by machines (docs/tracking.md). People: messages.
  std::int64_t opened = 0;
  std::int64_t opened_spam = 0;  // of opened: marked as spam
  std::int64_t clicked = 0;
  std::int64_t opens = 0;
  std::int64_t clicks = 0;
  std::int64_t machine_opens = 0;
  std::int64_t machine_clicks = 0;

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
  // Of opened and clicked: how often people did, and machines.
  std::optional<std::int64_t> times;
  std::optional<std::int64_t> machine;
};

// What of a campaign was made to be measured (delivery/link_store.h).
struct Tracked {
  bool opens = false;
  bool clicks = false;
  bool is_total = false;  // how often, and nobody is known
};

// How often, where nobody is known.
struct TotalHits {
  std::int64_t opens = 0;
  std::int64_t clicks = 0;
  std::int64_t machine_opens = 0;
  std::int64_t machine_clicks = 0;
};

struct Statistics {
  std::int64_t total = 0;
  std::vector<EndLine> ended;
  std::vector<Figure> along_the_way;
  std::vector<std::string_view> not_measured;
  std::optional<TotalHits> totals;  // of a campaign that is measured so
};

// Pure. "opened" is among not_measured where nothing would tell.
Statistics statistics_of(const Counted& counted, const Tracked& tracked);

Result<Statistics> statistics(db::Connection& connection, OrganisationId organisation,
                              CampaignId campaign, const Tracked& tracked);

// For plan tests.
std::span<const db::Statement> statistics_statements();

}  // namespace tidings::report
