// An organisation with running campaigns, as rows and no more: what tests of the queue need of
// them. Thread: any. Errors: those of db.
#pragma once

#include <initializer_list>

#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"

namespace tidings::delivery {

inline Result<void> make_campaigns(db::Connection& connection, OrganisationId organisation,
                                   std::initializer_list<CampaignId> campaigns) {
  TRY(connection.execute({"test.organisation",
                          "INSERT INTO organisation (id, name, locale, time_zone, postal_address,"
                          " settings, created_at) VALUES ($1, 'Test', 'en', 'UTC', '', '{}', 0)"},
                         {organisation}));
  for (const CampaignId campaign : campaigns) {
    TRY(connection.execute(
        {"test.campaign",
         "INSERT INTO campaign (organisation_id, id, name, kind, channel, state,"
         " content_version_id, transport_id, audience, options, created_at, changed_at)"
         " VALUES ($1, $2, 'Test', 0, 0, 2, 71, 1, '{}', '{}', 0, 0)"},
        {organisation, campaign}));
  }
  return {};
}

}  // namespace tidings::delivery
