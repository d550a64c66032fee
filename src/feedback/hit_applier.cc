#include "feedback/hit_applier.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace tidings::feedback {

namespace {

// A transaction takes some twenty milliseconds then, which is as long as others wait for it.
constexpr std::size_t kBatch = 1000;
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

Result<std::uint64_t> known_to(db::Connection& connection, const std::string& segment) {
  const auto known = TRY(connection.query_first(kAppliedTo, {segment}, [](const db::Row& row) {
    return static_cast<std::uint64_t>(row.integer(0));
  }));
  return known.value_or(0);
}

Result<std::uint64_t> applied_to(db::Database& database, const std::string& segment) {
  return database.read_value(
      [&](db::Connection& connection) { return known_to(connection, segment); });
}

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

Result<void> HitApplier::read_ahead() {
  while (!window_.full()) {
    HitJournal::Batch batch = TRY(journal_.next(HitWindow::kMost, read_to_));
    if (batch.segment.empty()) return {};
    std::uint64_t known = 0;
    if (batch.segment != read_to_.segment) {
      // Where the database is further than this process knows, the file begins there.
      known = TRY(applied_to(database_, batch.segment));
    }
    for (std::size_t i = 0; i < batch.hits.size(); ++i) {
      if (batch.ends[i] <= known) continue;
      window_.add({batch.segment, batch.ends[i], std::move(batch.hits[i])});
    }
    // What is no hit, or was known: the file is done up to there with those before it.
    const std::uint64_t last = batch.ends.empty() ? 0 : batch.ends.back();
    if (last < batch.to || last <= known) window_.add({batch.segment, batch.to, std::nullopt});
    read_to_ = {batch.segment, std::max(batch.to, known)};
  }
  return {};
}

Result<void> HitApplier::store(const std::vector<HitWindow::Waiting>& batch) {
  const std::string& segment = batch.front().segment;
  const std::uint64_t to = batch.back().to;
  TRY(database_.write(db::Priority::web, [&](db::Connection& connection) -> Result<void> {
    // The answer to an earlier COMMIT may have been lost.
    const std::uint64_t known = TRY(known_to(connection, segment));
    std::vector<delivery::Hit> hits;
    for (const HitWindow::Waiting& each : batch) {
      if (each.hit && each.to > known) hits.push_back(*each.hit);
    }
    if (to <= known) return {};
    const Instant now = clock_.now();
    TRY(ledger_.record_hits(connection, hits, now));
    TRY(connection.execute(kAdvance, {segment, to, now}));
    return {};
  }));
  const auto gone = journal_.done(segment, to);
  if (gone.empty()) return {};
  // The files are gone: what is left of them are these rows.
  return database_.write(db::Priority::web, [&](db::Connection& connection) -> Result<void> {
    for (const std::string& name : gone) TRY(connection.execute(kForget, {name}));
    return {};
  });
}

Result<bool> HitApplier::apply_one() {
  TRY(read_ahead());
  const Instant now = clock_.now();
  const auto batch = window_.peek(kBatch, now - settle_, now);
  if (batch.empty()) return false;
  TRY(store(batch));
  window_.drop(batch.size());
  return true;
}

std::string HitApplier::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

bool HitRest::rests(std::uint64_t noted, Moment now) {
  if (now >= looked_at_ + kLook) {
    const double seconds = std::chrono::duration<double>(now - looked_at_).count();
    is_pouring_ = static_cast<double>(noted - noted_) >= kPouring * seconds;
    noted_ = noted;
    looked_at_ = now;
  }
  if (!is_pouring_) return false;
  if (!since_) since_ = now;
  return now < *since_ + kLongest;
}

bool HitApplier::rests() {
  return rest_.rests(journal_.noted(), std::chrono::steady_clock::now()) && !journal_.is_filling();
}

void HitApplier::run() {
  while (!stop_) {
    if (rests()) {
      std::this_thread::sleep_for(HitRest::kLook);
      continue;
    }
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
      rest_.caught_up();
      if (window_.empty()) journal_.wait(rest);
      // A moment longer, and many share one transaction.
      std::this_thread::sleep_for(kGather);
    }
    while (!applied && !stop_ && std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
}

}  // namespace tidings::feedback
