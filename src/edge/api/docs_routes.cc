#include "edge/api/docs_routes.h"

#include <memory>
#include <string>

#include "edge/api/spec.h"
#include "net/static_content.h"

namespace tidings::api {

namespace {

// The viewer draws its icons from data: pictures; nothing else comes from anywhere but here.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

void add_file(net::Router& router, std::string_view path, std::string_view type,
              std::string_view content) {
  const auto file = std::make_shared<const net::StaticContent>(std::string(type), content);
  router.add("GET", path, [file](const net::Request& request) {
    net::Response response = file->answer(request);
    response.set("Content-Security-Policy", std::string(kPolicy));
    return response;
  });
}

}  // namespace

void add_docs_routes(net::Router& router) {
  add_file(router, "/api/docs", "text/html; charset=utf-8", docs_page());
  add_file(router, "/api/docs/start.js", "text/javascript; charset=utf-8", docs_start());
  add_file(router, "/api/docs/swagger-ui-bundle.js", "text/javascript; charset=utf-8",
           docs_script());
  add_file(router, "/api/docs/swagger-ui.css", "text/css; charset=utf-8", docs_style());
  add_file(router, "/api/openapi.json", "application/json", Spec::embedded().text());
}

}  // namespace tidings::api
