// HitApplier: brings the hit journal into the database, in batches, in the background.
//
// A hit is judged (domain/hit_judgement.h) once it is `settle` old, so that what happened right
// after it is known as well; where more than HitWindow::kMost wait, sooner. What has not settled at
// stop() waits in the journal for the next start.
// While hits pour in the processors are theirs: nothing is stored then for a while (HitRest), and
// what waits meanwhile follows in one go.
// Each transaction stores the hits of a batch (delivery::Ledger::record_hits) and how far the file
// was read: what a killed process, or a COMMIT whose answer was lost, leaves behind is neither lost
// nor counted twice. When the database cannot be written it tries again every second; the journal
// keeps what waits.
// Thread: its own; start, stop and trouble() from one other.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/result.h"
#include "db/database.h"
#include "delivery/ledger.h"
#include "feedback/hit_journal.h"
#include "feedback/hit_window.h"

namespace tidings::feedback {

// A second before and after (kLinksWithin), and as much for clocks that differ and writers that
// are overtaken.
inline constexpr Duration kHitsSettle = std::chrono::seconds(2);

// Whether to rest. Pure: a decision about what was counted and when.
// Optimisation: storing a hit costs three times what answering it does. On two processors that is a
// third more answers a second.
class HitRest {
 public:
  static constexpr double kPouring = 10'000;  // hits a second
  static constexpr Duration kLongest = std::chrono::seconds(30);
  static constexpr Duration kLook = std::chrono::milliseconds(100);

  using Moment = std::chrono::steady_clock::time_point;

  // `noted`: hits since the start. Looks again after kLook.
  bool rests(std::uint64_t noted, Moment now);
  // All is stored: the next rest may be a whole one again.
  void caught_up() { since_.reset(); }

 private:
  std::uint64_t noted_ = 0;
  Moment looked_at_{};
  bool is_pouring_ = false;
  std::optional<Moment> since_;  // of the first rest after all was stored
};

class HitApplier {
 public:
  // Borrows everything.
  HitApplier(HitJournal& journal, db::Database& database, const delivery::Ledger& ledger,
             const Clock& clock, Duration settle = kHitsSettle)
      : journal_(journal), database_(database), ledger_(ledger), clock_(clock), settle_(settle) {}
  ~HitApplier();  // stop()

  void start();
  // Applies what has settled, for at most that long; what is left is applied at the next start.
  void stop(Duration at_most = std::chrono::seconds(5));

  // One batch. True when there was one. Errors: those of the database and of reading the journal.
  Result<bool> apply_one();

  // Why nothing is applied now; empty when it is.
  std::string trouble() const;

 private:
  void run();
  bool rests();
  Result<void> read_ahead();
  Result<void> store(const std::vector<HitWindow::Waiting>& batch);

  HitJournal& journal_;
  db::Database& database_;
  const delivery::Ledger& ledger_;
  const Clock& clock_;
  const Duration settle_;
  HitWindow window_;              // its thread's, and stop()'s once that has ended
  HitJournal::Position read_to_;  // likewise
  HitRest rest_;                  // its thread's
  std::atomic<bool> stop_ = false;
  mutable std::mutex mutex_;  // trouble_
  std::string trouble_;
  std::thread thread_;
};

}  // namespace tidings::feedback
