// tidings send: the whole job in one line: import people, write to each, show what happened.
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "compose/preview_campaign.h"
#include "compose/start_campaign.h"
#include "delivery/smtp_probe.h"
#include "delivery/transports.h"
#include "edge/cli/command.h"
#include "edge/cli/interrupt.h"
#include "edge/cli/progress.h"
#include "edge/cli/sending_service.h"
#include "edge/cli/workplace.h"
#include "net/local_client.h"
#include "wire/relay_url.h"

namespace tidings::cli {
namespace {

namespace fs = std::filesystem;

constexpr auto kLook = std::chrono::milliseconds(100);
// A campaign whose mail server cannot be reached is given this long before `send` ends.
constexpr Duration kSiteTroubleMax = std::chrono::seconds(60);
constexpr std::size_t kTemplateMax = std::size_t{4} << 20;
constexpr std::size_t kAttachmentMax = std::size_t{64} << 20;

struct SendFlags {
  std::string data = "./data";
  std::string database;
  std::string csv, html, text, subject, from, reply_to, envelope_from, smtp, group;
  std::string password_file, wait = "0", rate;
  std::vector<std::string> attachments, mappings;
  int connections = 0;
  bool is_resume = false, is_dry_run = false, is_yes = false;
};

// Opened for a command that already knows its campaigns, or for all that are open.
struct Watched {
  std::vector<CampaignId> campaigns;
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
};

Result<std::string> read_whole(const std::string& path, std::string_view what, std::size_t most) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    return fail(ErrorKind::not_found, "send.file",
                fmt::format("There is no {} {}. Check the name and the folder.", what, path));
  }
  if (fs::is_directory(path, error)) {
    return fail(ErrorKind::invalid, "send.file",
                fmt::format("{} is a folder; {} must be a file.", path, what));
  }
  std::ifstream in(path, std::ios::binary);
  std::string content((std::istreambuf_iterator<char>(in)), {});
  if (!in && !in.eof()) {
    return fail(ErrorKind::denied, "send.file",
                fmt::format("Cannot read {} {}. Check its permissions.", what, path));
  }
  if (content.size() > most) {
    return fail(ErrorKind::limit, "send.file",
                fmt::format("{} is {:.1f} MB; a {} may be {:.0f} MB at most.", path,
                            double(content.size()) / 1e6, what, double(most) / 1e6));
  }
  return content;
}

