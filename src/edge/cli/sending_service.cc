#include "edge/cli/sending_service.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <future>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/json_text.h"
#include "compose/campaigns.h"
#include "delivery/transports.h"
#include "edge/api/dispatch.h"
#include "edge/http/public_pages.h"
#include "feedback/apply_refusals.h"

namespace tidings::cli {

namespace {

// A campaign handed over carries its attachments in base64.
constexpr std::size_t kHandedOverMax = std::size_t{128} << 20;
// More would sign faster than one event loop sends.
constexpr unsigned kPreparingMax = 8;
// Requests under way at the end.
constexpr Duration kCloseMax = std::chrono::seconds(5);

}  // namespace

std::string public_url(const Settings& settings) {
  if (!settings.public_url.empty()) return settings.public_url;
  const std::string& listen = settings.listen;
  const auto colon = listen.rfind(':');
  const std::string port = colon == std::string::npos ? "8080" : listen.substr(colon + 1);
  return "http://localhost:" + port;
}

SendingService::SendingService(Workplace& workplace, bool checks_answers)
    : workplace_(workplace),
      checks_answers_(checks_answers),
      public_url_(cli::public_url(workplace.settings())) {}

Result<std::unique_ptr<SendingService>> SendingService::start(Workplace& workplace,
                                                              bool checks_answers) {
  std::unique_ptr<SendingService> service(new SendingService(workplace, checks_answers));
  TRY(service->recover());
  service->journal_ =
      TRY(delivery::Journal::open(workplace.folder() / "journal", workplace.node().id,
                                  {.sync_interval = workplace.settings().journal_sync_interval}));
  if (const auto bytes = workplace.settings().attempt_log_bytes; bytes > 0) {
    service->attempt_log_ =
        TRY(delivery::AttemptLog::open(workplace.folder() / "log", bytes, service->loop_));
  }
  service->make_engine();
  service->loop_thread_ = std::thread([raw = service.get()] { raw->loop_.run(); });
  service->dispatcher_->start();
  service->runner_->start();
  TRY(service->open_local_socket());
  return service;
}

SendingService::~SendingService() { stop(); }

Result<void> SendingService::recover() {
  ledger_ = std::make_unique<delivery::Ledger>(workplace_.ids(), workplace_.node().id,
                                               workplace_.node().number, feedback::apply_refusals);
  keys_ = std::make_unique<identity::TokenKeys>(workplace_.database(), workplace_.secrets(),
                                                workplace_.clock());
  recovery_ = TRY(delivery::recover(workplace_.database(), *ledger_, workplace_.clock(),
                                    workplace_.folder_key(), workplace_.folder() / "journal"));
  // With another folder's secret.key nothing could be sent: better said now than of each message.
  TRY(keys_->current(workplace_.organisation().id));
  return {};
}

// On the loop's thread; made for the first transport that asks.
Result<net::Resolver*> SendingService::resolver() {
  if (resolver_ == nullptr) {
    net::ResolverOptions options;
    options.servers = workplace_.settings().dns_servers;
    options.trust_anchor_file = workplace_.settings().dnssec_anchor;
    resolver_ = TRY(net::Resolver::create(loop_, options));
  }
  return resolver_.get();
}

delivery::StsPolicies* SendingService::policies(net::Resolver& resolver) {
  if (policies_ == nullptr) {
    delivery::StsSettings settings;
    settings.folder = workplace_.folder() / "mta-sts";
    settings.private_networks = workplace_.settings().mx_private_networks;
    policies_ = std::make_unique<delivery::StsPolicies>(loop_, resolver, std::move(settings));
  }
  return policies_.get();
}

void SendingService::make_engine() {
  signing_keys_ = std::make_unique<domains::SigningKeys>(workplace_.database(),
                                                         workplace_.secrets(), workplace_.clock());
  return_paths_ = std::make_unique<domains::ReturnPaths>(workplace_.database(), workplace_.clock());
  preparer_ = std::make_unique<delivery::EmailPreparer>(
      workplace_.database(), workplace_.clock(),
      delivery::MessageLinks{
          public_url_,
          [this](OrganisationId organisation) { return keys_->current(organisation); }},
      signing_keys_.get(), return_paths_.get());
  delivery::DispatcherOptions options;
  options.lease = workplace_.settings().lease;
  options.retry = workplace_.settings().retry;
  options.preparing_threads =
      static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, kPreparingMax));
  options.site.connections = static_cast<std::size_t>(workplace_.settings().site_connections);
  options.site.per_second = workplace_.settings().site_rate;
  options.site_rules = workplace_.settings().site_rules;
  options.organisation_rate = workplace_.settings().organisation_rate;
  options.attempted = [this](const delivery::PreparedMessage& message,
                             const delivery::Settlement& settlement) {
    figures_.attempted(message, settlement);
    if (attempt_log_) attempt_log_->write(message, settlement);
  };
  const auto make_transport =
      [this](OrganisationId organisation, TransportId id,
             delivery::DeliveryPort& port) -> Result<std::unique_ptr<delivery::Transport>> {
    const auto stored = TRY(workplace_.database().read_value([&](db::Connection& connection) {
      return delivery::load_transport(connection, organisation, id, workplace_.secrets());
    }));
    delivery::TransportOptions made;
    made.sandbox_folder = workplace_.folder() / "sandbox";
    made.connections = static_cast<std::size_t>(workplace_.settings().connections);
    made.mx.resolver = [this] { return resolver(); };
    made.mx.policies = [this](net::Resolver& resolver) { return policies(resolver); };
    made.mx.port = static_cast<std::uint16_t>(workplace_.settings().mx_port);
    made.mx.connections = static_cast<std::size_t>(workplace_.settings().mx_connections);
    made.mx.private_networks = workplace_.settings().mx_private_networks;
    made.evidence = [this](const delivery::PreparedMessage& message, EventType type) {
      figures_.recorded(type);
      dispatcher_->add_evidence({message.organisation_id, message.id, type,
                                 workplace_.clock().now(), "sandbox", "{}",
                                 fmt::format("sandbox/{}/{}", to_text(message.id), int(type))});
    };
    return delivery::make_transport(loop_, port, stored, made);
  };
  dispatcher_ = std::make_unique<delivery::Dispatcher>(
      loop_, workplace_.database(), workplace_.clock(), *ledger_, *journal_,
      [this](const delivery::ClaimedMessage& message) { return preparer_->prepare(message); },
      make_transport, options);
  compose::RunnerOptions runner;
  runner.node_lost_after = workplace_.settings().node_lost_after;
  runner_ = std::make_unique<compose::CampaignRunner>(
      workplace_.database(), workplace_.ids(), workplace_.clock(), *ledger_, *dispatcher_, runner);
}

