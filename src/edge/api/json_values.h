// Members of JSON objects read and written the way every operation does it: what is absent is
// empty, what is empty is null. Thread: any.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json_text.h"
#include "base/result.h"

namespace tidings::api {

// The member `name` of a body, borrowed from it; empty when there is none or it is no text.
std::string_view text_in(const boost::json::value& body, std::string_view name);
std::string_view text_in(const boost::json::object& body, std::string_view name);
// Nothing is borrowed from what is about to go.
std::string_view text_in(boost::json::value&& body, std::string_view name) = delete;
std::string_view text_in(boost::json::object&& body, std::string_view name) = delete;
// The member `name` that is an id; 0 when it is absent or null. Error: api.not_found.
Result<std::int64_t> id_of(const boost::json::object& object, std::string_view name);

boost::json::value text_or_null(std::string_view text);
// Null for 0, which is no id.
boost::json::value id_or_null(std::int64_t id);
boost::json::value instant_or_null(const std::optional<Instant>& at);

}  // namespace tidings::api
