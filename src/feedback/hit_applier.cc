#include "feedback/hit_applier.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace tidings::feedback {

namespace {

// A transaction takes a few milliseconds then.
constexpr std::size_t kBatch = 300;
constexpr Duration kLook = std::chrono::milliseconds(500);
constexpr Duration kGather = std::chrono::milliseconds(50);
constexpr Duration kAgain = std::chrono::seconds(1);

constexpr db::Statement kAppliedTo{"hits.applied_to",
                                   "SELECT applied_to FROM hit_segment WHERE name = $1"};
constexpr db::Statement kAdvance{
    "hits.advance",
    "INSERT INTO hit_segment (name, applied_to, changed_at) VALUES ($1, $2, $3)"
    " ON CONFLICT (name) DO UPDATE SET applied_to = excluded.applied_to,"
    " changed_at = excluded.changed_at"};
constexpr db::Statement kForget{"hits.forget_segment", "DELETE FROM hit_segment WHERE name = $1"};

}  // namespace

HitApplier::~HitApplier() { stop(); }

void HitApplier::start() {
  thread_ = std::thread([this] { run(); });
}

void HitApplier::stop(Duration at_most) {
  if (!thread_.joinable()) return;
  stop_ = true;
  thread_.join();
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  while (std::chrono::steady_clock::now() < deadline) {
    const auto applied = apply_one();
    if (!applied || !*applied) return;
  }
}

Result<bool> HitApplier::apply_one() {
  const HitJournal::Batch batch = TRY(journal_.next(kBatch));
  if (batch.segment.empty()) return false;
  // Where the database is further than this process knows, the batch begins there.
  const auto applied_to = TRY(database_.write_value(
      db::Priority::web, [&](db::Connection& connection) -> Result<std::uint64_t> {
        const auto known =
            TRY(connection.query_first(kAppliedTo, {batch.segment}, [](const db::Row& row) {
              return static_cast<std::uint64_t>(row.integer(0));
            }));
        if (known.value_or(0) > batch.from) return *known;
        if (batch.from == batch.to) return batch.to;
        const Instant now = clock_.now();
        TRY(ledger_.record_hits(connection, batch.hits, now));
        TRY(connection.execute(kAdvance, {batch.segment, batch.to, now}));
        return batch.to;
      }));
  if (!journal_.done(batch.segment, applied_to)) return true;
  // The file is gone: what is left of it is this row.
  TRY(database_.write(db::Priority::web, [&](db::Connection& connection) -> Result<void> {
    TRY(connection.execute(kForget, {batch.segment}));
    return {};
  }));
  return true;
}

std::string HitApplier::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void HitApplier::run() {
  while (!stop_) {
    const auto applied = apply_one();
    {
      const std::lock_guard lock(mutex_);
      trouble_ =
          applied ? std::string() : "Followed links wait to be stored: " + applied.error().message;
    }
    if (applied && *applied) continue;
    const Duration rest = applied ? kLook : kAgain;
    const auto until = std::chrono::steady_clock::now() + rest;
    if (applied) {
      journal_.wait(rest);
      // A moment longer, and many share one transaction.
      std::this_thread::sleep_for(kGather);
    }
    while (!applied && !stop_ && std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
}

}  // namespace tidings::feedback