Result<void> SendingService::send_alert(const AlertMail& mail) {
  // The key in a form and length that every text has.
  const auto answer =
      TRY(api().call(mail.organisation, "POST", "/api/v1/messages",
                     {{"Content-Type", "application/json"},
                      {"Idempotency-Key", "alert-" + to_hex(sha256(mail.key))}},
                     boost::json::serialize(boost::json::object{
                         {"to", mail.to}, {"subject", mail.subject}, {"text", mail.text}})));
  if (answer.status < 300) return {};
  const auto problem = parse_json(answer.body);
  const auto* object = problem.if_object();
  return fail(ErrorKind::unavailable, "alert.not_sent",
              object != nullptr ? text_of(*object, "detail") : "it was refused");
}

compose::ComposeContext SendingService::compose_context() {
  return {workplace_.database(),
          workplace_.ids(),
          workplace_.clock(),
          workplace_.organisation(),
          workplace_.secrets(),
          workplace_.folder(),
          workplace_.settings().attachment_bytes_max};
}

ApiService& SendingService::api() {
  std::call_once(api_made_, [this] {
    api_ = std::make_unique<ApiService>(ApiParts{.workplace = &workplace_,
                                                 .token_keys = keys_.get(),
                                                 .runner = runner_.get(),
                                                 .dispatcher = dispatcher_.get(),
                                                 .imports = imports_.get(),
                                                 .public_url = public_url_,
                                                 .checks_answers = checks_answers_});
  });
  return *api_;
}

net::Router SendingService::local_routes() {
  net::Router router;
  router.add("POST", "/local/campaigns",
             [this](const net::Request& request) { return start_handed_over(request); },
             {.body_bytes = kHandedOverMax});
  router.add("POST", "/local/campaigns/{id}/cancel",
             [this](const net::Request& request) { return cancel_handed_over(request); });
  local_work_->add_routes(router);
  api().add_local_routes(router);
  return router;
}

Result<void> SendingService::open_local_socket() {
  imports_ = std::make_unique<people::ImportQueue>(
      workplace_.database(), workplace_.ids(), workplace_.clock(),
      people::ImportQueueOptions{
          .folder_key = workplace_.folder_key(),
          .report = [](std::string_view what) { fmt::print(stderr, "tidings: {}\n", what); }});
  TRY(imports_->resume());
  local_work_ = std::make_unique<LocalWork>(workplace_, *dispatcher_, *imports_);
  local_ = std::make_unique<net::HttpServer>(loop_, pool_, [this] { return local_routes(); });
  return local_->listen_local(workplace_.socket_path());
}

