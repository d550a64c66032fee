// Campaigns: one sending to an audience, and its life as stored. Which step may follow which is
// domain/campaign_life.h's to say; campaign_control.h takes the steps.
// Thread: any, one Connection each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audience/expand.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "compose/variants.h"
#include "db/connection.h"
#include "domain/campaign.h"

namespace tidings::compose {

// How a campaign came of another. Stored as a number: never renumber.
enum class Parentage : std::uint8_t {
  none = 0,
  use_again = 1,   // a copy of its content and audience
  resend = 2,      // to those it did not reach
  remainder = 3,   // the right text, to those who had not got the wrong one
  correction = 4,  // to those who had
};
std::string_view to_string(Parentage parentage);

// At most `messages` every `seconds` (P25). messages 0: no packages.
struct Packages {
  int messages = 0;
  int seconds = 0;

  friend bool operator==(const Packages&, const Packages&) = default;
};
inline constexpr int kPackageMessagesMax = 1'000'000;
inline constexpr int kPackageSecondsMax = 86'400;

// Where one copy of the campaign goes besides its audience, outside the counts (P13).
struct Copies {
  std::string to_me;             // an address; empty: none
  bool to_organisation = false;  // the address in the organisation's settings

  friend bool operator==(const Copies&, const Copies&) = default;
};

// How it is sent, as far as it is chosen per campaign.
struct SendOptions {
  double rate_per_second = 0;  // 0: no limit
  Packages packages;
  Copies copies;
  // Somebody with the permission said that an unverified sender will do (P6).
  bool sender_override = false;

  friend bool operator==(const SendOptions&, const SendOptions&) = default;
};

struct Campaign {
  OrganisationId organisation_id;
  CampaignId id;
  std::string name;
  MessageKind kind = MessageKind::campaign;
  Channel channel = Channel::email;
  CampaignState state = CampaignState::running;
  ContentVersionId content_version_id;  // not valid(): not frozen yet
  TransportId transport_id;             // not valid(): not chosen yet
  SenderId sender_id;
  audience::Audience audience;
  SendOptions options;
  ImportId import_id;  // expansion waits until it has finished
  std::string expansion_cursor;
  std::optional<Instant> expanded_at;
  std::optional<Instant> scheduled_at;
  // How the schedule was put; both empty while it only waits for second thoughts.
  std::string schedule_local;  // 2026-12-01T08:00:00
  std::string schedule_zone;   // IANA
  std::string reason;          // why it is held or paused
  CampaignId parent_id;
  Parentage parentage = Parentage::none;
  std::string created_by;
  std::string started_by;
  bool is_test = false;  // goes to the sandbox
  Instant created_at{};
  std::optional<Instant> started_at;
  std::optional<Instant> finished_at;
  Instant changed_at{};
};

Result<void> insert_campaign(db::Connection& connection, const Campaign& campaign,
                             const LocalisedDraft& draft, Instant now);
// One that began without a draft, at `now` unless it says when.
Result<void> insert_campaign(db::Connection& connection, Campaign campaign, Instant now);
// Error: campaign.not_found.
Result<Campaign> load_campaign(db::Connection& connection, OrganisationId organisation,
                               CampaignId id);
// Its content as it was written, in every language. It may be large: the rest is read without it.
Result<LocalisedDraft> load_campaign_draft(db::Connection& connection, OrganisationId organisation,
                                           CampaignId id);
// Name, audience and options of a draft, and its content, all of it, when given. Error:
// campaign.state (conflict) when it is none.
Result<void> store_draft(db::Connection& connection, const Campaign& campaign,
                         const LocalisedDraft* draft, Instant now);
// Everything of its life but the expansion, which is the runner's; `before` is the state that was
// read. Error: campaign.changed (conflict) when somebody else was faster.
Result<void> store_life(db::Connection& connection, const Campaign& campaign, CampaignState before,
                        Instant now);
// A draft that is not wanted. Error: campaign.state.
Result<void> remove_draft(db::Connection& connection, const Campaign& campaign, Instant now);

// Those with something left to do: running, paused, or cancelled with messages still on their way.
// Of every organisation, oldest first.
Result<std::vector<Campaign>> open_campaigns(db::Connection& connection);
// Scheduled ones whose instant is there, of every organisation.
Result<std::vector<Campaign>> due_campaigns(db::Connection& connection, Instant now);
// The next instant at which one is due; nothing when none is scheduled.
Result<std::optional<Instant>> next_due(db::Connection& connection);

struct CampaignFilter {
  std::optional<CampaignState> state;
  CampaignId before;  // those made before it: the next page
  CampaignId parent;
  std::string name;  // contained in the name, case-folded for ASCII
};
// Newest first, at most `limit`.
Result<std::vector<Campaign>> list_campaigns(db::Connection& connection,
                                             OrganisationId organisation,
                                             const CampaignFilter& filter, int limit);
Result<std::vector<Campaign>> list_campaigns(db::Connection& connection,
                                             OrganisationId organisation, int limit);
// Stops what is not sent yet; what is sent stays sent. False when it had ended already.
// Errors: campaign.not_found; campaign.state for a draft.
Result<bool> cancel_campaign(db::Connection& connection, OrganisationId organisation, CampaignId id,
                             Instant now);
// Moves the expansion on from `before`; conflict (campaign.expanded) when another node did, or the
// campaign is not in the state any more that it was read in.
Result<void> advance_expansion(db::Connection& connection, const Campaign& campaign,
                               const std::string& before, const std::string& after, bool is_last,
                               Instant now);
// It was aborted, or is, while the list it was begun with at the command line was being read in.
bool never_got_to_anybody(const Campaign& campaign);
Result<void> finish_campaign(db::Connection& connection, const Campaign& campaign,
                             CampaignState state, Instant now);

}  // namespace tidings::compose
