// The example organisation (spec/api/example.yaml).
#pragma once

#include "edge/api/call.h"

namespace tidings::example {
class ExampleLoader;
}

namespace tidings::api {

// `loader` is borrowed; null where nothing runs that could load.
void add_example_handlers(Registry& registry, example::ExampleLoader* loader);

}  // namespace tidings::api
