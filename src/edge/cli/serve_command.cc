// tidings serve: the pages people reach from their messages, and the sending of what is open.
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "compose/campaign_control.h"
#include "compose/test_send.h"
#include "delivery/domains/domain_check.h"
#include "edge/api/dispatch.h"
#include "edge/cli/api_client.h"
#include "edge/cli/command.h"
#include "edge/cli/interrupt.h"
#include "edge/cli/sending_service.h"
#include "edge/cli/workplace.h"
#include "edge/http/content_routes.h"
#include "edge/http/metrics_routes.h"
#include "edge/http/password_routes.h"
#include "edge/http/provider_routes.h"
#include "edge/http/serve_routes.h"
#include "edge/http/tracking_routes.h"
#include "edge/http/view_routes.h"
#include "edge/http/web_app.h"
#include "feedback/ask_sns.h"
#include "feedback/hit_applier.h"
#include "feedback/hit_journal.h"
#include "feedback/inbound_mail.h"
#include "feedback/link_targets.h"
#include "feedback/mailbox_poller.h"
#include "feedback/provider_intake.h"
#include "feedback/returned_mail_reader.h"
#include "feedback/unsubscribe.h"
#include "identity/organisations.h"
#include "identity/sign_in.h"

namespace tidings::cli {
namespace {

struct ServeFlags {
  WorkplaceOptions place;
  std::string listen;
  int connections = 0;
  bool checks_answers = false;
  bool is_demo = false;
};

bool is_loopback(const std::string& address) {
  return address.starts_with("127.") || address.starts_with("[::1]") ||
         address.starts_with("localhost");
}

feedback::RecordEvidence record_in(SendingService& service, const Clock& clock) {
  return [&service, &clock](db::Connection& connection,
                            const feedback::UnsubscribeEvidence& told) -> Result<void> {
    if (told.type) {
      TRY(service.ledger().record(connection,
                                  {told.organisation_id, told.message_id, *told.type,
                                   told.occurred_at, std::string(told.source), "{}", ""},
                                  clock.now()));
      service.figures().recorded(*told.type);
    }
    // What is ready to leave to this address is held back at once.
    for (const std::string& normalised : told.held_back) {
      service.dispatcher().suppressed(told.organisation_id, normalised);
    }
    return {};
  };
}

// What messages lead back to, besides the pages: followed links, the picture, the message itself;
// and the figures of all that.
class Readers {
 public:
  Readers(Workplace& workplace, SendingService& service, const feedback::ReturnedFigures& returned)
      : workplace_(workplace), service_(service), returned_(returned) {}

  Result<void> open(net::Router& router) {
    journal_ = TRY(
        feedback::HitJournal::open(workplace_.folder() / "hits", workplace_.ids(),
                                   {.sync_interval = workplace_.settings().journal_sync_interval}));
    applier_ = std::make_unique<feedback::HitApplier>(*journal_, workplace_.database(),
                                                      service_.ledger(), workplace_.clock());
    applier_->start();
    poller_.start();
    for (net::Router* each : {&router, &example_}) {
      http::add_tracking_routes(*each, {.targets = &targets_,
                                        .journal = journal_.get(),
                                        .clock = &workplace_.clock(),
                                        .public_url = service_.public_url()});
    }
    service_.let_example_be_read([this](std::string_view path, std::string_view program) {
      auto request = api::make_request("GET", path, {{"User-Agent", std::string(program)}});
      if (!request) return;
      request->peer = "127.0.0.1:0";
      api::respond(example_, *std::move(request));
    });
    http::add_view_routes(router, {&workplace_.database(), &service_.token_keys()});
    http::add_provider_routes(
        router,
        {.intake = &intake_, .clock = &workplace_.clock(), .public_url = service_.public_url()});
    http::add_metrics_routes(router,
                             {.database = &workplace_.database(),
                              .clock = &workplace_.clock(),
                              .figures = &service_.figures(),
                              .activity = [this] { return service_.dispatcher().activity(); },
                              .journal_sync = [this] { return service_.journal().sync_seconds(); },
                              .hits_lost = [this] { return journal_->lost(); },
                              .hits_unconfirmed = [this] { return journal_->unconfirmed(); },
                              .returned = &returned_,
                              .readers = workplace_.settings().metrics_readers});
    return {};
  }
  // Once the service has stopped: nobody is served any more, and nobody reads the example.
  void close() {
    poller_.stop();
    applier_->stop();
  }

