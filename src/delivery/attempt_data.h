// What an event keeps in its data column about an attempt, as JSON and back.
// Thread: pure, any.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "delivery/journal.h"

namespace tidings::delivery {

// {"attempt":1,"scope":…,"reason":…,"reply_code":…,…}; what is empty is left out.
std::string attempt_data(const Settlement& settlement);
std::string reason_data(std::string_view reason);

struct AttemptFacts {
  int attempt = 0;
  Instant started_at{};
  Instant due_at{};  // of the next attempt, when deferred
  std::string scope;
  std::string reason;
  int reply_code = 0;
  std::string enhanced_status_code;
  std::string reply_text;
  std::string remote;
};
// Unknown members are passed over, missing ones stay empty. Error: report.event_data (corrupt).
Result<AttemptFacts> read_attempt_data(std::string_view json);

// The words of P37 for a message dropped because its address is suppressed for this reason.
std::string_view drop_reason(std::string_view suppression_reason);

}  // namespace tidings::delivery
