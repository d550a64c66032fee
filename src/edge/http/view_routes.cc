#include "edge/http/view_routes.h"

#include <memory>
#include <string>
#include <utility>

#include "delivery/content_store.h"
#include "edge/http/html_text.h"
#include "edge/http/public_pages.h"
#include "edge/http/public_texts.h"
#include "report/readable_email.h"
#include "report/timeline.h"
#include "report/tracked_html.h"

namespace tidings::http {

namespace {

using net::Request;
using net::Response;

constexpr db::Statement kMessage{
    "view.message",
    "SELECT content_version_id FROM message WHERE organisation_id = $1 AND id = $2"
    " AND deleted_at IS NULL"};

constexpr std::string_view kPolicy =
    "default-src 'none'; img-src https: http: data:; style-src 'unsafe-inline' https: http:;"
    " font-src https: http: data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none';"
    " sandbox allow-popups allow-popups-to-escape-sandbox";

Result<std::string> sent_octets(const ViewRoutesContext& context, std::string_view text) {
  const auto token = TRY(context.token_keys->verify_url(text, wire::TokenPurpose::view));
  std::string record;
  std::shared_ptr<const delivery::FrozenContent> content;
  TRY(context.database->read([&](db::Connection& connection) -> Result<void> {
    const auto id =
        TRY(connection.query_first(kMessage, {token.organisation_id, token.message_id},
                                   [](const db::Row& row) { return row.id<ContentVersionId>(0); }));
    if (!id) return {};
    record = TRY(report::body_record(connection, token.organisation_id, token.message_id));
    if (record.empty()) return {};
    content = TRY(delivery::load_content(connection, token.organisation_id, *id));
    return {};
  }));
  if (record.empty()) {
    return fail(ErrorKind::not_found, "view.gone", "This message is not kept any more.");
  }
  return delivery::BodyRecords().octets(record, *content);
}

Response view(const ViewRoutesContext& context, const Request& request) {
  const auto octets = sent_octets(context, request.param("token"));
  if (!octets) {
    const auto& texts = choose_texts({}, request.header("Accept-Language"));
    return octets.error().kind == ErrorKind::not_found ? invalid_reading_link_page(texts)
                                                       : trouble_page(texts);
  }
  const report::ReadableEmail email = report::read_email(*octets);
  Response response = Response::html(
      200, !email.html.empty()
               ? report::without_tracked_image(email.html)
               : "<!doctype html><meta charset=\"utf-8\"><pre style=\"white-space:pre-wrap\">" +
                     escape_html(email.plain) + "</pre>");
  response.set("Content-Security-Policy", std::string(kPolicy));
  response.set("Cache-Control", "private, no-store");
  response.set("X-Robots-Tag", "noindex, nofollow");
  return response;
}

}  // namespace

void add_view_routes(net::Router& router, ViewRoutesContext context) {
  router.add("GET", "/v/{token}",
             [context](const Request& request) { return view(context, request); });
}

}  // namespace tidings::http
