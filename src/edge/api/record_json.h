// A message of the record as JSON. Thread: any.
#pragma once

#include <boost/json/object.hpp>

#include "report/log_filter.h"

namespace tidings::api {

boost::json::object message_json(const report::LogEntry& entry);

}  // namespace tidings::api