net::Response SendingService::start_handed_over(const net::Request& request) {
  auto asked = compose::send_request_from_json(request.body);
  if (!asked) return problem(asked.error());
  if (asked->rate_per_second == 0) asked->rate_per_second = workplace_.settings().rate_per_second;
  // Checked as the command's own process would, before anything of it is kept.
  const auto columns = compose::read_columns(*asked, workplace_.folder());
  if (!columns) return problem(columns.error());
  const auto plan = compose::plan_campaign(compose_context(), *asked, *columns);
  if (!plan) return problem(plan.error());
  const auto started = compose::start_campaign(compose_context(), *asked);
  if (!started) return problem(started.error());
  ++handed_over_;
  runner_->wake();
  return net::Response::json(202, fmt::format("{{\"id\":\"{}\"}}", to_text(*started)));
}

net::Response SendingService::cancel_handed_over(const net::Request& request) {
  const auto id = parse_id(request.param("id"));
  const auto cancelled =
      workplace_.database().write_value(db::Priority::web, [&](db::Connection& connection) {
        return compose::cancel_campaign(connection, workplace_.organisation().id,
                                        CampaignId{id.value_or(0)}, workplace_.clock().now());
      });
  if (!cancelled) return problem(cancelled.error());
  dispatcher_->stop_campaign(CampaignId{id.value_or(0)});
  runner_->wake();
  return net::Response::json(200, *cancelled ? "{\"cancelled\":true}" : "{\"cancelled\":false}");
}

Result<std::string> SendingService::serve(net::Router router, const std::string& listen) {
  api().add_network_routes(router);
  net::HttpServerOptions options;
  options.error_page = [](int status, std::string_view why, std::string_view path) {
    return path.starts_with("/api/") ? api::refusal_problem(status, why)
                                     : http::refusal_page(status, why);
  };
  public_ = std::make_unique<net::HttpServer>(loop_, pool_, std::move(router), std::move(options));
  return public_->listen_tcp(listen);
}

// A disk that is full, or a database that is away, is not waited for: the journal has what the
// database lacks, and the next start brings it there.
bool SendingService::wait_drained(std::future<void> drained,
                                  std::chrono::steady_clock::time_point deadline) const {
  constexpr auto kLook = std::chrono::milliseconds(50);
  constexpr auto kBlockedMax = std::chrono::seconds(2);
  std::optional<std::chrono::steady_clock::time_point> blocked_since;
  while (drained.wait_for(kLook) != std::future_status::ready) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= deadline) return false;
    if (!dispatcher_->activity().is_blocked) {
      blocked_since.reset();
    } else if (!blocked_since) {
      blocked_since = now;
    } else if (now - *blocked_since > kBlockedMax) {
      return false;
    }
  }
  return true;
}

void SendingService::stop(Duration at_most) {
  if (std::exchange(is_stopped_, true)) return;
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  if (runner_) runner_->stop();
  if (imports_) imports_->stop();
  if (loop_thread_.joinable()) {
    // A hand-over under way is answered: it was accepted, and its sender must know.
    auto local_closed = std::make_shared<std::promise<void>>();
    if (local_) {
      loop_.post([this, local_closed] {
        local_->drain(kCloseMax, [local_closed] { local_closed->set_value(); });
      });
    } else {
      local_closed->set_value();
    }
    auto closed = std::make_shared<std::promise<void>>();
    if (public_) {
      loop_.post([this, closed] { public_->drain(kCloseMax, [closed] { closed->set_value(); }); });
    } else {
      closed->set_value();
    }
    auto drained = std::make_shared<std::promise<void>>();
    dispatcher_->drain([drained] { drained->set_value(); });
    const bool is_clean =
        wait_drained(drained->get_future(), deadline) &&
        closed->get_future().wait_until(deadline) == std::future_status::ready &&
        local_closed->get_future().wait_until(deadline) == std::future_status::ready;
    if (!is_clean) workplace_.abandon_node();
    pool_.stop();
    loop_.stop();
    loop_thread_.join();
  }
  public_.reset();
  local_.reset();
  local_work_.reset();
  api_.reset();
  imports_.reset();
  runner_.reset();
  dispatcher_.reset();
  policies_.reset();
  resolver_.reset();
  journal_.reset();
}

}  // namespace tidings::cli
