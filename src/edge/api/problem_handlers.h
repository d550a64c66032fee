// What needs a person (spec/api/problems.yaml).
#pragma once

#include "edge/api/call.h"

namespace tidings::api {

void add_problem_handlers(Registry& registry);

}  // namespace tidings::api
