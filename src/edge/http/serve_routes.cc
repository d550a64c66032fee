#include "edge/http/serve_routes.h"

#include <memory>
#include <optional>
#include <utility>

#include "edge/http/peer.h"
#include "edge/http/public_pages.h"
#include "edge/http/subscription_routes.h"

namespace tidings::http {

namespace {

using net::Request;
using net::Response;

constexpr db::Statement kPing{"edge.ping", "SELECT 1"};

Response readiness(const PublicPagesContext& context) {
  const auto read = context.database->read([](db::Connection& connection) {
    return connection.query(kPing, {}, [](const db::Row&) {});
  });
  if (!read) return Response::text(503, "not ready: database\n");
  if (context.check_journal && !context.check_journal()) {
    return Response::text(503, "not ready: journal\n");
  }
  return Response::text(200, "ready\n");
}

}  // namespace

void add_public_routes(net::Router& router, PublicPagesContext given) {
  const auto context = std::make_shared<const PublicPagesContext>(std::move(given));
  add_subscription_routes(router, {.database = context->database,
                                   .unsubscriber = context->unsubscriber,
                                   .public_url = context->public_url});
  router.add("GET", "/livez", [](const Request&) { return Response::text(200, "alive\n"); });
  router.add("GET", "/readyz", [context](const Request&) { return readiness(*context); });
  if (context->has_web_app) return;
  router.add("GET", "/", [context](const Request& request) {
    return home_page({.organisation_name = context->organisation_name,
                      .data_folder = is_operator(request) ? std::string_view(context->data_folder)
                                                          : std::string_view()});
  });
}

}  // namespace tidings::http