std::string trim_end(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

Result<double> read_rate(const std::string& text) {
  if (text.empty()) return 0;
  std::string number = text;
  if (number.ends_with("/s")) number.resize(number.size() - 2);
  char* end = nullptr;
  const double rate = std::strtod(number.c_str(), &end);
  if (end == number.c_str() || *end != '\0' || !(rate > 0) || rate > 1e6) {
    return fail(
        ErrorKind::invalid, "send.rate",
        fmt::format("--rate {} is not a rate. Say it as messages a second, like 50/s.", text));
  }
  return rate;
}

Result<compose::SendRequest> read_request(const SendFlags& flags) {
  compose::SendRequest request;
  if (!flags.csv.empty()) {
    std::error_code error;
    if (!fs::exists(flags.csv, error)) {
      return fail(ErrorKind::not_found, "send.file",
                  fmt::format("There is no file {}. Check the name and the folder.", flags.csv));
    }
    request.csv_path = fs::absolute(flags.csv, error).string();
    request.csv_name = fs::path(flags.csv).filename().string();
  }
  if (!flags.html.empty()) request.html = TRY(read_whole(flags.html, "template", kTemplateMax));
  if (!flags.text.empty()) request.text = TRY(read_whole(flags.text, "text", kTemplateMax));
  for (const std::string& path : flags.attachments) {
    request.attachments.push_back(
        {fs::path(path).filename().string(), TRY(read_whole(path, "attachment", kAttachmentMax))});
  }
  if (!flags.password_file.empty()) {
    request.password = trim_end(TRY(read_whole(flags.password_file, "password file", 4096)));
  }
  request.rate_per_second = TRY(read_rate(flags.rate));
  request.mappings = flags.mappings;
  request.group = flags.group;
  request.subject = flags.subject;
  request.from = flags.from;
  request.reply_to = flags.reply_to;
  request.envelope_from = flags.envelope_from;
  request.transport_url = flags.smtp;
  return request;
}

// Wrong hosts, passwords and certificates show before anything is accepted.
Result<void> probe(const compose::SendRequest& request) {
  if (request.transport_url == delivery::kSandboxUrl) return {};
  const auto relay = TRY(wire::parse_relay_url(request.transport_url));
  TRY(delivery::probe_relay(relay, request.password, "localhost"));
  return {};
}

Result<std::vector<audience::MappedColumn>> read_columns(const compose::SendRequest& request,
                                                         const fs::path& folder) {
  if (request.csv_path.empty()) return std::vector<audience::MappedColumn>();
  audience::FileOptions options;
  options.mappings = request.mappings;
  const fs::path copy = folder / fmt::format("header-{}.csv", ::getpid());
  const auto file = audience::copy_import_file(request.csv_path, copy, options);
  std::error_code error;
  fs::remove(copy, error);
  if (!file) return std::unexpected(file.error());
  return file->columns;
}

bool ask(std::string_view question) {
  fmt::print("{} [y/N] ", question);
  std::fflush(stdout);
  std::string answer;
  return std::getline(std::cin, answer) && !answer.empty() &&
         (answer[0] == 'y' || answer[0] == 'Y' || answer[0] == 'j' || answer[0] == 't' ||
          answer[0] == 'o');
}

void print_accepted(CampaignId id) {
  fmt::print("accepted {}\n", to_text(id));
  std::fflush(stdout);
}

int terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 100;
}

// Shows progress until everything is done that can be done now.
class Follower {
 public:
  Follower(Workplace& workplace, SendingService* service, Duration wait)
      : workplace_(workplace), service_(service), wait_(wait), shows_(is_terminal(STDERR_FILENO)) {}

  int follow(Watched watched, const std::stop_token& interrupted) {
    std::vector<CampaignView> views;
    for (;;) {
      auto looked = look(watched.campaigns);
      if (!looked) return report(looked.error(), kRemains);
      views = *std::move(looked);
      show(views);
      if (interrupted.stop_requested()) break;
      if (std::ranges::all_of(views, &CampaignView::is_finished) && !more_handed_over(watched)) {
        break;
      }
      if (gave_up_waiting(views)) break;
      std::this_thread::sleep_for(kLook);
    }
    if (shows_) fmt::print(stderr, "\r\033[K");
    last_trouble_ = trouble_now();  // stop() ends who could tell
    if (service_ != nullptr) service_->stop();
    return conclude(watched, interrupted.stop_requested());
  }

 private:
  Result<std::vector<CampaignView>> look(const std::vector<CampaignId>& campaigns) {
    std::vector<CampaignView> views;
    for (const CampaignId id : campaigns) {
      views.push_back(TRY(view_campaign(workplace_.database(), workplace_.organisation().id, id)));
    }
    return views;
  }

  // Campaigns that another command handed over are this process's to finish too.
  bool more_handed_over(Watched& watched) {
    if (service_ == nullptr || service_->handed_over() == handed_over_) return false;
    handed_over_ = service_->handed_over();
    const auto open = workplace_.database().read_value(
        [](db::Connection& connection) { return compose::open_campaigns(connection); });
    if (!open) return false;
    for (const auto& campaign : *open) watched.campaigns.push_back(campaign.id);
    return !open->empty();
  }

