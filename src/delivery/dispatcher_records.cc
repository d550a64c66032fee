#include <algorithm>

#include "delivery/dispatcher_impl.h"

namespace tidings::delivery {

namespace {

constexpr std::size_t kLedgerGroupMax = 1000;
constexpr Duration kLedgerDelay = std::chrono::milliseconds(50);
constexpr Duration kTroublePause = std::chrono::seconds(1);
constexpr Duration kSuppressionPoll = std::chrono::milliseconds(500);
constexpr std::size_t kSuppressionPage = 1000;
constexpr std::size_t kSuppressedMax = 100'000;
constexpr std::int64_t kIdOverlap = std::int64_t{10'000} << 22;  // ten seconds of ids

}  // namespace

std::string suppression_key(OrganisationId organisation, std::string_view normalised) {
  return to_text(organisation) + std::string(normalised);
}

void Dispatcher::Impl::write_async(db::Priority priority, db::Database::Work work,
                                   std::function<void(Result<void>)> done) {
  database.write_async(priority, std::move(work),
                       [self = shared_from_this(), done = std::move(done)](Result<void> result) {
                         const std::lock_guard lock(self->gone_mutex);
                         if (self->is_gone) return;
                         self->loop.post([self, done, result = std::move(result)]() mutable {
                           done(std::move(result));
                         });
                       });
}

void Dispatcher::Impl::schedule_ledger() {
  if (ledger_busy) return;
  if (settlements.size() + postponed.size() >= kLedgerGroupMax / 2) return write_ledger();
  if (!timers->ledger.running()) timers->ledger.start(kLedgerDelay, [this] { write_ledger(); });
}

// What one write records.
struct Dispatcher::Impl::Group {
  std::vector<Settlement> settled;
  std::vector<Settlement> released;
  std::vector<Settlement> postponed;
  std::vector<Settlement> expired;
  std::vector<Steered> steered;
  std::vector<std::pair<CampaignKeys, MessageId>> dropped;
  std::vector<Evidence> evidence;
};

Dispatcher::Impl::Group Dispatcher::Impl::take_group() {
  Group group;
  if (settlements.size() <= kLedgerGroupMax) {
    group.settled = std::exchange(settlements, {});
  } else {
    const auto cut = settlements.begin() + kLedgerGroupMax;
    group.settled.assign(std::make_move_iterator(settlements.begin()),
                         std::make_move_iterator(cut));
    settlements.erase(settlements.begin(), cut);
  }
  group.released = std::exchange(releases, {});
  group.postponed = std::exchange(postponed, {});
  group.expired = std::exchange(expired, {});
  group.dropped = std::exchange(drops, {});
  // Evidence follows the settlement of its message, and so does what is held once it is deferred.
  if (settlements.empty()) group.evidence = std::exchange(evidence, {});
  const auto later = std::ranges::partition(steered, [this](const Steered& each) {
    return each.found.state == MessageState::leased || settlements.empty();
  });
  group.steered.assign(std::make_move_iterator(steered.begin()),
                       std::make_move_iterator(later.begin()));
  steered.erase(steered.begin(), later.begin());
  return group;
}

Result<void> Dispatcher::Impl::record(db::Connection& connection, const Group& group) const {
  const Instant now = clock.now();
  if (!group.settled.empty()) {
    TRY(ledger.settle(connection, ledger.node(), group.settled, now));
  }
  TRY(ledger.release(connection, group.released, now));
  TRY(ledger.postpone(connection, group.postponed, now));
  TRY(ledger.expire(connection, group.expired, now));
  TRY(record_steered(connection, group.steered, now));
  for (const auto& [keys, id] : group.dropped) {
    TRY(ledger.drop_suppressed(connection, ledger.node(), keys, std::span(&id, 1), now));
  }
  for (const Evidence& fact : group.evidence) {
    const auto recorded = ledger.record(connection, fact, now);
    // Of a message that is deleted by now nothing is to be said.
    if (!recorded && recorded.error().kind != ErrorKind::not_found) {
      return std::unexpected(recorded.error());
    }
  }
  return {};
}

void Dispatcher::Impl::write_ledger() {
  if (ledger_busy || !has_unrecorded()) return;
  ledger_busy = true;
  ++ledger_begun;
  timers->ledger.cancel();
  auto group = std::make_shared<Group>(take_group());
  write_async(
      db::Priority::ledger,
      [this, group](db::Connection& connection) { return record(connection, *group); },
      [this, group](Result<void> result) {
        // An intent of a message that went back is not to be acted on at a restart.
        if (result) {
          for (const auto* list : {&group->released, &group->postponed, &group->expired}) {
            for (const Settlement& back : *list) journal.settled(back.outcome.message_id);
          }
          for (const auto& [keys, id] : group->dropped) journal.settled(id);
          for (const Steered& each : group->steered) journal.settled(each.found.id);
        } else {
          // Nothing is lost: everything goes back in front and is tried again.
          std::ranges::move(group->released, std::back_inserter(releases));
          std::ranges::move(group->postponed, std::back_inserter(postponed));
          std::ranges::move(group->expired, std::back_inserter(expired));
          std::ranges::move(group->steered, std::back_inserter(steered));
          std::ranges::move(group->dropped, std::back_inserter(drops));
          std::ranges::move(group->evidence, std::back_inserter(evidence));
        }
        ledger_written(std::move(group->settled), std::move(result));
      });
}

void Dispatcher::Impl::ledger_written(std::vector<Settlement> settled, Result<void> result) {
  if (!result) {
    settlements.insert(settlements.begin(), std::make_move_iterator(settled.begin()),
                       std::make_move_iterator(settled.end()));
    set_trouble(Cause::ledger, result.error().message);
    ledger_failing = true;
    timers->ledger.start(kTroublePause, [this] {
      ledger_busy = false;
      write_ledger();
    });
    publish();
    return;
  }
  ledger_busy = false;
  ledger_done = ledger_begun;
  const bool was_failing = std::exchange(ledger_failing, false);
  if (was_failing) set_trouble(Cause::ledger, {});
  for (const Settlement& settlement : settled) journal.settled(settlement.outcome.message_id);
  if (has_unrecorded()) schedule_ledger();
  check_barriers();
  publish();
  if (was_failing) claim_more();
  check_drained();
}

void Dispatcher::Impl::renew_lease() {
  static constexpr db::Statement kRenew{
      "dispatcher.renew_lease",
      "UPDATE node SET lease_until = $1 WHERE id = $2 AND closed_at IS NULL"};
  const Instant until = clock.now() + options.lease;
  auto renewed = std::make_shared<std::int64_t>(0);
  auto names = std::make_shared<SuspendedNames>();
  write_async(
      db::Priority::transactional,
      [this, until, renewed, names](db::Connection& connection) -> Result<void> {
        *renewed = TRY(connection.execute(kRenew, {until, ledger.node()}));
        // Known before the first claim; and what another process changed is known soon.
        *names = TRY(all_suspended(connection));
        return {};
      },
      [this, until, renewed, names](Result<void> result) {
        if (!result || *renewed != 1) {
          timers->lease.start(kTroublePause, [this] { renew_lease(); });
          return set_trouble(Cause::lease,
                             result ? "Another node took over this one's work; start again."
                                    : result.error().message);
        }
        set_trouble(Cause::lease, {});
        set_suspended(std::move(*names));
        const bool was_out = clock.now() >= lease_until;
        lease_until = until;
        if (!was_out) return;
        claim_more();
        wake_all();
      });
  timers->lease.start(options.lease / 3, [this] { renew_lease(); });
}

void Dispatcher::Impl::poll_suppressions() {
  static constexpr db::Statement kRecent{
      "dispatcher.recent_suppressions",
      "SELECT id, organisation_id, normalised FROM suppression"
      " WHERE id > $1 AND released_at IS NULL ORDER BY id LIMIT $2"};
  static constexpr db::Statement kLast{"dispatcher.last_suppression",
                                       "SELECT COALESCE(MAX(id), 0) FROM suppression"};
  struct Found {
    std::vector<std::string> keys;
    std::int64_t last = 0;
  };
  auto found = std::make_shared<Found>();
  const bool is_first = !std::exchange(suppression_poll_started, true);
  // Asynchronous: a database that is slow or away must not hold up the connections.
  write_async(
      db::Priority::ledger,
      [found, is_first, after = suppressions_after](db::Connection& connection) -> Result<void> {
        *found = {{}, after};
        if (is_first) {
          return connection.query(kLast, {},
                                  [&](const db::Row& row) { found->last = row.integer(0); });
        }
        return connection.query(kRecent, {after, kSuppressionPage}, [&](const db::Row& row) {
          found->last = row.integer(0);
          found->keys.push_back(suppression_key(row.id<OrganisationId>(1), row.text(2)));
        });
      },
      [this, found, is_first](Result<void> result) {
        set_trouble(Cause::suppressions, result ? std::string() : result.error().message);
        if (!result && is_first) suppression_poll_started = false;
        for (const std::string& key : found->keys) add_recently_suppressed(key);
        const bool is_full = found->keys.size() == kSuppressionPage;
        if (result) suppressions_seen = std::max(suppressions_seen, found->last);
        // Ids are made before they are committed, by several: the last seconds are read again.
        suppressions_after = is_full && result ? found->last : suppressions_seen - kIdOverlap;
        if (draining) return;
        timers->suppression.start(is_full ? kWakeMin : kSuppressionPoll,
                                  [this] { poll_suppressions(); });
      });
}

// What is claimed from now on is checked by the ledger; only what was claimed before needs this.
void Dispatcher::Impl::add_recently_suppressed(const std::string& key) {
  if (recently_suppressed.size() >= kSuppressedMax) {
    formerly_suppressed = std::exchange(recently_suppressed, {});
  }
  recently_suppressed.insert_or_assign(key, claims);
}

bool Dispatcher::Impl::was_suppressed(const PreparedMessage& message) {
  if (recently_suppressed.empty() && formerly_suppressed.empty()) return false;
  const auto is_known = [&](std::string_view normalised) {
    const std::string key = suppression_key(message.organisation_id, normalised);
    for (const auto* known : {&recently_suppressed, &formerly_suppressed}) {
      if (const auto at = known->find(key); at != known->end()) return message.claim <= at->second;
    }
    return false;
  };
  const auto at = message.normalised.rfind('@');
  return is_known(message.normalised) ||
         (at != std::string::npos && is_known(std::string_view(message.normalised).substr(at)));
}

}  // namespace tidings::delivery
