// CampaignRunner: moves running campaigns on: their import, their expansion, their end.
//
// A thread of its own does a little for each open campaign in turn, so that a large one does not
// hold up a small one, and tells the dispatcher which campaigns may send. All of it is in the
// database: a runner that starts anew goes on where the last one was killed.
// Thread: public functions from any.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "compose/campaign_content.h"
#include "compose/campaigns.h"
#include "db/database.h"
#include "delivery/dispatcher.h"
#include "delivery/ledger.h"

namespace tidings::compose {

struct RunnerOptions {
  int batch = 1000;                                     // rows of one expansion transaction
  Duration step_max = std::chrono::milliseconds(250);   // for one campaign, in turn
  Duration round_max = std::chrono::milliseconds(250);  // for all: then states are read anew
  Duration pause = std::chrono::milliseconds(100);      // when there is nothing to do
  Duration node_lost_after = std::chrono::minutes(10);
};

class CampaignRunner {
 public:
  // All references must outlive it; start() begins.
  CampaignRunner(db::Database& database, IdSource& ids, const Clock& clock, delivery::Ledger ledger,
                 delivery::Dispatcher& dispatcher, RunnerOptions options);
  ~CampaignRunner();  // stop()

  void start();
  // Returns when the step under way is done.
  void stop();
  // Something changed: look again now.
  void wake();

  struct Progress {
    std::size_t open = 0;        // campaigns and direct lanes with something left to do
    CampaignId importing;        // whose file is being imported now
    double import_progress = 0;  // 0..1
    std::string trouble;         // a sentence; empty when all is well
    bool is_full = false;        // that is: the disk, or another bound, is full
    std::uint64_t rounds = 0;    // how often all campaigns were looked at
  };
  Progress progress() const;

 private:
  void run(std::stop_token stop);
  Result<void> begin_due();
  Result<bool> waits_for_parent(const Campaign& campaign);
  // True when there may be more to do at once.
  Result<bool> round(std::stop_token stop);
  Result<bool> advance(const Campaign& campaign, std::stop_token stop);
  Result<bool> import_some(const Campaign& campaign, std::stop_token stop);
  Result<bool> expand_some(const Campaign& campaign, std::stop_token stop);
  Result<bool> expand_batch(Campaign& campaign, const CampaignContent& content);
  // True while there was something to cancel.
  Result<bool> cancel_some(const Campaign& campaign);
  Result<bool> finish_if_settled(const Campaign& campaign);
  Result<void> take_over();
  // PostgreSQL plans by what it last counted: after many new rows it must count again, or it walks
  // whole tables. SQLite's plans do not depend on it.
  Result<void> refresh_statistics(std::string_view tables);

  Result<const CampaignContent*> content_of(const Campaign& campaign);

  db::Database& database_;
  IdSource& ids_;
  const Clock& clock_;
  const delivery::Ledger ledger_;
  delivery::Dispatcher& dispatcher_;
  const RunnerOptions options_;
  std::unordered_map<ContentVersionId, CampaignContent> contents_;
  std::unordered_map<CampaignId, int> batches_;  // expanded by this process
  Instant next_take_over_{};
  CampaignId last_advanced_;

  mutable std::mutex mutex_;  // guards the next three
  std::condition_variable_any wake_;
  bool is_woken_ = false;
  Progress progress_;
  std::jthread thread_;
};

}  // namespace tidings::compose
