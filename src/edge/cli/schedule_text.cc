#include "edge/cli/schedule_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "domain/wall_time.h"

namespace tidings::cli {

namespace {

// As a person writes it: seconds where there are any.
std::string shown(std::string local) {
  if (local.ends_with(":00")) local.resize(local.size() - 3);
  std::ranges::replace(local, 'T', ' ');
  return local;
}

}  // namespace

std::string starts_text(const compose::Campaign& campaign) {
  if (!campaign.scheduled_at) return "";
  const std::string utc = shown(wall_time_text(*campaign.scheduled_at, "UTC")) + " UTC";
  if (campaign.schedule_local.empty() || campaign.schedule_zone == "UTC") return utc;
  return fmt::format("{} {} ({})", shown(campaign.schedule_local), campaign.schedule_zone, utc);
}

std::string waiting_text(const compose::Campaign& campaign, const std::string& folder) {
  const std::string id = to_text(campaign.id);
  if (campaign.state == CampaignState::scheduled) {
    return fmt::format(
        "Campaign {0} starts {1}. It is sent by the tidings serve that runs then; without one, by "
        "the first tidings serve or tidings send --resume after it, unless that is too late.\n"
        "Take it back with: tidings cancel {0} --data {2}",
        id, starts_text(campaign), folder);
  }
  if (campaign.state == CampaignState::held) {
    return fmt::format(
        "Campaign {0} was to start {1} and is held: {2}. Let it begin with: tidings campaign "
        "release {0} --data {3}\nor take it back with: tidings cancel {0} --data {3}",
        id, starts_text(campaign), campaign.reason, folder);
  }
  return "";
}

}  // namespace tidings::cli
