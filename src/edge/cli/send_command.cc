// tidings send: the whole job in one line: import people, write to each, show what happened.
#include <boost/json.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "base/json_text.h"
#include "compose/campaign_control.h"
#include "compose/preview_campaign.h"
#include "compose/start_campaign.h"
#include "delivery/smtp_probe.h"
#include "delivery/transports.h"
#include "edge/cli/command.h"
#include "edge/cli/follower.h"
#include "edge/cli/interrupt.h"
#include "edge/cli/local_work.h"
#include "edge/cli/progress.h"
#include "edge/cli/schedule_text.h"
#include "edge/cli/sending_service.h"
#include "edge/cli/workplace.h"
#include "wire/mx_url.h"
#include "wire/relay_url.h"
#include "wire/text_encoding.h"

namespace tidings::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kWaitingShown = 20;  // scheduled, and as many held
constexpr std::size_t kTemplateMax = std::size_t{4} << 20;
constexpr std::size_t kAttachmentMax = std::size_t{64} << 20;

struct SendFlags {
  WorkplaceOptions place;
  std::string csv, html, text, subject, from, reply_to, envelope_from, smtp, group;
  std::string password_file, wait = "0", rate, at, zone, fold;
  std::vector<std::string> attachments, mappings;
  int connections = 0;
  std::vector<std::string> utm;
  bool is_untracked = false;
  bool is_resume = false, is_dry_run = false, is_yes = false;
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

// A letter: UTF-8, or the person is told which file is not.
Result<std::string> read_letter(const std::string& path, std::string_view what) {
  std::string content = TRY(read_whole(path, what, kTemplateMax));
  if (wire::is_utf8(content)) return content;
  return fail(ErrorKind::invalid, "send.encoding",
              fmt::format("{} is not UTF-8. Save it as UTF-8 and try again.", path));
}

// `source=newsletter`.
Result<void> read_utm(const std::string& text, delivery::Utm& utm) {
  const auto mark = text.find('=');
  const std::string name = text.substr(0, mark);
  std::string* member = name == "source"     ? &utm.source
                        : name == "medium"   ? &utm.medium
                        : name == "campaign" ? &utm.campaign
                        : name == "content"  ? &utm.content
                                             : nullptr;
  if (member == nullptr || mark == std::string::npos || text.size() - mark - 1 > compose::kUtmMax ||
      !wire::is_utf8(text)) {
    return fail(ErrorKind::invalid, "send.utm",
                fmt::format("--utm {} is not a parameter. Say it like source=newsletter; there are "
                            "source, medium, campaign and content.",
                            text));
  }
  *member = text.substr(mark + 1);
  return {};
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
  if (!flags.html.empty()) request.html = TRY(read_letter(flags.html, "template"));
  if (!flags.text.empty()) request.text = TRY(read_letter(flags.text, "text"));
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
  request.at = flags.at;
  request.zone = flags.zone;
  request.fold = flags.fold;
  if (flags.is_untracked) request.tracking.opens = request.tracking.clicks = false;
  for (const std::string& each : flags.utm) TRY(read_utm(each, request.tracking.utm));
  return request;
}

// Wrong hosts, passwords and certificates show before anything is accepted.
Result<void> probe(const compose::SendRequest& request) {
  if (request.transport_url == delivery::kSandboxUrl) return {};
  if (wire::is_mx_url(request.transport_url)) {
    return delivery::check_transport_url(request.transport_url);
  }
  const auto relay = TRY(wire::parse_relay_url(request.transport_url));
  TRY(delivery::probe_relay(relay, request.password, "localhost"));
  return {};
}

bool ask(std::string_view question) {
  fmt::print("{} [y/N] ", question);
  std::fflush(stdout);
  std::string answer;
  return std::getline(std::cin, answer) && !answer.empty() &&
         (answer[0] == 'y' || answer[0] == 'Y' || answer[0] == 'j' || answer[0] == 't' ||
          answer[0] == 'o');
}

bool asks(const SendFlags& flags) {
  return !flags.is_yes && is_terminal(STDIN_FILENO) && is_terminal(STDOUT_FILENO);
}

void print_accepted(CampaignId id) {
  fmt::print("accepted {}\n", to_text(id));
  std::fflush(stdout);
}

WorkplaceOptions workplace_options(const SendFlags& flags, Access access) {
  WorkplaceOptions options =
      access == Access::write ? flags.place.writing(!flags.is_resume) : flags.place;
  if (flags.connections > 0) options.flags["connections"] = std::to_string(flags.connections);
  return options;
}

int resume(const SendFlags& flags, Duration wait, const InterruptWatch& interrupt);

// What was accepted for later: nothing is sent now.
int print_scheduled(Workplace& workplace, CampaignId id) {
  const auto campaign = workplace.database().read_value([&](db::Connection& connection) {
    return compose::load_campaign(connection, workplace.organisation().id, id);
  });
  if (!campaign) return report(campaign.error());
  fmt::print("{}\n", waiting_text(*campaign, workplace.folder().string()));
  return kDone;
}

// " on …" for what is sent later.
std::string when(const compose::ComposeContext& context, const compose::SendRequest& request) {
  if (request.at.empty()) return "";
  return fmt::format(" on {} {}", request.at, compose::zone_of(context, request));
}

// Another process works in this folder: it does the sending, this one watches.
int hand_over(const SendFlags& flags, const compose::SendRequest& request, Duration wait,
              const Error& busy, const InterruptWatch& interrupt) {
  const auto workplace = Workplace::open(workplace_options(flags, Access::read));
  if (!workplace) return report(workplace.error());
  if (const auto probed = probe(request); !probed) return report(probed.error());
  if (asks(flags) && !ask(fmt::format("Send \"{}\" from {} through the tidings that is running?",
                                      request.subject, request.from))) {
    fmt::print("Nothing was sent.\n");
    return kUsage;
  }
  const auto answer =
      ask_running((*workplace)->socket_path(), "/local/campaigns", compose::to_json(request), busy);
  if (!answer) return report(answer.error());
  const auto object = object_of(*answer);
  const auto id = object ? parse_id(text_of(*object, "id")) : std::nullopt;
  if (!id)
    return report({ErrorKind::internal, "send.refused", "The running tidings said nothing."});
  print_accepted(CampaignId{*id});
  if (!request.at.empty()) return print_scheduled(**workplace, CampaignId{*id});
  Follower follower(**workplace, nullptr, wait);
  const int code = follower.follow({{CampaignId{*id}}}, interrupt.token());
  // It ended with our campaign unsent: without another process this one does it.
  return follower.is_abandoned() ? resume(flags, wait, interrupt) : code;
}

void print_preview(const compose::CampaignPreview& preview, const std::string& when) {
  fmt::print("Would send {} message{}{}.\n", preview.would_send, preview.would_send == 1 ? "" : "s",
             when);
  const auto line = [](std::int64_t count, std::string_view words) {
    if (count > 0) fmt::print("  {:>8}  {}\n", count, words);
  };
  line(preview.no_address, "skipped: no address");
  line(preview.do_not_contact, "skipped: do not contact");
  line(preview.inactive, "skipped: inactive");
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
  print_preview(*preview, when(context, request));
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

  const auto columns = compose::read_columns(*request, (*workplace)->folder());
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
  if (asks(flags)) {
    const auto preview = compose::preview_campaign(checking, *request);
    if (!preview) return report(preview.error());
    if (!ask(fmt::format("Send \"{}\" from {} to {} people{}?", request->subject, request->from,
                         preview->would_send, when(checking, *request)))) {
      fmt::print("Nothing was sent.\n");
      return kUsage;
    }
  }
  if (plan->schedule) {
    const auto scheduled = compose::start_campaign(checking, *request);
    if (!scheduled) return report(scheduled.error());
    print_accepted(*scheduled);
    return print_scheduled(**workplace, *scheduled);
  }
  auto service = SendingService::start(**workplace);
  if (!service) return report(service.error());
  if (interrupt.token().stop_requested()) {
    fmt::print("Nothing was sent.\n");
    return kInterrupted;
  }
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

// What came due while nothing ran begins, or is held; the others still wait. Each is told of.
Result<void> begin_due(Workplace& at) {
  const delivery::Ledger ledger(at.ids(), at.node().id, at.node().number);
  const Instant now = at.clock().now();
  std::vector<compose::Campaign> waiting;
  TRY(at.database().write(db::Priority::web, [&](db::Connection& connection) -> Result<void> {
    waiting.clear();
    for (const auto& due : TRY(compose::due_campaigns(connection, now))) {
      TRY(compose::come_due(connection, ledger, at.ids(), due.organisation_id, due.id, now));
    }
    for (const CampaignState state : {CampaignState::scheduled, CampaignState::held}) {
      compose::CampaignFilter filter;
      filter.state = state;
      for (auto& each :
           TRY(compose::list_campaigns(connection, at.organisation().id, filter, kWaitingShown))) {
        waiting.push_back(std::move(each));
      }
    }
    return {};
  }));
  for (const auto& campaign : waiting) {
    fmt::print("{}\n", waiting_text(campaign, at.folder().string()));
  }
  return {};
}

int resume(const SendFlags& flags, Duration wait, const InterruptWatch& interrupt) {
  auto workplace = Workplace::open(workplace_options(flags, Access::write));
  if (!workplace) return report(workplace.error());
  if (const auto begun = begin_due(**workplace); !begun) return report(begun.error());
  auto service = SendingService::start(**workplace);
  if (!service) return report(service.error());
  const auto open = (*workplace)->database().read_value([](db::Connection& connection) {
    return compose::open_campaigns(connection);
  });
  if (!open) return report(open.error());
  Watched watched;
  for (const auto& campaign : *open) {
    if (campaign.state != CampaignState::paused) watched.campaigns.push_back(campaign.id);
  }
  if (watched.campaigns.empty()) {
    // What recovery found may have been the last of it.
    const auto latest = (*workplace)->database().read_value([&](db::Connection& connection) {
      return compose::list_campaigns(connection, (*workplace)->organisation().id, 1);
    });
    if (!latest) return report(latest.error());
    if (latest->empty() || !latest->front().started_at) {
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
  if (flags.at.empty() && !(flags.zone.empty() && flags.fold.empty())) {
    return report({ErrorKind::invalid, "send.at",
                   "--zone and --fold say which time --at means. Give --at too, like "
                   "\"2026-12-01 09:00\", or leave them out to send now."});
  }
  if (flags.is_resume && !flags.at.empty()) {
    return report({ErrorKind::invalid, "send.at",
                   "--resume goes on with what was begun, now. To send something new later, leave "
                   "--resume out."});
  }
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

void add_send_command(Parser& app, CommandLine& line) {
  auto flags = std::make_shared<SendFlags>();
  auto* command =
      app.add_subcommand("send", "Write to many: import, send to each, show what happened");
  add_place(*command, flags->place);
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
  command->add_option("--smtp", flags->smtp,
                      "smtp://user@host:port, smtps://…, mx: (directly to the recipients' servers) "
                      "or sandbox:");
  command->add_option("--password-file", flags->password_file, "The mail server's password");
  command->add_option("--connections", flags->connections, "To the mail server at a time")
      .between(1, 1000);
  command->add_option("--rate", flags->rate, "At most, like 50/s");
  command->add_option("--at", flags->at, "Later: local time, like \"2026-12-01 09:00\"");
  command->add_option("--zone", flags->zone, "Its time zone; the organisation's when left out");
  command->add_option("--fold", flags->fold, "Which of two, where the clocks go back")
      .one_of({"earlier", "later"});
  command->add_option("--wait", flags->wait, "How long to wait for deferred mail, like 30m")
      .show_default();
  command->add_flag("--no-track", flags->is_untracked,
                    "Count neither opens nor followed links (see tidings tracking)");
  command->add_option(
      "--utm", flags->utm,
      "source=…, medium=…, campaign=… or content=…, added to links; may be repeated");
  command->add_flag("--resume", flags->is_resume, "Go on with what was interrupted");
  command->add_flag("--dry-run", flags->is_dry_run, "Count, show the first message, send nothing");
  command->add_flag("--yes", flags->is_yes, "Do not ask");
  command->footer(
      "Examples:\n"
      "  tidings send --data ./data --csv members.csv --template news.html \\\n"
      "    --subject 'Hello {{ contact.first_name }}' --from 'Club <news@example.org>' \\\n"
      "    --smtp smtp://localhost:25\n"
      "  tidings send … --at \"2026-12-01 09:00\" --zone Europe/Amsterdam\n"
      "  tidings send --data ./data --resume --wait 30m\n"
      "Exit status: 0 all were sent, 1 some failed, 2 nothing was accepted or nobody to write to,\n"
      "3 deferred or uncertain remain, 130 interrupted.");
  command->callback([&line, flags] { line.run = [flags] { return run_send(*flags); }; });
}

}  // namespace tidings::cli
