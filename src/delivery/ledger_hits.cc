// What the ledger does with links that were followed and pictures that were loaded.
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "delivery/hit_data.h"
#include "delivery/hit_tally.h"
#include "delivery/ledger.h"
#include "delivery/ledger_rows.h"
#include "delivery/link_store.h"
#include "delivery/network_of.h"
#include "identity/organisation_settings.h"

namespace tidings::delivery {

namespace {

using db::Connection;
using identity::OrganisationSettings;
using identity::TrackingMode;

// It is not tried again.
constexpr db::Statement kArrived{
    "hits.arrived",
    "UPDATE message SET state = 3, is_ambiguous = 0, lease_id = NULL, changed_at = $1"
    " WHERE organisation_id = $2 AND id = $3 AND state = $4 AND is_ambiguous = 1"};

// What one transaction has looked up.
class Look {
 public:
  explicit Look(Connection& connection) : connection_(connection) {}

  // Null where nothing is followed, and for an organisation that is not there.
  Result<const OrganisationSettings*> settings(OrganisationId id) {
    const auto [at, is_new] = settings_.try_emplace(id);
    if (is_new) {
      auto found = identity::organisation_settings(connection_, id);
      if (!found && found.error().kind != ErrorKind::not_found) {
        return std::unexpected(found.error());
      }
      if (found && found->tracking != TrackingMode::off) at->second = *std::move(found);
    }
    return at->second ? &*at->second : nullptr;
  }

  // Where the links of a content version lead, by number; 0, the picture, leads nowhere.
  Result<const std::map<int, std::string>*> targets(OrganisationId organisation,
                                                    ContentVersionId content) {
    const auto [at, is_new] = targets_.try_emplace({organisation, content});
    if (is_new) {
      at->second[0];
      for (LinkTarget& each : TRY(load_link_targets(connection_, organisation, content))) {
        at->second[each.number] = std::move(each.target);
      }
    }
    return &at->second;
  }

  // The same few call again and again.
  struct Agent {
    HitReason reason = HitReason::none;
    ReadingProgram program;
  };
  const Agent& agent(const std::string& user_agent) {
    const auto [at, is_new] = agents_.try_emplace(user_agent);
    if (is_new) at->second = {judge_user_agent(user_agent), reading_program(user_agent)};
    return at->second;
  }

 private:
  Connection& connection_;
  std::map<OrganisationId, std::optional<OrganisationSettings>> settings_;
  std::map<std::pair<OrganisationId, ContentVersionId>, std::map<int, std::string>> targets_;
  std::unordered_map<std::string, Agent> agents_;
};

}  // namespace

Result<void> Ledger::record_hits(Connection& connection, std::span<const Hit> hits,
                                 Instant now) const {
  Look look(connection);
  std::set<HitTally::MessageKey> wanted;
  for (const Hit& hit : hits) {
    if (!hit.is_total && TRY(look.settings(hit.organisation_id)) != nullptr) {
      wanted.insert({hit.organisation_id, hit.message_id});
    }
  }
  HitTally tally = TRY(HitTally::load(connection, wanted));
  EventRows events(now);
  for (const Hit& hit : hits) {
    const OrganisationSettings* settings = TRY(look.settings(hit.organisation_id));
    if (settings == nullptr) continue;
    HitMessage* message = nullptr;
    if (!hit.is_total) {
      message = tally.find(hit.organisation_id, hit.message_id);
      if (message == nullptr) continue;
    }
    const ContentVersionId content =
        message == nullptr ? ContentVersionId{hit.message_id.value} : message->content;
    const auto* targets = TRY(look.targets(hit.organisation_id, content));
    const auto target = targets->find(hit.number);
    if (target == targets->end()) continue;
    if (message == nullptr) {
      tally.add_to_content({hit.organisation_id, content}, hit.number, hit.is_machine);
      continue;
    }
    const Look::Agent& agent = look.agent(hit.user_agent);
    const Asked asked{hit.number == 0, hit.is_head, hit.user_agent, hit.address};
    AskedWhen when{.links_at_once = hit.links_at_once,
                   .links = static_cast<int>(targets->size()) - 1};
    if (const auto sent_at = message->engagement.sent_at) {
      when.after_sending = hit.occurred_at - *sent_at;
    }
    const HitReason reason = judge(agent.reason, asked, when);
    const bool is_machine = reason != HitReason::none;
    if (settings->tracking != TrackingMode::individual) {
      tally.add_to_content({hit.organisation_id, content}, hit.number, is_machine);
      continue;
    }
    const bool is_told = message->engagement.hits() < kHitsPerMessageMax;
    const bool is_first = tally.add(hit.organisation_id, *message,
                                    {hit.number, hit.occurred_at, is_machine, agent.program});
    if (is_told) {
      events.add(hit.organisation_id, hit.message_id, ids_.next(),
                 hit.number == 0 ? EventType::image_loaded : EventType::link_followed,
                 hit.occurred_at, "request",
                 hit_data({.link = hit.number,
                           .url = target->second,
                           .address = kept_address(hit.address, settings->tracked_address),
                           .user_agent = hit.user_agent,
                           .reason = reason}));
    }
    if (is_first) {
      events.add(hit.organisation_id, hit.message_id, ids_.next(),
                 hit.number == 0 ? EventType::opened : EventType::clicked, hit.occurred_at,
                 "request", "{}");
    }
  }
  TRY(events.store(connection));
  std::map<Key, CampaignFigures> changes;
  for (const HitTally::Arrived& each : tally.arrived()) {
    const auto changed =
        TRY(connection.execute(kArrived, {now, each.organisation, each.id, int(each.state)}));
    if (changed == 0) continue;
    CampaignFigures& figures = changes[{each.organisation, each.campaign}];
    count(figures, each.state, -1);
    count(figures, MessageState::sent, 1);
  }
  TRY(add(connection, changes));
  return tally.store(connection, node_number_, now);
}

}  // namespace tidings::delivery