  void show(const std::vector<CampaignView>& views) {
    if (!shows_) return;
    const auto now = std::chrono::steady_clock::now();
    const CampaignView* shown = nullptr;
    for (const auto& view : views) {
      if (!view.is_finished()) shown = &view;
    }
    if (shown == nullptr) return;
    const std::int64_t done = shown->figures.sent;
    const double seconds = std::chrono::duration<double>(now - rate_since_).count();
    if (seconds >= 1) {
      rate_ = double(done - rate_from_) / seconds;
      rate_from_ = done;
      rate_since_ = now;
    }
    std::string line = progress_line(*shown, rate_, terminal_width());
    if (service_ != nullptr) {
      const auto progress = service_->runner().progress();
      if (progress.importing == shown->campaign.id && shown->figures.total() == 0) {
        line = fmt::format("Importing people: {:.0f} %", progress.import_progress * 100);
      }
      if (const auto trouble = trouble_now(); !trouble.empty()) {
        line = trouble.substr(0, static_cast<std::size_t>(terminal_width() - 1));
      }
    }
    fmt::print(stderr, "\r\033[K{}", line);
    std::fflush(stderr);
  }

  std::string trouble_now() const {
    if (service_ == nullptr) return "";
    const auto progress = service_->runner().progress();
    if (!progress.trouble.empty()) return progress.trouble;
    return service_->dispatcher().activity().trouble;
  }

  // Only deferred mail is left and the time to wait for it is over; or nothing has moved for long
  // because of trouble that is not over.
  bool gave_up_waiting(const std::vector<CampaignView>& views) {
    const auto now = std::chrono::steady_clock::now();
    bool only_deferred = true;
    std::int64_t settled = 0;
    for (const auto& view : views) {
      const auto& figures = view.figures;
      settled += figures.total() - figures.pending() - figures.in_flight();
      // What is settled altogether is about to be called finished: that is waited for.
      const bool may_move =
          !view.is_expanded() || figures.queued + figures.sending > 0 || figures.settled();
      if (!view.is_finished() && may_move) {
        only_deferred = false;
      }
    }
    if (settled != settled_ || trouble_now().empty()) {
      settled_ = settled;
      moved_at_ = now;
    }
    if (!only_deferred) {
      deferred_since_.reset();
      return now - moved_at_ > std::max(kSiteTroubleMax, wait_);
    }
    if (!deferred_since_) deferred_since_ = now;
    return now - *deferred_since_ >= wait_;
  }

  // What was wrong in the file, as a CSV beside it: line, field, value, result, reason.
  void print_import_findings(const compose::Campaign& campaign) {
    static constexpr db::Statement kCount{
        "send.count_findings",
        "SELECT COUNT(*) FROM import_error WHERE organisation_id = $1 AND import_id = $2"};
    if (!campaign.import_id.valid()) return;
    audience::ImportCounts counts;
    std::int64_t findings = 0;
    const fs::path path =
        workplace_.folder() / "imports" / (to_text(campaign.import_id) + ".report.csv");
    const auto wrote = workplace_.database().read([&](db::Connection& connection) -> Result<void> {
      counts = TRY(audience::load_import(connection, campaign.organisation_id, campaign.import_id))
                   .counts;
      TRY(connection.query(kCount, {campaign.organisation_id, campaign.import_id},
                           [&](const db::Row& row) { findings = row.integer(0); }));
      if (findings == 0) return {};
      std::ofstream out(path, std::ios::binary | std::ios::trunc);
      TRY(audience::write_import_report(connection, campaign.organisation_id, campaign.import_id,
                                        [&](std::string_view text) { out << text; }));
      out.close();
      if (!out) return fail_errno("send.report", "Cannot write " + path.string(), errno);
      return {};
    });
    if (!wrote) {
      fmt::print(stderr, "tidings: {}\n", wrote.error().message);
    } else if (findings > 0) {
      fmt::print(
          "The file had {} rows; {} left out, {} about somebody who was in it already.\n"
          "What to mend, line by line: {}\n",
          counts.rows, counts.bad, counts.duplicates, path.string());
    }
  }

