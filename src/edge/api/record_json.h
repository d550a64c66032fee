// Messages of the record and figures as JSON. Thread: any.
#pragma once

#include <boost/json/object.hpp>

#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "edge/api/call.h"
#include "report/communications.h"
#include "report/log_filter.h"

namespace tidings::api {

boost::json::object message_json(const report::LogEntry& entry);
// Communication of the specification.
boost::json::object communication_json(const report::LogEntry& entry);
boost::json::object communication_json(const report::ReceivedAnswer& answer);
// What was sent of it: MessageContent of the specification. Errors: message.not_sent (not_found)
// when nothing was handed over, body.* (corrupt).
Result<boost::json::object> content_json(const Call& call, const report::LogEntry& entry);
// Statistics of the specification. Error: campaign.not_found.
Result<boost::json::object> statistics_json(db::Connection& connection, OrganisationId organisation,
                                            CampaignId campaign);

}  // namespace tidings::api
