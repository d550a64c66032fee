// Alerts: tells the owners of each organisation, by mail and once, of what they must know (B17):
// report/alerts.h. Looks a minute after the start, then every minute.
//
// The mail is a message of the organisation itself, to its own people, by its default sender and
// mail server. As long as it has none, or nobody to tell, the occasion is said once on standard
// error and the mail follows when there is. Only campaigns, domains and the disk are watched: what
// becomes of an alert is no occasion.
// Thread: its own; start, stop and look() from one other.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "db/database.h"
#include "report/alerts.h"

namespace tidings::cli {

struct AlertMail {
  OrganisationId organisation;
  std::string to;
  std::string subject;
  std::string text;
  std::string key;  // the same for the same alert to the same person
};

struct AlertParts {
  db::Database* database = nullptr;
  const Clock* clock = nullptr;
  std::filesystem::path folder;  // whose disk is watched
  // What else of this machine is to be told; none: nothing.
  std::function<std::vector<report::Occasion>()> also = {};
  // Error: why it cannot be sent now.
  std::function<Result<void>(const AlertMail&)> send;
  std::function<void(std::string_view)> say;
};

class Alerts {
 public:
  // What `parts` borrows outlives it.
  explicit Alerts(AlertParts parts) : parts_(std::move(parts)) {}
  ~Alerts() { stop(); }

  void start();
  void stop();
  // Looks now; how many mails were made.
  Result<int> look();

 private:
  Result<int> look_at(OrganisationId organisation, std::vector<report::Occasion> also);
  Result<int> tell(OrganisationId organisation, const report::Untold& untold,
                   const std::vector<std::string>& addresses);
  void run();

  const AlertParts parts_;
  std::set<std::string> said_;  // on standard error
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace tidings::cli