  int conclude(const Watched& watched, bool is_interrupted) {
    const auto views = look(watched.campaigns);
    if (!views) return report(views.error(), kRemains);
    int code = kDone;
    const Duration took =
        std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - watched.started);
    for (const auto& view : *views) {
      if (watched.campaigns.size() > 1) fmt::print("{}: ", to_text(view.campaign.id));
      fmt::print("{}", summary(view, took));
      print_import_findings(view.campaign);
      const int one = exit_code_of(view);
      if (one == kUsage) {
        fmt::print(stderr, "tidings: There was nobody to write to.\n");
      } else if (!view.is_finished() && !view.figures.settled()) {
        if (!last_trouble_.empty()) {
          fmt::print(stderr, "tidings: {}\n", last_trouble_);
        }
        fmt::print(stderr,
                   "tidings: The rest is kept and goes on with: tidings send --data {} --resume\n",
                   workplace_.folder().string());
      }
      code = std::max(code, one == kUsage && code != kDone ? code : one);
    }
    std::fflush(stdout);
    const bool remains =
        std::ranges::any_of(*views, [](const CampaignView& view) { return !view.is_finished(); });
    return is_interrupted && remains ? kInterrupted : code;
  }

  Workplace& workplace_;
  SendingService* service_;
  const Duration wait_;
  const bool shows_;
  std::string last_trouble_;
  int handed_over_ = 0;
  double rate_ = 0;
  std::int64_t rate_from_ = 0;
  std::chrono::steady_clock::time_point rate_since_ = std::chrono::steady_clock::now();
  std::int64_t settled_ = -1;
  std::chrono::steady_clock::time_point moved_at_ = std::chrono::steady_clock::now();
  std::optional<std::chrono::steady_clock::time_point> deferred_since_;
};

WorkplaceOptions workplace_options(const SendFlags& flags, Access access) {
  WorkplaceOptions options;
  options.data = flags.data;
  options.access = access;
  options.create = access == Access::write && !flags.is_resume;
  if (!flags.database.empty()) options.database_url = flags.database;
  if (flags.connections > 0) options.flags["connections"] = std::to_string(flags.connections);
  return options;
}

// Another process works in this folder: it does the sending, this one watches.
int hand_over(const SendFlags& flags, const compose::SendRequest& request, Duration wait,
              const Error& busy, const InterruptWatch& interrupt) {
  const auto workplace = Workplace::open(workplace_options(flags, Access::read));
  if (!workplace) return report(workplace.error());
  const std::string body = compose::to_json(request);
  const auto answer =
      net::request_local((*workplace)->socket_path(), {.method = "POST",
                                                       .target = "/local/campaigns",
                                                       .body = body,
                                                       .timeout = std::chrono::minutes(5)});
  if (!answer) return report(answer.error().code == "local.absent" ? busy : answer.error());
  boost::system::error_code error;
  const auto json = boost::json::parse(answer->body, error);
  const auto text = [&](std::string_view key) {
    const auto* object = error ? nullptr : json.if_object();
    const auto* found = object ? object->if_contains(key) : nullptr;
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : "";
  };
  if (answer->status >= 300) {
    return report({ErrorKind::invalid, "send.refused",
                   text("detail").empty() ? "The running tidings refused it." : text("detail")});
  }
  const auto id = parse_id(text("id"));
  if (!id)
    return report({ErrorKind::internal, "send.refused", "The running tidings said nothing."});
  print_accepted(CampaignId{*id});
  return Follower(**workplace, nullptr, wait).follow({{CampaignId{*id}}}, interrupt.token());
}

void print_preview(const compose::CampaignPreview& preview) {
  fmt::print("Would send {} message{}.\n", preview.would_send, preview.would_send == 1 ? "" : "s");
  const auto line = [](std::int64_t count, std::string_view words) {
    if (count > 0) fmt::print("  {:>8}  {}\n", count, words);
  };
  line(preview.no_address, "skipped: no address");
  line(preview.do_not_contact, "skipped: do not contact");
  line(preview.suppressed, "dropped: on the suppression list");
  if (preview.import) {
    line(preview.import->duplicates, "rows about somebody who is in the file already");
    line(preview.import->bad, "rows with mistakes, left out");
  }
  if (!preview.first_address.empty()) {
    fmt::print("\nThe first message, to {}:\n\n", preview.first_address);
    std::fwrite(preview.first_message.data(), 1, preview.first_message.size(), stdout);
  }
}

