// A recipient of a report as JSON, one shape for the command line, the record and the API:
// `address`, `severity`, `reason`, `scope`, `status`, `reply_code` (0: none), `diagnostic`.
#pragma once

#include <boost/json/fwd.hpp>

#include "feedback/reading/read_report.h"

namespace tidings::feedback {

boost::json::object json_of(const ReportRecipient& recipient);

}  // namespace tidings::feedback
