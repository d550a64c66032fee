// The life of a campaign: which action is possible in which state, by whom, and where it leads.
//
// Pure: storage asks here before it changes a state, and screens ask here which buttons to show.
//
//   draft ─start/schedule→ scheduled ─come_due→ running ─finish→ finished (with errors)
//     ↑────────stop──────────┘  └─hold→ held ─release→ running     pause ⇄ resume
//   abort ends what is scheduled, held, running or paused; what was sent stays sent.
//
// A start that waits for second thoughts is `scheduled` too: only its instant is near.
// Thread: values.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "domain/campaign.h"

namespace tidings {

enum class CampaignAction : std::uint8_t {
  edit,                // draft, audience, name
  start,               // now, without waiting
  schedule,            // for an instant, second thoughts included
  stop,                // takes the schedule back
  come_due,            // the instant is there
  hold,                // the instant is there, but a person must look
  release,             // a person has looked
  pause,               // no further message leaves
  resume,              // they do again
  abort,               // what is not sent is cancelled
  finish,              // everything settled
  finish_with_errors,  // everything settled, some not sent
  reopen,              // a message that was settled is sent again
  remove,              // a draft that is not wanted
};
inline constexpr int kCampaignActionCount = 14;

enum class CampaignActor : std::uint8_t { person, program };

// The state afterwards. Errors: campaign.state (conflict), with a sentence that says what the
// campaign is and why that does not go together; campaign.actor (denied) when only the program, or
// only a person, may do it.
Result<CampaignState> campaign_after(CampaignState state, CampaignAction action,
                                     CampaignActor actor);
bool may(CampaignState state, CampaignAction action, CampaignActor actor);

// "start", "pause" …: as in the API.
std::string_view to_string(CampaignAction action);

// Why a campaign is held. Stored by word.
inline constexpr std::string_view kHeldLate = "late schedule";
inline constexpr std::string_view kHeldUnverified = "unverified sender";
inline constexpr std::string_view kHeldTooMany = "too many recipients";
inline constexpr std::string_view kHeldContent = "content";

}  // namespace tidings