int dry_run(Workplace& workplace, const compose::SendRequest& request) {
  const compose::ComposeContext context{workplace.database(),
                                        workplace.ids(),
                                        workplace.clock(),
                                        workplace.organisation(),
                                        workplace.secrets(),
                                        workplace.folder(),
                                        workplace.settings().attachment_bytes_max};
  const auto preview = compose::preview_campaign(context, request);
  if (!preview) return report(preview.error());
  for (const auto& warning : preview->warnings) fmt::print(stderr, "tidings: {}\n", warning);
  print_preview(*preview);
  return preview->would_send == 0 ? kUsage : kDone;
}

int send_new(const SendFlags& flags, Duration wait, const InterruptWatch& interrupt) {
  auto request = read_request(flags);
  if (!request) return report(request.error());
  auto workplace = Workplace::open(workplace_options(flags, Access::write));
  if (!workplace && workplace.error().code == "workplace.busy" && !flags.is_dry_run) {
    return hand_over(flags, *request, wait, workplace.error(), interrupt);
  }
  if (!workplace) return report(workplace.error());
  if (request->rate_per_second == 0) {
    request->rate_per_second = (*workplace)->settings().rate_per_second;
  }
  if (flags.is_dry_run) return dry_run(**workplace, *request);

  const auto columns = read_columns(*request, (*workplace)->folder());
  if (!columns) return report(columns.error());
  const compose::ComposeContext checking{(*workplace)->database(),
                                         (*workplace)->ids(),
                                         (*workplace)->clock(),
                                         (*workplace)->organisation(),
                                         (*workplace)->secrets(),
                                         (*workplace)->folder(),
                                         (*workplace)->settings().attachment_bytes_max};
  const auto plan = compose::plan_campaign(checking, *request, *columns);
  if (!plan) return report(plan.error());
  if (const auto probed = probe(*request); !probed) return report(probed.error());
  for (const auto& warning : plan->warnings) fmt::print(stderr, "tidings: {}\n", warning);
  if (!flags.is_yes && is_terminal(STDIN_FILENO) && is_terminal(STDOUT_FILENO)) {
    const auto preview = compose::preview_campaign(checking, *request);
    if (!preview) return report(preview.error());
    if (!ask(fmt::format("Send \"{}\" from {} to {} people?", request->subject, request->from,
                         preview->would_send))) {
      fmt::print("Nothing was sent.\n");
      return kUsage;
    }
  }
  auto service = SendingService::start(**workplace);
  if (!service) return report(service.error());
  const auto started = compose::start_campaign((*service)->compose_context(), *request);
  if (!started) return report(started.error());
  print_accepted(*started);
  if ((*workplace)->settings().public_url.empty()) {
    fmt::print(stderr,
               "tidings: Unsubscribe links point to {} and work on this machine only; set "
               "public_url in {}/tidings.toml.\n",
               (*service)->public_url(), (*workplace)->folder().string());
  }
  (*service)->runner().wake();
  return Follower(**workplace, service->get(), wait).follow({{*started}}, interrupt.token());
}

int resume(const SendFlags& flags, Duration wait, const InterruptWatch& interrupt) {
  auto workplace = Workplace::open(workplace_options(flags, Access::write));
  if (!workplace) return report(workplace.error());
  auto service = SendingService::start(**workplace);
  if (!service) return report(service.error());
  const auto open = (*workplace)->database().read_value([](db::Connection& connection) {
    return compose::open_campaigns(connection);
  });
  if (!open) return report(open.error());
  Watched watched;
  for (const auto& campaign : *open) watched.campaigns.push_back(campaign.id);
  if (watched.campaigns.empty()) {
    // What recovery found may have been the last of it.
    const auto latest = (*workplace)->database().read_value([&](db::Connection& connection) {
      return compose::list_campaigns(connection, (*workplace)->organisation().id, 1);
    });
    if (!latest) return report(latest.error());
    if (latest->empty()) {
      fmt::print("There is nothing to resume.\n");
      return kDone;
    }
    watched.campaigns.push_back(latest->front().id);
  }
  return Follower(**workplace, service->get(), wait).follow(std::move(watched), interrupt.token());
}

