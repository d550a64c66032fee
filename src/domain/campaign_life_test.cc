#include "domain/campaign_life.h"

#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace tidings {
namespace {

using enum CampaignState;
using A = CampaignAction;

constexpr int kStates = 8;

// The whole table, written a second time and by state: what leads where.
const std::map<CampaignState, std::map<A, CampaignState>> kExpected = {
    {draft,
     {{A::edit, draft},
      {A::start, running},
      {A::schedule, scheduled},
      {A::hold, held},
      {A::remove, draft}}},
    {scheduled, {{A::stop, draft}, {A::come_due, running}, {A::hold, held}, {A::abort, cancelled}}},
    {held, {{A::stop, draft}, {A::release, running}, {A::abort, cancelled}}},
    {running,
     {{A::pause, paused},
      {A::abort, cancelled},
      {A::finish, finished},
      {A::finish_with_errors, finished_with_errors},
      {A::reopen, running}}},
    {paused,
     {{A::resume, running},
      {A::abort, cancelled},
      {A::finish, finished},
      {A::finish_with_errors, finished_with_errors},
      {A::reopen, paused}}},
    {finished, {{A::reopen, running}}},
    {finished_with_errors, {{A::reopen, running}}},
    {cancelled, {}},
};
const std::set<A> kOfTheProgram = {A::come_due, A::hold, A::finish, A::finish_with_errors};

TEST(CampaignLifeTest, EveryActionInEveryStateLeadsWhereTheTableSaysOrIsRefused) {
  for (int s = 0; s < kStates; ++s) {
    const auto state = static_cast<CampaignState>(s);
    for (int a = 0; a < kCampaignActionCount; ++a) {
      const auto action = static_cast<A>(a);
      const auto actor =
          kOfTheProgram.contains(action) ? CampaignActor::program : CampaignActor::person;
      const auto after = campaign_after(state, action, actor);
      const auto& row = kExpected.at(state);
      const std::string what =
          std::string(to_string(state)) + " / " + std::string(to_string(action));
      if (const auto to = row.find(action); to != row.end()) {
        ASSERT_TRUE(after) << what << ": " << after.error().message;
        EXPECT_EQ(*after, to->second) << what;
        EXPECT_TRUE(may(state, action, actor));
      } else {
        ASSERT_FALSE(after) << what;
        EXPECT_EQ(after.error().kind, ErrorKind::conflict);
        EXPECT_EQ(after.error().code, "campaign.state");
        EXPECT_TRUE(after.error().message.ends_with('.')) << after.error().message;
        EXPECT_FALSE(may(state, action, actor));
      }
    }
  }
}

TEST(CampaignLifeTest, APersonCannotDoWhatIsTheProgramsNorTheOtherWayRound) {
  for (int s = 0; s < kStates; ++s) {
    for (int a = 0; a < kCampaignActionCount; ++a) {
      const auto action = static_cast<A>(a);
      const auto wrong =
          kOfTheProgram.contains(action) ? CampaignActor::person : CampaignActor::program;
      const auto after = campaign_after(static_cast<CampaignState>(s), action, wrong);
      ASSERT_FALSE(after);
      EXPECT_EQ(after.error().code, "campaign.actor");
    }
  }
}

TEST(CampaignLifeTest, ARefusalSaysWhatToDoInstead) {
  const auto message = [](CampaignState state, A action) {
    return campaign_after(state, action, CampaignActor::person).error().message;
  };
  EXPECT_EQ(message(scheduled, A::edit),
            "This campaign is scheduled and cannot be changed. Stop it first: then it is a draft "
            "again.");
  EXPECT_EQ(message(held, A::start),
            "This campaign is held and cannot be started. Release it, or stop it: then it is a "
            "draft again.");
  EXPECT_EQ(message(running, A::schedule),
            "This campaign is running and cannot be scheduled. To change what is not sent yet, "
            "abort it and use it again.");
  EXPECT_EQ(message(paused, A::remove),
            "This campaign is paused and cannot be deleted. Resume it, or abort it and use it "
            "again.");
  EXPECT_EQ(message(finished, A::edit),
            "This campaign is finished and cannot be changed. Use it again: that makes a new draft "
            "of it.");
  EXPECT_EQ(message(running, A::stop),
            "This campaign is running and cannot be made a draft again. Abort it instead.");
  EXPECT_EQ(message(draft, A::pause), "This campaign is a draft and cannot be paused.");
}

}  // namespace
}  // namespace tidings
