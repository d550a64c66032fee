// What would happen: how many people a campaign would reach, and the first message as it would
// leave. Nothing is stored in the organisation's database.
// Thread: any; blocking.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "audience/import_apply.h"
#include "base/result.h"
#include "compose/send_request.h"
#include "compose/start_campaign.h"

namespace tidings::compose {

struct CampaignPreview {
  std::int64_t would_send = 0;
  std::int64_t no_address = 0;
  std::int64_t suppressed = 0;
  std::int64_t do_not_contact = 0;
  std::int64_t inactive = 0;
  std::optional<audience::ImportCounts> import;  // of the CSV, when there is one
  std::string first_address;                     // empty when nobody would get anything
  std::string first_message;                     // its octets
  std::vector<std::string> warnings;
};

Result<CampaignPreview> preview_campaign(const ComposeContext& context, const SendRequest& request);

}  // namespace tidings::compose
