// Which of these addresses may not be written to: the check at expansion and before each attempt.
// Thread: any, one Connection each.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "domain/campaign.h"
#include "domain/recipient_rule.h"

namespace tidings::audience {

// The reasons of addresses that have a suppression which concerns() a message of this policy, by
// normalised address; one query whatever their number, and none when the organisation has no
// suppression at all. A suppressed domain covers its addresses ("domain").
Result<std::unordered_map<std::string, std::string>> find_suppressed(
    db::Connection& connection, OrganisationId organisation, Channel channel,
    const RecipientPolicy& policy, const std::vector<std::string_view>& normalised);

}  // namespace tidings::audience
