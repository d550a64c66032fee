// A message of the record as JSON. Thread: any.
#pragma once

#include <boost/json/object.hpp>

#include "base/result.h"
#include "edge/api/call.h"
#include "report/log_filter.h"

namespace tidings::api {

boost::json::object message_json(const report::LogEntry& entry);
// What was sent of it: MessageContent of the specification. Errors: message.not_sent (not_found)
// when nothing was handed over, body.* (corrupt).
Result<boost::json::object> content_json(const Call& call, const report::LogEntry& entry);

}  // namespace tidings::api
