// What the example organisation has, asked of the API in order.
// Thread: any.
#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <stop_token>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace tidings::example {

// One call of the API: `target` follows /api/v1. Errors: those of the API, with its codes.
using Ask = std::function<Result<boost::json::value>(
    std::string_view method, std::string_view target, const boost::json::value& body)>;

// Asks for a link or a picture of a message as its reader's program would: a path, and what the
// program calls itself.
using Visit = std::function<void(std::string_view path, std::string_view program)>;

inline constexpr int kSteps = 11;

struct Loading {
  Ask ask;
  Visit visit;
  Instant now{};
  std::stop_token stop;
  std::function<void(int step)> done;  // so many of kSteps
};

// Errors: example.real_server, example.not_empty (conflict), example.stopped (cancelled), those of
// the API.
Result<void> load_example(const Loading& loading);

// Those of them that are known before it begins.
Result<void> check_may_load(const Ask& ask);

}  // namespace tidings::example
