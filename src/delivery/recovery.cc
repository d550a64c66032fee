#include "delivery/recovery.h"

#include <algorithm>
#include <span>

#include <unistd.h>

#include "delivery/journal.h"
#include "identity/nodes.h"

namespace tidings::delivery {

namespace {

constexpr std::size_t kGroup = 500;

Settlement uncertain(const Intent& intent, Instant now) {
  Settlement settlement;
  settlement.organisation_id = intent.organisation_id;
  settlement.campaign_id = intent.campaign_id;
  settlement.attempt = intent.attempt;
  settlement.record = intent.record;
  settlement.due_at = now;
  Outcome& outcome = settlement.outcome;
  outcome.message_id = intent.message_id;
  outcome.kind = OutcomeKind::uncertain;
  outcome.scope = Scope::session;
  outcome.reason = "interrupted";
  outcome.reply_text = "The program ended between the last octet and the answer.";
  outcome.started_at = intent.at;
  outcome.ended_at = now;
  return settlement;
}

Result<std::int64_t> settle_all(db::Database& database, const Ledger& ledger, const Clock& clock,
                                NodeId node, std::span<const Settlement> settlements) {
  std::int64_t changed = 0;
  while (!settlements.empty()) {
    const auto group = settlements.first(std::min(kGroup, settlements.size()));
    settlements = settlements.subspan(group.size());
    const auto applied = TRY(database.write_value(
        db::Priority::ledger, [&](db::Connection& connection) -> Result<std::vector<bool>> {
          return ledger.settle(connection, node, group, clock.now());
        }));
    changed += std::ranges::count(applied, true);
  }
  return changed;
}

Result<std::int64_t> take_back_all(db::Database& database, const Ledger& ledger, const Clock& clock,
                                   NodeId node, Ledger::Holding holding) {
  std::int64_t total = 0;
  for (;;) {
    const std::int64_t count = TRY(database.write_value(
        db::Priority::ledger, [&](db::Connection& connection) -> Result<std::int64_t> {
          return ledger.take_back(connection, node, holding, clock.now());
        }));
    if (count == 0) return total;
    total += count;
  }
}

Result<void> close(db::Database& database, const Clock& clock, NodeId node) {
  return database.write(db::Priority::ledger, [&](db::Connection& connection) {
    return identity::close_node(connection, node, clock.now());
  });
}

}  // namespace

Result<RecoveryReport> recover(db::Database& database, const Ledger& ledger, const Clock& clock,
                               std::string_view folder_key,
                               const std::filesystem::path& journal_folder) {
  RecoveryReport report;
  const std::vector<Replay> replays = TRY(read_journal(journal_folder));
#ifndef TIDINGS_PLANT_JOURNAL_NOT_REPLAYED
  for (const Replay& replay : replays) {
    report.settlements += TRY(settle_all(database, ledger, clock, replay.node, replay.settlements));
    std::vector<Settlement> open;
    for (const Intent& intent : replay.open_intents) open.push_back(uncertain(intent, clock.now()));
    report.uncertain += TRY(settle_all(database, ledger, clock, replay.node, open));
  }
#endif
  const auto dead = TRY(database.read_value([&](db::Connection& connection) {
    return identity::dead_nodes(connection, folder_key, ledger.node());
  }));
  for (const NodeId node : dead) {
    report.returned +=
        TRY(take_back_all(database, ledger, clock, node, Ledger::Holding::nothing_left));
    TRY(close(database, clock, node));
    ++report.dead_nodes;
  }
  for (const Replay& replay : replays) {
    for (const auto& file : replay.files) ::unlink(file.c_str());
  }
  return report;
}

Result<std::int64_t> take_over_lost_nodes(db::Database& database, const Ledger& ledger,
                                          const Clock& clock, Duration lost_after) {
  const auto lost = TRY(database.read_value([&](db::Connection& connection) {
    return identity::lost_nodes(connection, clock.now() - lost_after, ledger.node());
  }));
  std::int64_t total = 0;
  for (const NodeId node : lost) {
    total += TRY(take_back_all(database, ledger, clock, node, Ledger::Holding::may_have_left));
    TRY(close(database, clock, node));
  }
  return total;
}

}  // namespace tidings::delivery
