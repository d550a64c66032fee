#include "base/json_text.h"

#include <boost/json/parse.hpp>
#include <boost/system/error_code.hpp>
#include <utility>

namespace tidings {

boost::json::value parse_json(std::string_view text) {
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(text, error);
  return error ? boost::json::value() : value;
}

std::optional<boost::json::object> object_of(std::string_view text) {
  boost::json::value value = parse_json(text);
  if (!value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

std::string text_of(const boost::json::object& object, std::string_view name) {
  const boost::json::value* found = object.if_contains(name);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

}  // namespace tidings
