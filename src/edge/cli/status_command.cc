// tidings status: how far campaigns are.
#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "audience/import_contacts.h"
#include "compose/campaigns.h"
#include "delivery/ledger.h"
#include "edge/api/json_values.h"
#include "edge/cli/command.h"
#include "edge/cli/interrupt.h"
#include "edge/cli/schedule_text.h"
#include "edge/cli/terminal_text.h"
#include "edge/cli/workplace.h"
#include "report/campaign_report.h"

namespace tidings::cli {
namespace {

namespace json = boost::json;
using api::instant_or_null;
using delivery::CampaignFigures;

constexpr int kDefaultLimit = 20;
constexpr std::chrono::milliseconds kWatchPause{1000};
constexpr std::size_t kReasonsShown = 20;

struct StatusFlags {
  WorkplaceOptions place;
  std::string id;
  bool is_json = false;
  bool is_watch = false;
  int limit = kDefaultLimit;
};

// One campaign and all that is told about it.
struct CampaignStatus {
  compose::Campaign campaign;
  std::string subject;
  CampaignFigures figures;
  std::optional<audience::ImportJob> importing;  // while its file is not finished
  std::optional<Instant> next_attempt;
  std::vector<report::ReasonCount> reasons;  // only when asked for in detail
};

Result<CampaignStatus> read_status(db::Connection& connection, compose::Campaign campaign,
                                   bool in_detail) {
  CampaignStatus status;
  const OrganisationId organisation = campaign.organisation_id;
  status.subject =
      TRY(report::campaign_subject(connection, organisation, campaign.content_version_id));
  status.figures = TRY(delivery::Ledger::figures(connection, organisation, campaign.id));
  if (status.figures.deferred > 0) {
    status.next_attempt = TRY(report::next_attempt(connection, organisation, campaign.id));
  }
  if (campaign.import_id.valid() && !campaign.expanded_at) {
    auto job = TRY(audience::load_import(connection, organisation, campaign.import_id));
    if (job.state != audience::ImportState::finished) status.importing = std::move(job);
  }
  if (in_detail) status.reasons = TRY(report::reasons(connection, organisation, campaign.id));
  status.campaign = std::move(campaign);
  return status;
}

Result<std::vector<CampaignStatus>> read_all(Workplace& at, std::optional<CampaignId> id,
                                             int limit) {
  return at.database().read_value(
      [&](db::Connection& connection) -> Result<std::vector<CampaignStatus>> {
        const OrganisationId organisation = at.organisation().id;
        std::vector<compose::Campaign> campaigns;
        if (id) {
          campaigns.push_back(TRY(compose::load_campaign(connection, organisation, *id)));
        } else {
          campaigns = TRY(compose::list_campaigns(connection, organisation, limit));
        }
        std::vector<CampaignStatus> all;
        for (auto& campaign : campaigns) {
          all.push_back(TRY(read_status(connection, std::move(campaign), id.has_value())));
        }
        return all;
      });
}

// What it is doing, in a few words.
std::string phase(const CampaignStatus& status) {
  const compose::Campaign& campaign = status.campaign;
  if (campaign.state == CampaignState::cancelled && !campaign.finished_at) return "cancelling";
  if (campaign.state != CampaignState::running) return std::string(to_string(campaign.state));
  if (status.importing) {
    if (status.importing->state == audience::ImportState::failed) return "import failed";
    return fmt::format("importing {:.0f}%", status.importing->progress() * 100);
  }
  if (!campaign.expanded_at) return "preparing";
  // Its last message is settled; whoever looks at it next marks the campaign itself.
  if (status.figures.settled()) {
    return std::string(to_string(status.figures.all_failed() > 0
                                     ? CampaignState::finished_with_errors
                                     : CampaignState::finished));
  }
  const bool only_deferred =
      status.figures.queued + status.figures.sending == 0 && status.figures.deferred > 0;
  return only_deferred ? "waiting to retry" : "sending";
}

bool is_waiting(const compose::Campaign& campaign) {
  return campaign.state == CampaignState::scheduled || campaign.state == CampaignState::held;
}

json::value schedule_json(const compose::Campaign& campaign) {
  if (campaign.schedule_local.empty()) return nullptr;
  return json::object{{"at", campaign.schedule_local}, {"time_zone", campaign.schedule_zone}};
}

json::object to_json(const CampaignStatus& status, bool in_detail) {
  const CampaignFigures& figures = status.figures;
  const compose::Campaign& campaign = status.campaign;
  json::object object{
      {"id", to_text(campaign.id)},
      {"name", campaign.name},
      {"kind", to_string(campaign.kind)},
      {"channel", to_string(campaign.channel)},
      {"state", to_string(campaign.state)},
      {"phase", phase(status)},
      {"subject", status.subject},
      {"created_at", to_rfc3339(campaign.created_at)},
      {"starts_at", is_waiting(campaign) ? instant_or_null(campaign.scheduled_at) : json::value()},
      {"schedule", schedule_json(campaign)},
      {"expanded_at", instant_or_null(campaign.expanded_at)},
      {"finished_at", instant_or_null(campaign.finished_at)},
      {"next_attempt_at", instant_or_null(status.next_attempt)},
      {"total", figures.total()},
      {"pending", figures.pending()},
      {"in_flight", figures.in_flight()},
      {"completed", figures.completed()},
      {"failed", figures.all_failed()},
      {"skipped", figures.all_skipped()},
      {"unsubscribed", figures.unsubscribed}};
  object["detail"] = {{"queued", figures.queued},
                      {"deferred", figures.deferred},
                      {"held", figures.held},
                      {"bounced", figures.bounced},
                      {"failed", figures.failed},
                      {"uncertain", figures.uncertain},
                      {"no_address", figures.skipped_no_address},
                      {"skipped", figures.skipped},
                      {"dropped", figures.dropped},
                      {"cancelled", figures.cancelled}};
  if (status.importing) {
    object["import"] = {{"file", status.importing->file_name},
                        {"progress", status.importing->progress()},
                        {"rows", status.importing->counts.rows}};
  }
  if (!in_detail) return object;
  json::array reasons;
  for (const auto& each : status.reasons) {
    reasons.push_back({{"status", report::word_of(each.state)},
                       {"reason", each.reason},
                       {"count", each.count},
                       {"example", each.example}});
  }
  object["reasons"] = std::move(reasons);
  return object;
}

void print_list(const std::vector<CampaignStatus>& all, int limit) {
  if (all.empty()) {
    fmt::print("No campaign yet. Begin with: tidings send --help\n");
    return;
  }
  const std::size_t columns = terminal_width();
  const std::size_t subject = columns > 122 ? std::min<std::size_t>(columns - 92, 60) : 30;
  fmt::print("{}  {}  {}  {}  {}  {}  {}  {}\n", fitted("Id", 13), fitted("Begun", 21),
             fitted("State", 20), right_aligned("Sent", 19), right_aligned("Pending", 9),
             right_aligned("Failed", 8), right_aligned("Skipped", 8), "Subject");
  for (const CampaignStatus& each : all) {
    const CampaignFigures& figures = each.figures;
    const std::string sent =
        fmt::format("{} of {}", grouped(figures.completed()), grouped(figures.total()));
    fmt::print(
        "{}  {}  {}  {}  {}  {}  {}  {}\n", to_text(each.campaign.id),
        fitted(local_time(each.campaign.created_at), 21), fitted(phase(each), 20),
        right_aligned(sent, 19), right_aligned(grouped(figures.pending() + figures.in_flight()), 9),
        right_aligned(grouped(figures.all_failed()), 8),
        right_aligned(grouped(figures.all_skipped()), 8), fitted(harmless(each.subject), subject));
  }
  for (const CampaignStatus& each : all) {
    if (!is_waiting(each.campaign)) continue;
    fmt::print("{} starts {}{}\n", to_text(each.campaign.id), starts_text(each.campaign),
               each.campaign.state == CampaignState::held
                   ? fmt::format("; held: {}", harmless(each.campaign.reason))
                   : "");
  }
  if (std::ssize(all) == limit) fmt::print("There may be more: --limit {}\n", limit * 5);
}

// "no address 3, do not contact 1": what is not zero.
std::string parts(std::initializer_list<std::pair<std::string_view, std::int64_t>> each) {
  std::string text;
  for (const auto& [name, count] : each) {
    if (count != 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, grouped(count));
  }
  return text;
}

void print_counter(std::string_view name, std::int64_t count, std::string_view detail) {
  fmt::print("  {}  {}{}{}\n", fitted(name, 10), right_aligned(grouped(count), 11),
             detail.empty() ? "" : "   ", detail);
}

void print_bar(const CampaignFigures& figures) {
  constexpr std::int64_t width = 40;
  if (figures.total() == 0) return;
  const std::int64_t done = figures.total() - figures.pending() - figures.in_flight();
  const std::int64_t full = done * width / figures.total();
  fmt::print("  [{}{}] {}%\n", std::string(static_cast<std::size_t>(full), '#'),
             std::string(static_cast<std::size_t>(width - full), '.'),
             done * 100 / figures.total());
}

void print_detail(const CampaignStatus& status, const std::string& folder) {
  const CampaignFigures& figures = status.figures;
  const compose::Campaign& campaign = status.campaign;
  fmt::print("Campaign {}: {}\n", to_text(campaign.id), harmless(status.subject));
  fmt::print("  {}; {} {}{}\n", phase(status), campaign.started_at ? "begun" : "made",
             local_time(campaign.started_at.value_or(campaign.created_at)),
             campaign.finished_at ? ", ended " + local_time(*campaign.finished_at) : "");
  if (is_waiting(campaign)) fmt::print("{}\n", waiting_text(campaign, folder));
  if (status.importing) {
    fmt::print("  reading {}: {:.0f}%, {} rows\n", harmless(status.importing->file_name),
               status.importing->progress() * 100, grouped(status.importing->counts.rows));
  }
  print_bar(figures);
  print_counter(
      "Pending", figures.pending(),
      parts({{"queued", figures.queued}, {"deferred", figures.deferred}, {"held", figures.held}}));
  print_counter("In flight", figures.in_flight(), "");
  print_counter("Completed", figures.completed(), "");
  print_counter("Failed", figures.all_failed(),
                parts({{"bounced", figures.bounced},
                       {"failed", figures.failed},
                       {"uncertain", figures.uncertain}}));
  print_counter("Skipped", figures.all_skipped(),
                parts({{"no address", figures.skipped_no_address},
                       {"other reasons", figures.skipped - figures.skipped_no_address},
                       {"dropped", figures.dropped},
                       {"cancelled", figures.cancelled}}));
  print_counter("Total", figures.total(), campaign.expanded_at ? "" : "so far");
  if (figures.unsubscribed > 0) {
    fmt::print("  {} unsubscribed through it\n", grouped(figures.unsubscribed));
  }
  if (status.next_attempt) {
    fmt::print("  deferred messages are tried again from {}\n", local_time(*status.next_attempt));
  }
  if (status.reasons.empty()) return;
  fmt::print("What did not get through, and why:\n");
  std::size_t shown = 0;
  for (const auto& each : status.reasons) {
    if (shown++ == kReasonsShown) break;
    fmt::print("  {}  {}  {}  {}\n", right_aligned(grouped(each.count), 11),
               fitted(report::word_of(each.state), 10), fitted(harmless(each.reason), 28),
               each.example.empty() ? "" : "such as " + harmless(each.example));
  }
  fmt::print("Each of them: tidings log --campaign {}\n", to_text(campaign.id));
}

void print(const std::vector<CampaignStatus>& all, const StatusFlags& flags) {
  const bool in_detail = !flags.id.empty();
  if (flags.is_json) {
    for (const auto& each : all) {
      fmt::print("{}\n", json::serialize(to_json(each, in_detail)));
    }
  } else if (in_detail) {
    print_detail(all.front(), flags.place.data.string());
  } else {
    print_list(all, flags.limit);
  }
  std::fflush(stdout);
}

bool is_over(const std::vector<CampaignStatus>& all) {
  return std::ranges::all_of(all, [](const CampaignStatus& each) {
    return each.campaign.finished_at || (each.campaign.expanded_at && each.figures.settled());
  });
}

int show_status(const StatusFlags& flags) {
  std::optional<CampaignId> id;
  if (!flags.id.empty()) {
    const auto number = parse_id(flags.id);
    if (!number || *number <= 0) {
      return report({ErrorKind::invalid, "status.id",
                     fmt::format("“{}” is no id of a campaign: those have 13 letters and digits. "
                                 "List them with: tidings status --data {}",
                                 flags.id, flags.place.data.string())});
    }
    id = CampaignId{*number};
  }
  std::optional<InterruptWatch> interrupt;
  if (flags.is_watch) interrupt.emplace();
  const auto place = Workplace::open(flags.place);
  if (!place) return report(place.error());
  const bool is_redrawn = flags.is_watch && !flags.is_json && ::isatty(STDOUT_FILENO) == 1;
  for (;;) {
    const auto all = read_all(**place, id, flags.limit);
    if (!all) return report(all.error());
    if (is_redrawn) fmt::print("\033[H\033[2J");
    print(*all, flags);
    if (!flags.is_watch || is_over(*all)) return kDone;
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any woken;
    woken.wait_for(lock, interrupt->token(), kWatchPause, [] { return false; });
    if (interrupt->token().stop_requested()) return kDone;
  }
}

}  // namespace

void add_status_command(Parser& app, CommandLine& line) {
  auto flags = std::make_shared<StatusFlags>();
  auto* command = app.add_subcommand("status", "How far campaigns are");
  command->add_option("id", flags->id, "One campaign in detail; without it all, newest first");
  add_place(*command, flags->place);
  command->add_option("--limit", flags->limit, "Campaigns at most")
      .show_default()
      .between(1, 100'000);
  command->add_flag("--json", flags->is_json, "One JSON object per line and campaign");
  command->add_flag("--watch", flags->is_watch, "Look again every second until all have ended");
  command->footer(
      "Examples:\n"
      "  tidings status\n"
      "  tidings status 01jc7v2m9k3xa --watch");
  command->callback([&line, flags] { line.run = [flags] { return show_status(*flags); }; });
}

}  // namespace tidings::cli
