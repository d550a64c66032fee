#include "edge/cli/follower.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "audience/import_contacts.h"
#include "compose/campaigns.h"
#include "edge/cli/command.h"

namespace tidings::cli {

namespace {

namespace fs = std::filesystem;

constexpr auto kLook = std::chrono::milliseconds(100);
// What cannot move because of trouble is given this long before `send` ends.
constexpr Duration kTroubleMax = std::chrono::seconds(60);
// A full disk is for a person: waiting longer would only be silence.
constexpr Duration kFullMax = std::chrono::seconds(15);
constexpr Duration kQuietMax = std::chrono::seconds(5);
// From due to claimed, with a little time to spare.
constexpr Duration kClaimMax = std::chrono::seconds(2);
constexpr auto kLookForSender = std::chrono::seconds(1);

int terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 100;
}

// The one of two exit codes that says more: something remains, something failed, nothing was done.
int graver(int a, int b) {
  constexpr std::array kByWeight = {kDone, kUsage, kSomeFailed, kRemains};
  const auto weight = [&](int code) { return std::ranges::find(kByWeight, code); };
  return weight(a) < weight(b) ? b : a;
}

}  // namespace

Follower::Follower(Workplace& workplace, SendingService* service, Duration wait)
    : workplace_(workplace), service_(service), wait_(wait), shows_(is_terminal(STDERR_FILENO)) {}

int Follower::follow(Watched watched, const std::stop_token& interrupted) {
  std::vector<CampaignView> views;
  while (!interrupted.stop_requested()) {
    // A database that is away for a moment (PostgreSQL restarts) ends nothing: what was seen last
    // is looked at again, and the trouble counts as such.
    auto looked = look(watched.campaigns);
    look_trouble_ = looked ? "" : looked.error().message;
    if (looked) views = *std::move(looked);
    show(views);
    if (is_over(views, watched)) break;
    std::this_thread::sleep_for(kLook);
  }
  if (shows_) fmt::print(stderr, "\r\033[K");
  if (is_abandoned_) return kRemains;
  const std::string trouble = trouble_now();
  if (service_ != nullptr) service_->stop();
  return conclude(watched, trouble, interrupted.stop_requested());
}

bool Follower::is_over(const std::vector<CampaignView>& views, Watched& watched) {
  const bool are_finished =
      look_trouble_.empty() && std::ranges::all_of(views, &CampaignView::is_finished);
  if (!are_finished && sender_is_gone()) return is_abandoned_ = true;
  return (are_finished || gave_up_waiting(views)) && !more_handed_over(watched);
}

Result<std::vector<CampaignView>> Follower::look(const std::vector<CampaignId>& campaigns) {
  std::vector<CampaignView> views;
  for (const CampaignId id : campaigns) {
    views.push_back(TRY(view_campaign(workplace_.database(), workplace_.organisation().id, id)));
  }
  return views;
}

// Campaigns that another command handed over are this process's to finish too.
bool Follower::more_handed_over(Watched& watched) {
  if (service_ == nullptr || service_->handed_over() == handed_over_) return false;
  const int count = service_->handed_over();
  const auto open = workplace_.database().read_value(
      [](db::Connection& connection) { return compose::open_campaigns(connection); });
  if (!open) return false;
  handed_over_ = count;
  bool is_new = false;
  for (const auto& campaign : *open) {
    if (campaign.state == CampaignState::paused) continue;
    if (std::ranges::find(watched.campaigns, campaign.id) != watched.campaigns.end()) continue;
    watched.campaigns.push_back(campaign.id);
    is_new = true;
  }
  return is_new;
}

bool Follower::sender_is_gone() {
  const auto now = std::chrono::steady_clock::now();
  if (service_ != nullptr || now - sender_seen_at_ < kLookForSender) return false;
  sender_seen_at_ = now;
  return !running_process(workplace_.folder());
}

void Follower::show(const std::vector<CampaignView>& views) {
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
    rate_ = std::max(0.0, double(done - rate_from_) / seconds);
    rate_from_ = done;
    rate_since_ = now;
  }
  const int width = terminal_width();
  std::string line = progress_line(*shown, rate_, width);
  if (service_ != nullptr) {
    const auto progress = service_->runner().progress();
    if (progress.importing == shown->campaign.id && shown->figures.total() == 0) {
      line = fmt::format("Importing people: {:.0f} %", progress.import_progress * 100);
    }
  }
  if (const auto trouble = trouble_now(); !trouble.empty()) {
    line = trouble.substr(0, std::min(trouble.find('\n'), static_cast<std::size_t>(width - 1)));
  }
  fmt::print(stderr, "\r\033[K{}", line);
  std::fflush(stderr);
}

std::string Follower::trouble_now() const {
  if (service_ != nullptr) {
    const auto progress = service_->runner().progress();
    if (!progress.trouble.empty()) return progress.trouble;
    if (auto trouble = service_->dispatcher().activity().trouble; !trouble.empty()) return trouble;
  }
  return look_trouble_;
}

bool Follower::storage_is_full() const {
  return service_ != nullptr &&
         (service_->runner().progress().is_full || service_->dispatcher().activity().is_blocked);
}

