// Follower: shows the progress of campaigns until everything is done that can be done now, then
// what came of them. Works beside the sending of its own process or of another one.
// Thread: one.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "edge/cli/progress.h"
#include "edge/cli/sending_service.h"
#include "edge/cli/workplace.h"

namespace tidings::cli {

// Opened for a command that already knows its campaigns, or for all that are open.
struct Watched {
  std::vector<CampaignId> campaigns;
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
};

class Follower {
 public:
  // `service` sends in this process and is stopped at the end; without one another process sends.
  // `wait` bounds the waiting for deferred mail.
  Follower(Workplace& workplace, SendingService* service, Duration wait);

  // Returns the exit code. Ends early when interrupted, when only deferred mail is left and the
  // wait is over, or when trouble has stopped everything for a minute (or the wait, if longer).
  int follow(Watched watched, const std::stop_token& interrupted);
  // The process that was to send ended before the work was done; nothing was concluded or printed.
  bool is_abandoned() const { return is_abandoned_; }

 private:
  Result<std::vector<CampaignView>> look(const std::vector<CampaignId>& campaigns);
  bool is_over(const std::vector<CampaignView>& views, Watched& watched);
  bool more_handed_over(Watched& watched);
  bool sender_is_gone();
  void show(const std::vector<CampaignView>& views);
  std::string trouble_now() const;
  bool storage_is_full() const;
  bool waits_for_slow_site() const;
  bool gave_up_waiting(const std::vector<CampaignView>& views);
  void print_import_findings(const compose::Campaign& campaign);
  Result<void> write_report(const compose::Campaign& campaign,
                            const std::filesystem::path& path) const;
  void print_remains(const std::string& trouble) const;
  int conclude(const Watched& watched, const std::string& trouble, bool is_interrupted);

  Workplace& workplace_;
  SendingService* service_;
  const Duration wait_;
  const bool shows_;
  bool is_abandoned_ = false;
  int handed_over_ = 0;
  std::string look_trouble_;  // why the database could not be read a moment ago
  bool is_told_ = false;      // the trouble, where no terminal shows it
  double rate_ = 0;
  std::int64_t rate_from_ = 0;
  std::chrono::steady_clock::time_point rate_since_ = std::chrono::steady_clock::now();
  std::int64_t settled_ = -1;
  std::chrono::steady_clock::time_point moved_at_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point sender_seen_at_ = std::chrono::steady_clock::now();
  std::optional<std::chrono::steady_clock::time_point> deferred_since_;
};

}  // namespace tidings::cli
