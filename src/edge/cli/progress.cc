#include "edge/cli/progress.h"

#include <algorithm>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "edge/cli/command.h"

namespace tidings::cli {

Result<CampaignView> view_campaign(db::Database& database, OrganisationId organisation,
                                   CampaignId id) {
  return database.read_value([&](db::Connection& connection) -> Result<CampaignView> {
    CampaignView view;
    view.campaign = TRY(compose::load_campaign(connection, organisation, id));
    view.figures = TRY(delivery::Ledger::figures(connection, organisation, id));
    return view;
  });
}

std::string progress_line(const CampaignView& view, double per_second, int width) {
  const delivery::CampaignFigures& figures = view.figures;
  const std::int64_t total = figures.total();
  const std::int64_t done = total - figures.pending() - figures.in_flight();
  const double share = total == 0 ? 0 : double(done) / double(total);
  std::string counters =
      fmt::format("{:3.0f} %  Pending {}  In flight {}  Completed {}  Failed {}  Skipped {}",
                  share * 100, figures.pending(), figures.in_flight(), figures.completed(),
                  figures.all_failed(), figures.all_skipped());
  if (per_second >= 1) counters += fmt::format("  {:.0f}/s", per_second);
  if (!view.is_expanded()) counters += "  (still adding people)";
  const int room = width - static_cast<int>(counters.size()) - 4;
  if (room < 10) return counters.substr(0, static_cast<std::size_t>(std::max(width - 1, 10)));
  const int cells = std::min(room, 30);
  const int filled = static_cast<int>(share * cells);
  std::string bar;
  for (int i = 0; i < cells; ++i) bar += i < filled ? "█" : "░";
  return bar + "  " + counters;
}

std::string summary(const CampaignView& view, Duration took) {
  const delivery::CampaignFigures& figures = view.figures;
  const double seconds = std::chrono::duration<double>(took).count();
  // Too short a time says nothing about speed.
  const auto rate = seconds >= 1 ? double(figures.sent) / seconds : 0;
  std::string text =
      fmt::format("Sent {} of {} in {:.1f} s", figures.sent, figures.total(), seconds);
  if (rate >= 1) text += fmt::format(" ({:.0f} per second)", rate);
  text += ".\n";
  const auto line = [&](std::int64_t count, std::string_view words) {
    if (count > 0) text += fmt::format("  {:>8}  {}\n", count, words);
  };
  line(figures.bounced, "bounced: the receiving server refused them for good");
  line(figures.failed, "failed for another reason");
  line(figures.uncertain, "uncertain: may have arrived; not repeated by themselves");
  line(figures.deferred, "deferred: tried again later");
  line(figures.held, "held: wait for a person");
  line(figures.queued + figures.sending, "not sent yet");
  line(figures.skipped_no_address, "skipped: no address");
  line(figures.skipped - figures.skipped_no_address, "skipped for another reason");
  line(figures.dropped, "dropped: on the suppression list");
  line(figures.cancelled, "cancelled");
  return text;
}

int exit_code_of(const CampaignView& view) {
  const delivery::CampaignFigures& figures = view.figures;
  const std::int64_t people = figures.total() - figures.all_skipped();
  if (!view.is_finished() || !figures.settled() || figures.uncertain > 0) return kRemains;
  if (figures.bounced + figures.failed > 0) return kSomeFailed;
  if (view.campaign.state != CampaignState::cancelled && people == 0) return kUsage;
  return kDone;
}

bool is_terminal(int descriptor) { return ::isatty(descriptor) == 1; }

}  // namespace tidings::cli