// What a slow site takes only later is put off without an attempt, and comes again in seconds.
bool Follower::waits_for_slow_site() const {
  return service_ != nullptr &&
         service_->dispatcher().activity().put_off_until + kClaimMax > workplace_.clock().now();
}

// Only deferred mail is left and the time to wait for it is over; or nothing has moved for long
// because of trouble that is not over.
bool Follower::gave_up_waiting(const std::vector<CampaignView>& views) {
  const auto now = std::chrono::steady_clock::now();
  bool only_deferred = look_trouble_.empty();
  std::int64_t settled = 0;
  for (const auto& view : views) {
    const auto& figures = view.figures;
    settled += figures.total() - figures.pending() - figures.in_flight();
    if (view.is_finished()) continue;
    // All is settled, or there is nobody: its end is recorded in a moment.
    const bool is_ending = view.is_expanded() && figures.settled();
    if (!view.is_expanded() || is_ending || figures.queued + figures.sending > 0) {
      only_deferred = false;
    }
  }
  if (waits_for_slow_site()) only_deferred = false;
  if (settled != settled_ || trouble_now().empty()) {
    settled_ = settled;
    moved_at_ = now;
  }
  if (!only_deferred) {
    deferred_since_.reset();
    const auto stuck = now - moved_at_;
    if (!shows_ && !is_told_ && stuck > kQuietMax) {
      is_told_ = true;
      fmt::print(stderr, "tidings: {}\n", trouble_now());
    }
    if (storage_is_full()) return stuck > kFullMax;
    return stuck > std::max(kTroubleMax, wait_);
  }
  if (!deferred_since_) deferred_since_ = now;
  return now - *deferred_since_ >= wait_;
}

// What was wrong in the file, as a CSV beside it: line, field, value, result, reason.
Result<void> Follower::write_report(const compose::Campaign& campaign, const fs::path& path) const {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  audience::ImportReport all(workplace_.database(), campaign.organisation_id, campaign.import_id);
  std::string piece;
  for (bool goes_on = true; goes_on;) {
    piece.clear();
    goes_on = TRY(all.next(piece));
    out << piece;
  }
  out.close();
  if (!out) return fail_errno("send.report", "Cannot write " + path.string(), errno);
  return {};
}

void Follower::print_import_findings(const compose::Campaign& campaign) {
  static constexpr db::Statement kCount{
      "send.count_findings",
      "SELECT COUNT(*) FROM import_error WHERE organisation_id = $1 AND import_id = $2"};
  if (!campaign.import_id.valid()) return;
  audience::ImportCounts counts;
  std::int64_t findings = 0;
  const fs::path path =
      workplace_.folder() / "imports" / (to_text(campaign.import_id) + ".report.csv");
  const auto told = workplace_.database().read([&](db::Connection& connection) -> Result<void> {
    counts =
        TRY(audience::load_import(connection, campaign.organisation_id, campaign.import_id)).counts;
    TRY(connection.query(kCount, {campaign.organisation_id, campaign.import_id},
                         [&](const db::Row& row) { findings = row.integer(0); }));
    return {};
  });
  auto wrote = told;
  if (wrote && findings > 0) wrote = write_report(campaign, path);
  if (!wrote) {
    fmt::print(stderr, "tidings: {}\n", wrote.error().message);
  } else if (findings > 0) {
    fmt::print(
        "The file had {} rows; {} left out, {} about somebody who was in it already.\n"
        "What to mend, line by line: {}\n",
        counts.rows, counts.bad, counts.duplicates, path.string());
  }
}

void Follower::print_remains(const std::string& trouble) const {
  if (!trouble.empty()) fmt::print(stderr, "tidings: {}\n", trouble);
  const std::string folder = workplace_.folder().string();
  if (service_ == nullptr && running_process(workplace_.folder())) {
    fmt::print(stderr,
               "tidings: The tidings that is running goes on with it. Watch it with: tidings "
               "status --data {}\n",
               folder);
    return;
  }
  fmt::print(stderr,
             "tidings: The rest is kept and goes on with: tidings send --data {} --resume\n",
             folder);
}

int Follower::conclude(const Watched& watched, const std::string& trouble, bool is_interrupted) {
  const auto views = look(watched.campaigns);
  if (!views) {
    print_remains(views.error().message);
    return is_interrupted ? kInterrupted : kRemains;
  }
  int code = kDone;
  bool remains = false;
  const Duration took =
      std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - watched.started);
  for (const auto& view : *views) {
    if (watched.campaigns.size() > 1) fmt::print("{}: ", to_text(view.campaign.id));
    fmt::print("{}", summary(view, took));
    print_import_findings(view.campaign);
    const int one = exit_code_of(view);
    if (one == kUsage) fmt::print(stderr, "tidings: There was nobody to write to.\n");
    remains |= !view.is_finished();
    code = graver(code, one);
  }
  std::fflush(stdout);
  if (remains) print_remains(trouble);
  return is_interrupted && remains ? kInterrupted : code;
}

}  // namespace tidings::cli
