#include "edge/http/serve_routes.h"

#include <memory>
#include <optional>
#include <utility>

#include "edge/http/public_pages.h"
#include "edge/http/public_texts.h"
#include "wire/form_data.h"

namespace tidings::http {

namespace {

using feedback::Subscription;
using feedback::UnsubscribeOrigin;
using net::Request;
using net::Response;

constexpr db::Statement kPing{"edge.ping", "SELECT 1"};

Response page_for(const Request& request, SubscriptionPage page, const Result<Subscription>& got) {
  const std::string_view accepted = request.header("Accept-Language");
  if (!got) {
    const auto& texts = choose_texts({}, accepted);
    return got.error().code == "token.invalid" ? invalid_link_page(texts) : trouble_page(texts);
  }
  // The contact's own language; else the browser's; the organisation's when neither is known.
  const bool knows_reader = !got->contact_locale.empty() || !accepted.empty();
  const auto& texts = knows_reader ? choose_texts({got->contact_locale}, accepted)
                                   : choose_texts({got->organisation_locale}, {});
  return subscription_page(texts, page, *got);
}

Response show_subscription(feedback::Unsubscriber& unsubscriber, const Request& request) {
  const auto got = unsubscriber.look(request.param("token"));
  const bool is_done = got && got->is_unsubscribed;
  return page_for(request, is_done ? SubscriptionPage::done : SubscriptionPage::ask, got);
}

Response change_subscription(feedback::Unsubscriber& unsubscriber, const Request& request) {
  const auto fields = wire::parse_form(request.header("Content-Type"), request.body);
  if (!fields) return refusal_page(400, fields.error().message);
  const std::string_view token = request.param("token");
  if (wire::find_field(*fields, "List-Unsubscribe") == "One-Click") {
    return page_for(request, SubscriptionPage::done,
                    unsubscriber.unsubscribe(token, UnsubscribeOrigin::one_click));
  }
  const auto action = wire::find_field(*fields, "action");
  if (action == "unsubscribe") {
    return page_for(request, SubscriptionPage::done,
                    unsubscriber.unsubscribe(token, UnsubscribeOrigin::page));
  }
  if (action == "resubscribe") {
    return page_for(request, SubscriptionPage::undone, unsubscriber.resubscribe(token));
  }
  return refusal_page(400, "The form does not say what to do. Nothing was changed.");
}

// Asked for by name on this very machine, and not through a proxy: the person who started it.
bool is_operator(const Request& request) {
  if (!request.header("X-Forwarded-For").empty() || !request.header("Forwarded").empty()) {
    return false;
  }
  std::string_view host = request.header("Host");
  if (const auto colon = host.rfind(':'); colon != std::string_view::npos && !host.ends_with(']')) {
    host = host.substr(0, colon);
  }
  return (host == "localhost" || host == "127.0.0.1" || host == "[::1]") &&
         (request.peer.starts_with("127.") || request.peer.starts_with("[::1]"));
}

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
  router.add("GET", "/u/{token}", [context](const Request& request) {
    return show_subscription(*context->unsubscriber, request);
  });
  router.add("POST", "/u/{token}",
             [context](const Request& request) {
               return change_subscription(*context->unsubscriber, request);
             },
             {.body_bytes = 16 * 1024,
              .media_types = {"application/x-www-form-urlencoded", "multipart/form-data"},
              .is_body_required = true});
  router.add("GET", "/livez", [](const Request&) { return Response::text(200, "alive\n"); });
  router.add("GET", "/readyz", [context](const Request&) { return readiness(*context); });
  router.add("GET", "/", [context](const Request& request) {
    return home_page({.organisation_name = context->organisation_name,
                      .data_folder = is_operator(request) ? std::string_view(context->data_folder)
                                                          : std::string_view()});
  });
}

}  // namespace tidings::http
