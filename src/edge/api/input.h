// The input of a call, read and checked against its operation. Part of dispatch. Thread: any.
#pragma once

#include <boost/json/value.hpp>
#include <variant>

#include "edge/api/call.h"
#include "edge/api/spec.h"
#include "net/http_message.h"

namespace tidings::api {

// The body as JSON (null without one, or when it is not JSON), or the problem to answer with.
std::variant<boost::json::value, Answer> read_input(const Operation& operation,
                                                    const net::Request& request);

}  // namespace tidings::api
