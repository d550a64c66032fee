#include "edge/cli/schedule_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tidings::cli {
namespace {

using ::testing::HasSubstr;

compose::Campaign waiting() {
  compose::Campaign campaign;
  campaign.id = CampaignId{7};
  campaign.state = CampaignState::scheduled;
  campaign.scheduled_at = from_micros(1'796'112'000'000'000);  // 2026-12-01T08:00:00Z
  campaign.schedule_local = "2026-12-01T09:00:00";
  campaign.schedule_zone = "Europe/Amsterdam";
  return campaign;
}

TEST(ScheduleText, a_schedule_is_told_as_it_was_said_and_in_utc) {
  EXPECT_EQ(starts_text(waiting()), "2026-12-01 09:00 Europe/Amsterdam (2026-12-01 08:00 UTC)");
  auto second_thought = waiting();
  second_thought.schedule_local.clear();
  EXPECT_EQ(starts_text(second_thought), "2026-12-01 08:00 UTC");
  EXPECT_EQ(starts_text({}), "");
}

TEST(ScheduleText, what_has_not_begun_says_how_to_take_it_back) {
  EXPECT_THAT(waiting_text(waiting(), "data"),
              HasSubstr("tidings cancel 0000000000007 --data data"));
  auto held = waiting();
  held.state = CampaignState::held;
  held.reason = "late schedule";
  EXPECT_THAT(waiting_text(held, "data"), HasSubstr("is held: late schedule"));
  EXPECT_THAT(waiting_text(held, "data"), HasSubstr("tidings campaign release 0000000000007"));
  held.state = CampaignState::running;
  EXPECT_EQ(waiting_text(held, "data"), "");
}

}  // namespace
}  // namespace tidings::cli
