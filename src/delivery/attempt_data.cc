#include "delivery/attempt_data.h"

#include <boost/json.hpp>

#include "base/json_text.h"
#include "domain/recipient_rule.h"

namespace tidings::delivery {

namespace json = boost::json;

std::string attempt_data(const Settlement& settlement) {
  const Outcome& outcome = settlement.outcome;
  unsigned char buffer[4096];
  json::monotonic_resource memory(buffer);
  json::object object(&memory);
  object["attempt"] = settlement.attempt;
  object["started_at"] = to_micros(outcome.started_at);
  if (outcome.kind == OutcomeKind::deferred) object["due_at"] = to_micros(settlement.due_at);
  if (outcome.scope != Scope::none) object["scope"] = to_string(outcome.scope);
  if (!outcome.reason.empty()) object["reason"] = outcome.reason;
  if (outcome.reply_code != 0) object["reply_code"] = outcome.reply_code;
  if (!outcome.enhanced_status_code.empty()) {
    object["enhanced_status_code"] = outcome.enhanced_status_code;
  }
  if (!outcome.reply_text.empty()) object["reply_text"] = outcome.reply_text;
  if (!outcome.remote.empty()) object["remote"] = outcome.remote;
  return json::serialize(object);
}

std::string reason_data(std::string_view reason) {
  json::object object;
  object["reason"] = reason;
  return json::serialize(object);
}

Result<AttemptFacts> read_attempt_data(std::string_view text) {
  const json::value value = parse_json(text);
  const json::object* object = value.if_object();
  if (object == nullptr) {
    return fail(ErrorKind::corrupt, "report.event_data",
                "An event's data is not what was written.");
  }
  const auto number = [&](std::string_view key) -> std::int64_t {
    const json::value* found = object->if_contains(key);
    return found != nullptr && found->is_int64() ? found->get_int64() : 0;
  };
  const auto string = [&](std::string_view key) -> std::string {
    const json::value* found = object->if_contains(key);
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : "";
  };
  AttemptFacts facts;
  facts.attempt = static_cast<int>(number("attempt"));
  facts.started_at = from_micros(number("started_at"));
  facts.due_at = from_micros(number("due_at"));
  facts.scope = string("scope");
  facts.reason = string("reason");
  facts.reply_code = static_cast<int>(number("reply_code"));
  facts.enhanced_status_code = string("enhanced_status_code");
  facts.reply_text = string("reply_text");
  facts.remote = string("remote");
  return facts;
}

std::string_view drop_reason(std::string_view suppression_reason) {
  return tidings::drop_reason(suppression_reason);
}

}  // namespace tidings::delivery
