// The API's documentation: /api/docs shows it, /api/openapi.json is it. For everybody: it says what
// the program can do, nothing of anybody's data. All of it is part of the program (web/api-docs).
// Thread: any.
#pragma once

#include <string_view>

#include "net/router.h"

namespace tidings::api {

void add_docs_routes(net::Router& router);

// The embedded files (cmake/api_docs.cmake).
std::string_view docs_page();
std::string_view docs_start();
std::string_view docs_script();
std::string_view docs_style();

}  // namespace tidings::api
