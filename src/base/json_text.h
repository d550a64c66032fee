// JSON texts as values, without exceptions. Thread: any.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace tidings {

// The value that `text` is; null where it is no JSON (RFC 8259), or nests deeper than 32.
boost::json::value parse_json(std::string_view text);
// The object that `text` is, if it is one.
std::optional<boost::json::object> object_of(std::string_view text);

// The member `name`, or empty when there is none or it is no text.
std::string text_of(const boost::json::object& object, std::string_view name);

}  // namespace tidings