int run_send(const SendFlags& flags) {
  const auto wait = parse_duration(flags.wait);
  if (!wait || *wait < Duration(0)) {
    return report(
        {ErrorKind::invalid, "send.wait",
         fmt::format("--wait {} is not a duration. Say it like 90s, 30m or 2h.", flags.wait)});
  }
  const InterruptWatch interrupt;
  if (flags.is_resume) return resume(flags, *wait, interrupt);
  std::vector<std::string_view> missing;
  if (flags.html.empty() && flags.text.empty()) missing.push_back("--template FILE");
  if (flags.subject.empty()) missing.push_back("--subject TEXT");
  if (flags.from.empty()) missing.push_back("--from ADDRESS");
  if (flags.smtp.empty()) missing.push_back("--smtp URL");
  if (flags.csv.empty() && flags.group.empty()) missing.push_back("--csv FILE or --group NAME");
  if (!missing.empty()) {
    std::string list;
    for (const auto each : missing) list += (list.empty() ? "" : ", ") + std::string(each);
    return report({ErrorKind::invalid, "send.missing",
                   fmt::format("Missing: {}. See tidings send --help.", list)});
  }
  return send_new(flags, *wait, interrupt);
}

}  // namespace

void add_send_command(CLI::App& app, CommandLine& line) {
  auto flags = std::make_shared<SendFlags>();
  auto* command =
      app.add_subcommand("send", "Write to many: import, send to each, show what happened");
  command->add_option("--data", flags->data, "The data folder; made when missing")
      ->capture_default_str();
  command->add_option("--database", flags->database,
                      "postgres://… instead of a file in the folder");
  command->add_option("--csv", flags->csv, "The people, one a row");
  command->add_option("--map", flags->mappings, "column=field, where the header is not understood");
  command->add_option("--group", flags->group,
                      "The group to write to; with --csv, the group its people join");
  command->add_option("--template", flags->html, "The message in HTML with merge tags");
  command->add_option("--text", flags->text, "The message in plain text; derived when left out");
  command->add_option("--subject", flags->subject, "The subject, merge tags allowed");
  command->add_option("--from", flags->from, "Name <address>");
  command->add_option("--reply-to", flags->reply_to, "Where answers go");
  command->add_option("--envelope-from", flags->envelope_from, "Where bounces go");
  command->add_option("--attach", flags->attachments, "A file to attach; may be repeated");
  command->add_option("--smtp", flags->smtp, "smtp://user@host:port, smtps://… or sandbox:");
  command->add_option("--password-file", flags->password_file, "The mail server's password");
  command->add_option("--connections", flags->connections, "To the mail server at a time")
      ->check(CLI::Range(1, 1000));
  command->add_option("--rate", flags->rate, "At most, like 50/s");
  command->add_option("--wait", flags->wait, "How long to wait for deferred mail, like 30m")
      ->capture_default_str();
  command->add_flag("--resume", flags->is_resume, "Go on with what was interrupted");
  command->add_flag("--dry-run", flags->is_dry_run, "Count, show the first message, send nothing");
  command->add_flag("--yes", flags->is_yes, "Do not ask");
  command->footer(
      "Examples:\n"
      "  tidings send --data ./data --csv members.csv --template news.html \\\n"
      "    --subject 'Hello {{ contact.first_name }}' --from 'Club <news@example.org>' \\\n"
      "    --smtp smtp://localhost:25\n"
      "  tidings send --data ./data --resume --wait 30m\n"
      "Exit status: 0 all were sent, 1 some failed, 2 nothing was accepted or nobody to write to,\n"
      "3 deferred or uncertain remain, 130 interrupted.");
  command->callback([&line, flags] { line.run = [flags] { return run_send(*flags); }; });
}

}  // namespace tidings::cli
