#include "edge/http/provider_routes.h"

#include <memory>
#include <utility>

#include "edge/api/authenticate.h"
#include "edge/api/call.h"

namespace tidings::http {

namespace {

using net::Request;
using net::Response;

struct Called {
  ProviderRoutesContext context;
  identity::RateLimiter limiter;
};

int status_of(const Error& error) {
  if (error.code == "provider.replayed") return 406;
  if (error.kind == ErrorKind::invalid) return 400;
  if (error.kind == ErrorKind::not_found) return 404;
  if (error.kind == ErrorKind::denied) return 403;
  return 503;
}

Response receive(Called& called, const Request& request) {
  const ProviderRoutesContext& context = called.context;
  const identity::RateDecision decision = called.limiter.take(
      api::client_address(request, context.public_url), kCallRate, context.clock->now());
  if (!decision.is_allowed) {
    Response refusal = Response::text(429, "Too many calls. Try again later.\n");
    for (const net::HttpHeader& header : identity::rate_headers(decision, kCallRate)) {
      refusal.set(header.name, header.value);
    }
    return refusal;
  }
  const auto tally = context.intake->receive(
      {.provider = request.param("provider"),
       .url_key = request.param("key"),
       .body = request.body,
       .authorization = request.header("Authorization"),
       .signature = request.header("X-Twilio-Email-Event-Webhook-Signature"),
       .timestamp = request.header("X-Twilio-Email-Event-Webhook-Timestamp")});
  if (tally) {
    Response response;
    response.status = 204;
    return response;
  }
  const int status = status_of(tally.error());
  // What is wrong on our side is nobody's business.
  return Response::text(status,
                        status == 503 ? "Try again later.\n" : tally.error().message + "\n");
}

}  // namespace

void add_provider_routes(net::Router& router, ProviderRoutesContext given) {
  const auto called = std::make_shared<Called>();
  called->context = std::move(given);
  router.add("POST", "/provider-events/{provider}/{key}",
             [called](const Request& request) { return receive(*called, request); },
             {.body_bytes = feedback::kProviderBodyMax, .is_body_required = true});
}

}  // namespace tidings::http
