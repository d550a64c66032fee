#include "edge/http/password_routes.h"

#include <memory>
#include <utility>

#include "edge/api/authenticate.h"
#include "edge/http/public_pages.h"
#include "edge/http/public_texts.h"
#include "wire/form_data.h"

namespace tidings::http {
namespace {

using net::Request;
using net::Response;

constexpr std::string_view kOver = "It was used already or is too old. Ask for a new one.";

Response show(const PasswordPagesContext& context, const Request& request) {
  const auto found = context.database->read_value([&](db::Connection& connection) {
    return identity::find_password_link(connection, request.param("secret"), context.clock->now());
  });
  if (!found) return trouble_page(choose_texts({}, request.header("Accept-Language")));
  return *found ? password_page(200, "") : password_link_page(false, kOver);
}

Response set(const PasswordPagesContext& context, const Request& request) {
  const auto safe = api::check_sign_in_is_safe(request, context.public_url);
  if (!safe) return password_page(403, safe.error().message);
  const auto fields = wire::parse_form(request.header("Content-Type"), request.body);
  if (!fields) return refusal_page(400, fields.error().message);
  const auto password = wire::find_field(*fields, "password").value_or("");
  if (password != wire::find_field(*fields, "again").value_or("")) {
    return password_page(422, "The two passwords are not the same. Type them again.");
  }
  const auto redeemed = context.sign_in->redeem_link(request.param("secret"), password);
  if (redeemed) return password_link_page(true, "Sign in with your address and this password.");
  if (redeemed.error().code == "password_link.invalid") return password_link_page(false, kOver);
  if (redeemed.error().kind == ErrorKind::invalid) {
    return password_page(422, redeemed.error().message);
  }
  return trouble_page(choose_texts({}, request.header("Accept-Language")));
}

}  // namespace

void add_password_routes(net::Router& router, PasswordPagesContext given) {
  const auto context = std::make_shared<const PasswordPagesContext>(std::move(given));
  router.add("GET", "/password/{secret}",
             [context](const Request& request) { return show(*context, request); });
  router.add("POST", "/password/{secret}",
             [context](const Request& request) { return set(*context, request); },
             {.body_bytes = 16 * 1024,
              .media_types = {"application/x-www-form-urlencoded"},
              .is_body_required = true});
}

}  // namespace tidings::http
