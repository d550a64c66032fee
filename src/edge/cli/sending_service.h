// SendingService: everything that runs while messages leave, for `send` and `serve`: recovery,
// journal, engine, runner, and the local socket through which other commands hand over their work.
// Thread: start() and stop() on one thread; the others any.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "audience/people/import_queue.h"
#include "base/result.h"
#include "compose/campaign_runner.h"
#include "compose/start_campaign.h"
#include "delivery/attempt_log.h"
#include "delivery/dispatcher.h"
#include "delivery/domains/return_paths.h"
#include "delivery/domains/signing_keys.h"
#include "delivery/journal.h"
#include "delivery/ledger.h"
#include "delivery/prepare_email.h"
#include "delivery/recovery.h"
#include "delivery/sending_figures.h"
#include "delivery/sts_policies.h"
#include "edge/cli/alerts.h"
#include "edge/cli/api_service.h"
#include "edge/cli/local_work.h"
#include "edge/cli/workplace.h"
#include "identity/token_keys.h"
#include "net/dns.h"
#include "net/event_loop.h"
#include "net/http_server.h"
#include "net/worker_pool.h"

namespace tidings::cli {

class SendingService {
 public:
  // `workplace` has write access and outlives the service. `checks_answers`: for tests, the API
  // holds each of its answers against the specification.
  static Result<std::unique_ptr<SendingService>> start(Workplace& workplace,
                                                       bool checks_answers = false);
  ~SendingService();  // stop()

  // Attempts under way are finished, the rest goes back and is recorded; at most `at_most`. What
  // could not be recorded by then is recovered at the next start.
  void stop(Duration at_most = std::chrono::seconds(60));

  // Serves `router` and the API to the network; returns the address with its real port.
  Result<std::string> serve(net::Router router, const std::string& listen);

  void let_example_be_read(example::Visit visit) { api().let_example_be_read(std::move(visit)); }

  // A message to somebody of the organisation itself. Error: why it cannot be made now.
  Result<void> send_alert(const AlertMail& mail);

  compose::ComposeContext compose_context();
  compose::CampaignRunner& runner() { return *runner_; }
  delivery::Dispatcher& dispatcher() { return *dispatcher_; }
  const delivery::Ledger& ledger() const { return *ledger_; }
  const delivery::Journal& journal() const { return *journal_; }
  delivery::SendingFigures& figures() { return figures_; }
  identity::TokenKeys& token_keys() { return *keys_; }
  const delivery::RecoveryReport& recovery() const { return recovery_; }
  // Where links in messages point.
  const std::string& public_url() const { return public_url_; }
  // Campaigns that other commands handed over since the start.
  int handed_over() const { return handed_over_; }

 private:
  SendingService(Workplace& workplace, bool checks_answers);
  Result<void> recover();
  Result<net::Resolver*> resolver();
  delivery::StsPolicies* policies(net::Resolver& resolver);
  void make_engine();
  bool wait_drained(std::future<void> drained,
                    std::chrono::steady_clock::time_point deadline) const;
  Result<void> open_local_socket();
  net::Router local_routes();
  // Made for the first who asks: a `send` that is left alone needs none, and reading its
  // specification takes as long as sending a hundred messages.
  ApiService& api();
  net::Response start_handed_over(const net::Request& request);
  net::Response cancel_handed_over(const net::Request& request);

  Workplace& workplace_;
  const bool checks_answers_;
  std::string public_url_;
  delivery::RecoveryReport recovery_;
  std::unique_ptr<identity::TokenKeys> keys_;
  std::unique_ptr<domains::SigningKeys> signing_keys_;
  std::unique_ptr<domains::ReturnPaths> return_paths_;
  std::unique_ptr<delivery::Ledger> ledger_;
  std::unique_ptr<delivery::Journal> journal_;
  net::EventLoop loop_;
  delivery::SendingFigures figures_;
  std::unique_ptr<delivery::AttemptLog> attempt_log_;  // none where it is not wanted
  // Handlers wait for the database, and up to eight of them for a password's hash.
  net::WorkerPool pool_{16};
  std::unique_ptr<net::Resolver> resolver_;
  std::unique_ptr<delivery::StsPolicies> policies_;
  std::unique_ptr<delivery::EmailPreparer> preparer_;
  std::unique_ptr<delivery::Dispatcher> dispatcher_;
  std::unique_ptr<compose::CampaignRunner> runner_;
  std::unique_ptr<people::ImportQueue> imports_;
  std::unique_ptr<LocalWork> local_work_;
  std::once_flag api_made_;
  std::unique_ptr<ApiService> api_;
  std::unique_ptr<net::HttpServer> local_;
  std::unique_ptr<net::HttpServer> public_;
  std::thread loop_thread_;
  std::atomic<int> handed_over_ = 0;
  bool is_stopped_ = false;
};

// The public URL that the settings say, or that follows from where the server listens.
std::string public_url(const Settings& settings);

}  // namespace tidings::cli
