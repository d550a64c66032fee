#include "edge/api/json_values.h"

#include <boost/json/parse.hpp>
#include <utility>

#include "base/id.h"
#include "base/json_text.h"
#include "edge/api/call.h"

namespace tidings::api {

namespace json = boost::json;

std::string_view text_in(const json::value& body, std::string_view name) {
  return body.is_object() ? text_in(body.get_object(), name) : std::string_view{};
}

std::string_view text_in(const json::object& body, std::string_view name) {
  const json::value* found = body.if_contains(name);
  return found != nullptr && found->is_string() ? std::string_view(found->get_string())
                                                : std::string_view{};
}

Result<std::int64_t> id_of(const json::object& object, std::string_view name) {
  const std::string text = text_of(object, name);
  if (text.empty()) return 0;
  if (const auto id = parse_id(text)) return *id;
  return fail(ErrorKind::not_found, "api.not_found", "There is no such thing here.");
}

json::value text_or_null(std::string_view text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::value id_or_null(std::int64_t id) {
  return id > 0 ? json::value(to_text(id)) : json::value(nullptr);
}

json::value instant_or_null(const std::optional<Instant>& at) {
  return at ? json::value(instant_text(*at)) : json::value(nullptr);
}

}  // namespace tidings::api
