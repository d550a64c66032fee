// What tools/pack-web made of the web application, inside the program; empty where it was built
// without (cmake/web.cmake). Thread: any.
#pragma once

#include <string_view>

namespace tidings::app {

std::string_view web_bundle();

}  // namespace tidings::app
