// Recovery: what a node does before it sends anything: it makes the database know what its
// predecessors in the same data folder had done.
//
// Settlements of the journal are recorded, intents without one become uncertain, what else was
// leased returns to waiting; then the dead nodes are closed and their journal files deleted.
// Idempotent: killed anywhere, it is simply done again. The folder's lock must be held.
// Thread: the caller's, blocking.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "db/database.h"
#include "delivery/ledger.h"

namespace tidings::delivery {

struct RecoveryReport {
  std::int64_t settlements = 0;  // found in the journal and new to the database
  std::int64_t uncertain = 0;    // intents without an outcome
  std::int64_t returned = 0;     // leased and never attempted
  std::int64_t dead_nodes = 0;
};

Result<RecoveryReport> recover(db::Database& database, const Ledger& ledger, const Clock& clock,
                               std::string_view folder_key,
                               const std::filesystem::path& journal_folder);

// Messages leased by nodes of other folders that have not renewed their lease for `lost_after`:
// their journal cannot be read here, so they become uncertain. Returns how many.
Result<std::int64_t> take_over_lost_nodes(db::Database& database, const Ledger& ledger,
                                          const Clock& clock, Duration lost_after);

}  // namespace tidings::delivery
