#include "domain/campaign_life.h"

#include <array>
#include <optional>

#include <fmt/format.h>

namespace tidings {

namespace {

using enum CampaignState;
using enum CampaignAction;

constexpr std::uint32_t bit(CampaignState state) { return 1U << static_cast<unsigned>(state); }

struct Rule {
  CampaignAction action;
  CampaignActor actor;
  std::uint32_t from;               // states, one bit each
  std::optional<CampaignState> to;  // nothing: it stays as it is
};

// In the order of the actions. A cancelled campaign stays cancelled when its last message settles.
constexpr std::array<Rule, kCampaignActionCount> kRules = {{
    {edit, CampaignActor::person, bit(draft), std::nullopt},
    {start, CampaignActor::person, bit(draft), running},
    {schedule, CampaignActor::person, bit(draft), scheduled},
    {stop, CampaignActor::person, bit(scheduled) | bit(held), draft},
    {come_due, CampaignActor::program, bit(scheduled), running},
    {hold, CampaignActor::program, bit(draft) | bit(scheduled), held},
    {release, CampaignActor::person, bit(held), running},
    {pause, CampaignActor::person, bit(running), paused},
    {resume, CampaignActor::person, bit(paused), running},
    {abort, CampaignActor::person, bit(scheduled) | bit(held) | bit(running) | bit(paused),
     cancelled},
    {finish, CampaignActor::program, bit(running) | bit(paused), finished},
    {finish_with_errors, CampaignActor::program, bit(running) | bit(paused), finished_with_errors},
    {reopen, CampaignActor::person,
     bit(running) | bit(paused) | bit(finished) | bit(finished_with_errors), std::nullopt},
    {remove, CampaignActor::person, bit(draft), std::nullopt},
}};

struct Words {
  std::string_view verb;
  std::string_view participle;
};
constexpr std::array<Words, kCampaignActionCount> kWords = {{
    {"edit", "changed"},
    {"start", "started"},
    {"schedule", "scheduled"},
    {"stop", "made a draft again"},
    {"come due", "begun"},
    {"hold", "held"},
    {"release", "released"},
    {"pause", "paused"},
    {"resume", "resumed"},
    {"abort", "aborted"},
    {"finish", "finished"},
    {"finish with errors", "finished"},
    {"reopen", "opened again"},
    {"remove", "deleted"},
}};

// What a person can do instead.
std::string_view advice(CampaignState state, CampaignAction action) {
  if (action == edit || action == schedule || action == start || action == remove) {
    if (state == scheduled) return " Stop it first: then it is a draft again.";
    if (state == held) return " Release it, or stop it: then it is a draft again.";
    if (state == running) return " To change what is not sent yet, abort it and use it again.";
    if (state == paused) return " Resume it, or abort it and use it again.";
    if (state != draft) return " Use it again: that makes a new draft of it.";
  }
  if (action == stop && (state == running || state == paused)) return " Abort it instead.";
  return "";
}

}  // namespace

Result<CampaignState> campaign_after(CampaignState state, CampaignAction action,
                                     CampaignActor actor) {
  const Rule& rule = kRules[static_cast<std::size_t>(action)];
  const std::string_view done = kWords[static_cast<std::size_t>(action)].participle;
  if (rule.actor != actor) {
    return fail(ErrorKind::denied, "campaign.actor",
                fmt::format("A campaign is not {} by {}.", done,
                            actor == CampaignActor::person ? "a person" : "the program"));
  }
  if ((rule.from & bit(state)) == 0) {
    return fail(
        ErrorKind::conflict, "campaign.state",
        fmt::format("This campaign is {} and cannot be {}.{}",
                    state == draft ? "a draft" : to_string(state), done, advice(state, action)));
  }
  if (action == reopen && (state == finished || state == finished_with_errors)) return running;
  return rule.to.value_or(state);
}

bool may(CampaignState state, CampaignAction action, CampaignActor actor) {
  return campaign_after(state, action, actor).has_value();
}

std::string_view to_string(CampaignAction action) {
  return kWords[static_cast<std::size_t>(action)].verb;
}

}  // namespace tidings
