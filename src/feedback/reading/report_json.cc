#include "feedback/reading/report_json.h"

#include <boost/json/object.hpp>

namespace tidings::feedback {

boost::json::object json_of(const ReportRecipient& recipient) {
  return {{"address", recipient.address},
          {"severity", to_string(recipient.severity)},
          {"reason", to_string(recipient.reason)},
          {"scope", to_string(recipient.scope)},
          {"status", recipient.status},
          {"reply_code", recipient.reply_code},
          {"diagnostic", recipient.diagnostic}};
}

}  // namespace tidings::feedback