  // What somebody must be told of by mail.
  std::vector<report::Occasion> occasions() const {
    const std::string trouble = journal_->trouble();
    if (trouble.empty()) return {};
    return {{"disk/hits", "The disk does not keep what people open and follow", trouble}};
  }

  std::string trouble() const {
    if (std::string trouble = journal_->trouble(); !trouble.empty()) return trouble;
    if (const std::uint64_t lost = journal_->lost(); lost > 0) {
      return fmt::format("{} followed links could not be written down.", lost);
    }
    return applier_->trouble();
  }

 private:
  Workplace& workplace_;
  SendingService& service_;
  const feedback::ReturnedFigures& returned_;
  static net::ResolverOptions resolver_options(const Settings& settings) {
    net::ResolverOptions options;
    options.servers = settings.dns_servers;
    return options;
  }

  static feedback::TokenOptions token_options(const Settings& settings) {
    return {resolver_options(settings), settings.mx_private_networks, ""};
  }

  feedback::LinkTargets targets_{workplace_.database(), service_.token_keys()};
  feedback::ProviderIntake intake_{
      {.database = workplace_.database(),
       .ledger = service_.ledger(),
       .ids = workplace_.ids(),
       .secrets = workplace_.secrets(),
       .token_keys = service_.token_keys(),
       .clock = workplace_.clock(),
       .ask_sns = feedback::ask_sns_by(resolver_options(workplace_.settings()))}};
  feedback::MailboxPoller poller_{{.database = workplace_.database(),
                                   .ids = workplace_.ids(),
                                   .secrets = workplace_.secrets(),
                                   .clock = workplace_.clock(),
                                   .tokens = token_options(workplace_.settings())}};
  net::Router example_;  // what the readers of the example organisation ask
  std::unique_ptr<feedback::HitJournal> journal_;
  std::unique_ptr<feedback::HitApplier> applier_;
};

// The host that mail servers know this machine by.
std::string inbound_name(const Settings& settings, const std::string& public_url) {
  if (!settings.inbound_name.empty()) return settings.inbound_name;
  std::string host = domains::host_of_url(public_url);
  return host.empty() ? "localhost" : host;
}

// Mail that comes back: taken in where the settings say so, and read.
class Returns {
 public:
  Returns(Workplace& workplace, SendingService& service, feedback::ReturnedFigures& figures)
      : workplace_(workplace),
        service_(service),
        figures_(figures),
        reader_({.database = workplace.database(),
                 .ledger = service.ledger(),
                 .ids = workplace.ids(),
                 .keys = service.token_keys(),
                 .clock = workplace.clock(),
                 .forward =
                     [this](db::Connection& connection, const feedback::ReceivedReply& reply) {
                       return pass_on(connection, reply);
                     },
                 .figures = &figures}) {}

  Result<void> open() {
    const Settings& settings = workplace_.settings();
    if (!settings.inbound_listen.empty()) {
      if (settings.inbound_certificate.empty() != settings.inbound_key.empty()) {
        return fail(ErrorKind::invalid, "serve.inbound_key",
                    "inbound_certificate and inbound_key belong together: set both, or neither.");
      }
      inbound_ = std::make_unique<feedback::InboundMail>(
          workplace_.database(), workplace_.ids(), workplace_.clock(),
          feedback::InboundOptions{.listen = settings.inbound_listen,
                                   .host_name = inbound_name(settings, service_.public_url()),
                                   .certificate_file = settings.inbound_certificate,
                                   .key_file = settings.inbound_key,
                                   .figures = &figures_},
          [this] { reader_.wake(); });
      const std::string address = TRY(inbound_->start());
      fmt::print("Taking in returned mail on {}\n", address);
    }
    reader_.start();
    return {};
  }
  void close() {
    if (inbound_) inbound_->stop();
    reader_.stop();
  }
  std::string trouble() const { return reader_.trouble(); }

