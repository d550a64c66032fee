#include "edge/api/campaign_json.h"

#include <array>
#include <boost/json.hpp>
#include <string>

#include "audience/audience_json.h"
#include "domain/campaign_life.h"
#include "edge/api/call.h"
#include "edge/api/json_values.h"

namespace tidings::api {

namespace {

namespace json = boost::json;
using compose::Campaign;

// What a person can do with it now; the screen's buttons.
json::array actions_of(const Campaign& campaign) {
  using enum CampaignAction;
  json::array actions;
  if (campaign.finished_at) return actions;
  for (const CampaignAction action :
       {edit, start, schedule, stop, release, pause, resume, abort, remove}) {
    if (may(campaign.state, action, CampaignActor::person)) {
      actions.emplace_back(to_string(action));
    }
  }
  return actions;
}

json::value packages_json(const compose::Packages& packages) {
  if (packages.messages == 0) return nullptr;
  return json::object{{"messages", packages.messages}, {"seconds", packages.seconds}};
}

}  // namespace

json::object progress_json(const Campaign& campaign, const delivery::CampaignFigures& figures) {
  return {{"state", to_string(campaign.state)},
          {"total", figures.total()},
          {"pending", figures.pending()},
          {"in_flight", figures.in_flight()},
          {"completed", figures.completed()},
          {"failed", figures.all_failed()},
          {"skipped", figures.all_skipped()},
          {"no_address", figures.skipped_no_address},
          {"is_expanded", campaign.expanded_at.has_value()}};
}

json::object campaign_summary_json(const Campaign& campaign,
                                   const delivery::CampaignFigures& figures) {
  json::object object;
  object["id"] = to_text(campaign.id);
  object["name"] = campaign.name;
  object["channel"] = to_string(campaign.channel);
  object["state"] = to_string(campaign.state);
  const bool is_waiting = campaign.state == CampaignState::scheduled;
  object["starts_at"] = is_waiting ? instant_or_null(campaign.scheduled_at) : json::value(nullptr);
  object["schedule"] = nullptr;
  if (!campaign.schedule_zone.empty()) {
    object["schedule"] = {{"at", campaign.schedule_local}, {"time_zone", campaign.schedule_zone}};
  }
  object["reason"] = campaign.reason.empty() ? json::value(nullptr) : json::value(campaign.reason);
  object["parent"] = nullptr;
  if (campaign.parent_id.valid()) {
    object["parent"] = {{"id", to_text(campaign.parent_id)},
                        {"how", to_string(campaign.parentage)}};
  }
  object["is_test"] = campaign.is_test;
  object["created_by"] = campaign.created_by;
  object["created_at"] = instant_text(campaign.created_at);
  object["changed_at"] = instant_text(campaign.changed_at);
  object["started_by"] = campaign.started_by;
  object["started_at"] = instant_or_null(campaign.started_at);
  object["finished_at"] = instant_or_null(campaign.finished_at);
  object["progress"] = progress_json(campaign, figures);
  return object;
}

json::object campaign_json(const Campaign& campaign, const compose::LocalisedDraft& draft,
                           const delivery::CampaignFigures& figures) {
  json::object object = campaign_summary_json(campaign, figures);
  object["draft"] = compose::draft_json(draft.draft);
  object["variants"] = compose::variants_json(draft.variants);
  object["audience"] = audience::to_json(campaign.audience);
  object["rate_per_second"] = campaign.options.rate_per_second;
  object["packages"] = packages_json(campaign.options.packages);
  object["copy_to_me"] = campaign.options.copies.to_me;
  object["copy_to_organisation"] = campaign.options.copies.to_organisation;
  object["actions"] = actions_of(campaign);
  return object;
}

}  // namespace tidings::api
