// ImportQueue: runs the imports that were started, on threads of its own, until they end.
//
// Of one organisation one at a time, in the order of their starting; two organisations at once. An
// import that a shutdown or a crash interrupted goes on with resume() at the next start, from the
// cursor in the database: each row once. A database that is away or a full disk is waited for; what
// else can not be imported ends as failed, with why. Everything about a job is read from the
// database: the queue only knows which are next.
// Thread: any.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "audience/import_contacts.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/database.h"

namespace tidings::people {

struct ImportQueueOptions {
  std::string folder_key;  // of the data folder: imports whose file lies elsewhere are not ours
  // Told, on a thread of the queue, what keeps an import waiting or ended it.
  std::function<void(std::string_view)> report;
  // Between tries while the database is away; doubled up to the second.
  std::chrono::milliseconds retry_after{1'000};
  std::chrono::milliseconds retry_after_max{30'000};
};

class ImportQueue {
 public:
  // Borrows all of them.
  ImportQueue(db::Database& database, IdSource& ids, const Clock& clock,
              ImportQueueOptions options);
  ~ImportQueue();  // stop()
  ImportQueue(const ImportQueue&) = delete;
  ImportQueue& operator=(const ImportQueue&) = delete;

  // Takes up what was open when the last process ended.
  Result<void> resume();
  // An import that was created or reopened. One that is known already is not taken twice.
  void add(OrganisationId organisation, ImportId import);
  // Until nothing waits and nothing runs. For tests.
  void wait_idle();
  // Running ones end at their next chunk (at most half a second) and stay open.
  void stop();

 private:
  struct Waiting {
    OrganisationId organisation;
    ImportId import;
    std::chrono::steady_clock::time_point not_before{};
    std::chrono::milliseconds delay{};
    bool operator==(const Waiting& other) const { return import == other.import; }
  };
  void run(const std::stop_token& stop);
  bool take(std::unique_lock<std::mutex>& lock, const std::stop_token& stop, Waiting& next);
  // False: to be tried again.
  bool work(const Waiting& job, const std::stop_token& stop);
  bool ended(const Waiting& job);
  void report(const Waiting& job, const Error& error) const;

  db::Database& database_;
  IdSource& ids_;
  const Clock& clock_;
  const ImportQueueOptions options_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable_any wake_;
  std::deque<Waiting> waiting_;
  std::set<OrganisationId> at_work_;
  std::set<ImportId> running_;
  std::vector<std::jthread> threads_;
};

}  // namespace tidings::people