 private:
  // The runner sees what is queued by itself.
  Result<void> pass_on(db::Connection& connection, const feedback::ReceivedReply& reply) {
    const auto organisation = TRY(identity::find_organisation(connection, reply.organisation));
    const compose::TestContext context{
        .ids = workplace_.ids(),
        .organisation = organisation,
        .transport_id = TRY(compose::default_transport(connection, reply.organisation)),
        .sent_by = "returned mail",
        .now = workplace_.clock().now()};
    TRY(compose::send_reply_copy(connection, context,
                                 {.message = reply.message,
                                  .to = reply.forward_to,
                                  .from = reply.sender,
                                  .subject = reply.subject,
                                  .text = reply.text}));
    return {};
  }

  Workplace& workplace_;
  SendingService& service_;
  feedback::ReturnedFigures& figures_;
  feedback::ReturnedMailReader reader_;
  std::unique_ptr<feedback::InboundMail> inbound_;
};

// What a folder that is made for the example is called; another keeps its name.
constexpr std::string_view kUnnamed = "My organisation";
constexpr std::string_view kExampleName = "Quayside Choir";

Result<void> name_example(const WorkplaceOptions& options) {
  const auto workplace = TRY(Workplace::open(options));
  identity::Organisation organisation = workplace->organisation();
  if (organisation.name != kUnnamed) return {};
  organisation.name = kExampleName;
  return workplace->database().write(db::Priority::web, [&](db::Connection& connection) {
    return identity::change_organisation(connection, organisation);
  });
}

// Where it is there already it is served as it is.
int begin_example(const ServeFlags& flags) {
  const auto answer = call_api(flags.place, "POST", "/example");
  if (!answer && answer.error().code != "example.not_empty") return report(answer.error());
  fmt::print("{}\n",
             answer
                 ? "The example is being loaded; it takes some seconds. Open the address above:\n"
                   "the first visitor makes the account."
                 : "There are people here already: nothing is loaded.");
  std::fflush(stdout);
  return kDone;
}

int run_serve(const ServeFlags& flags, std::string_view web_app) {
  const InterruptWatch interrupt;
  WorkplaceOptions options = flags.place.writing(true);
  if (!flags.listen.empty()) options.flags["listen"] = flags.listen;
  if (flags.connections > 0) options.flags["connections"] = std::to_string(flags.connections);
  if (flags.is_demo) {
    const auto named = name_example(options);
    if (!named && named.error().code == "workplace.busy") return begin_example(flags);
    if (!named) return report(named.error());
  }
  auto workplace = Workplace::open(options);
  if (!workplace) return report(workplace.error());
  const Settings& settings = (*workplace)->settings();
  if (!is_loopback(settings.listen) && settings.public_url.empty()) {
    return report({ErrorKind::invalid, "serve.public_url",
                   fmt::format("Listening on {} lets others in, so links need a name they can use: "
                               "set public_url = \"https://…\" in {}/tidings.toml.",
                               settings.listen, (*workplace)->folder().string())});
  }
  auto service = SendingService::start(**workplace, flags.checks_answers);
  if (!service) return report(service.error());
  feedback::Unsubscriber unsubscriber((*workplace)->database(), (*service)->token_keys(),
                                      record_in(**service, (*workplace)->clock()),
                                      (*workplace)->ids(), (*workplace)->clock());
  net::Router router;
  http::PublicPagesContext pages;
  pages.database = &(*workplace)->database();
  pages.unsubscriber = &unsubscriber;
  pages.organisation_name = (*workplace)->organisation().name;
  pages.data_folder = flags.place.data.string();
  pages.public_url = (*service)->public_url();
  pages.check_journal = [raw = service->get()]() -> Result<void> {
    const auto activity = raw->dispatcher().activity();
    if (activity.is_blocked) {
      return fail(ErrorKind::unavailable, "serve.not_recording", activity.trouble);
    }
    return {};
  };
  const auto has_web_app = http::add_web_app_routes(router, web_app);
  if (!has_web_app) return report(has_web_app.error());
  pages.has_web_app = *has_web_app;
  http::add_public_routes(router, std::move(pages));
  http::add_content_routes(router, {&(*workplace)->database(), &(*workplace)->clock()});
  identity::PasswordHasher hasher;
  identity::SignIn sign_in((*workplace)->database(), (*workplace)->ids(), (*workplace)->clock(),
                           hasher);
  http::add_password_routes(router, {&(*workplace)->database(), &sign_in, &(*workplace)->clock(),
                                     (*service)->public_url()});
  feedback::ReturnedFigures returned;
  Readers readers(**workplace, **service, returned);
  if (const auto opened = readers.open(router); !opened) return report(opened.error());
  Returns returns(**workplace, **service, returned);
  if (const auto opened = returns.open(); !opened) return report(opened.error());
  const auto address = (*service)->serve(std::move(router), settings.listen);
  if (!address) return report(address.error());
  Alerts alerts({.database = &(*workplace)->database(),
                 .clock = &(*workplace)->clock(),
                 .folder = (*workplace)->folder(),
                 .also = [&readers] { return readers.occasions(); },
                 .send = [&](const AlertMail& mail) { return (*service)->send_alert(mail); },
                 .say = [](std::string_view what) { fmt::print(stderr, "tidings: {}\n", what); }});
  alerts.start();
  fmt::print("Serving {} on http://{}\n", (*workplace)->organisation().name, *address);
  std::fflush(stdout);
  if (flags.is_demo) begin_example(flags);
  std::string last_trouble;
  while (!interrupt.token().stop_requested()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    std::string trouble = (*service)->runner().progress().trouble;
    if (trouble.empty()) trouble = (*service)->dispatcher().activity().trouble;
    if (trouble.empty()) trouble = readers.trouble();
    if (trouble.empty()) trouble = returns.trouble();
    if (trouble != last_trouble && !trouble.empty()) fmt::print(stderr, "tidings: {}\n", trouble);
    last_trouble = trouble;
  }
  alerts.stop();
  returns.close();
  (*service)->stop();
  readers.close();
  return kDone;
}

}  // namespace

void add_demo_command(Parser& app, CommandLine& line) {
  auto flags = std::make_shared<ServeFlags>();
  flags->is_demo = true;
  auto* command = app.add_subcommand(
      "demo", "Load the example organisation into a folder, in the sandbox, and serve it");
  add_place(*command, flags->place);
  command->add_option("--listen", flags->listen, "ADDRESS:PORT (setting listen)");
  command->footer(
      "500 people with groups and relations, three send-outs and what became of them, one "
      "planned.\n"
      "Nothing leaves this machine.\n"
      "Example:\n"
      "  tidings demo --data ./demo");
  command->callback(
      [&line, flags] { line.run = [&line, flags] { return run_serve(*flags, line.web_app); }; });
}

void add_serve_command(Parser& app, CommandLine& line) {
  auto flags = std::make_shared<ServeFlags>();
  auto* command = app.add_subcommand("serve", "Serve the public pages and send what is open");
  add_place(*command, flags->place);
  command->add_option("--listen", flags->listen, "ADDRESS:PORT (setting listen)");
  command->add_option("--connections", flags->connections, "To each mail server at a time")
      .between(1, 1000);
  command->add_flag("--check-answers", flags->checks_answers, "For tests").hidden();
  command->footer(
      "Example:\n"
      "  tidings serve --data ./data --listen 127.0.0.1:8080");
  command->callback(
      [&line, flags] { line.run = [&line, flags] { return run_serve(*flags, line.web_app); }; });
}

}  // namespace tidings::cli
