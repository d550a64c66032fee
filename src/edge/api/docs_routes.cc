#include "edge/api/docs_routes.h"

#include <string>

#include "base/bytes.h"
#include "edge/api/spec.h"

namespace tidings::api {

namespace {

// The viewer draws its icons from data: pictures; nothing else comes from anywhere but here.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

void add_file(net::Router& router, std::string_view path, std::string_view type,
              std::string_view content) {
  const std::string etag = "\"" + to_base64url(sha256(content).substr(0, 12)) + "\"";
  router.add("GET", path, [type = std::string(type), content, etag](const net::Request& request) {
    net::Response response;
    response.set("ETag", etag);
    response.set("Cache-Control", "no-cache");
    response.set("Content-Security-Policy", std::string(kPolicy));
    if (request.header("If-None-Match") == etag) {
      response.status = 304;
      return response;
    }
    response.set("Content-Type", type);
    response.body = content;
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
