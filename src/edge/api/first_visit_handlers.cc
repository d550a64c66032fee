// The first visit (spec/api/first_visit.yaml): whoever runs the machine becomes its first user.
#include <boost/json.hpp>
#include <string>

#include "edge/api/authenticate.h"
#include "edge/api/identity_handlers.h"
#include "edge/api/json_values.h"
#include "edge/http/peer.h"
#include "identity/audit.h"
#include "identity/organisations.h"
#include "identity/users.h"

namespace tidings::api {
namespace {

namespace json = boost::json;
using Hasher = std::shared_ptr<identity::PasswordHasher>;

std::unexpected<Error> over() {
  return fail(ErrorKind::conflict, "first_visit.over",
              "Somebody works here already. Sign in, or ask them to let you in.");
}

Result<identity::Organisation> present(db::Connection& connection) {
  auto found = TRY(identity::first_organisation(connection));
  if (!found) {
    return fail(ErrorKind::not_found, "organisation.none",
                "There is no organisation here yet. Make one at the server: tidings init");
  }
  return *std::move(found);
}

Result<Answer> get_first_visit(const Call& call) {
  const bool may_begin = http::is_operator(call.request);
  return Answer::ok(TRY(
      call.services.database.read_value([&](db::Connection& connection) -> Result<json::object> {
        const bool is_open = !TRY(identity::has_users(connection));
        const bool is_told = is_open && may_begin;
        return json::object{{"is_open", is_open},
                            {"may_begin", is_told},
                            {"organisation", is_told ? TRY(present(connection)).name : ""}};
      })));
}

// The organisation as it is called from now on, its first user and owner, all or nothing.
Result<void> make_owner(const Call& call, db::Connection& connection, const std::string& hash) {
  identity::Organisation organisation = TRY(present(connection));
  organisation.name = text_in(call.body, "organisation");
  if (call.body.as_object().contains("locale")) organisation.locale = text_in(call.body, "locale");
  if (call.body.as_object().contains("time_zone"))
    organisation.time_zone = text_in(call.body, "time_zone");
  // First the change, which makes another beginner wait or fail; then the question.
  TRY(identity::change_organisation(connection, organisation));
  if (TRY(identity::has_users(connection))) return over();
  const std::string_view name = text_in(call.body, "name");
  const UserId user = TRY(identity::create_user(
      connection, call.services.ids,
      {text_in(call.body, "email"), name, text_in(call.body, "locale")}, call.now()));
  TRY(identity::add_member(connection, organisation.id, user, identity::Role::owner, call.now()));
  TRY(identity::set_password_hash(connection, user, hash, call.now()));
  identity::Principal who = identity::local_principal(organisation.id);
  who.user_id = user;
  who.name = name;
  return identity::audit(
      connection, who,
      {.action = "user.begin", .object = "user", .object_id = user.value, .note = "first visit"},
      call.now());
}

Result<Answer> begin_here(const Call& call, const Hasher& hasher) {
  TRY(check_sign_in_is_safe(call.request, call.services.public_url));
  TRY(check_same_site(call.request, call.services.public_url, false));
  if (!http::is_operator(call.request)) {
    return Answer::problem(403,
                           {ErrorKind::denied, "first_visit.elsewhere",
                            "The first user is made at the server itself: open this page there "
                            "as http://localhost, or type `tidings user add ADDRESS --role "
                            "owner`, which prints a link for choosing the password."});
  }
  const std::string_view password = text_in(call.body, "password");
  // Asked before the costly hash, and again in the transaction.
  if (TRY(call.services.database.read_value(
          [](db::Connection& connection) { return identity::has_users(connection); }))) {
    return over();
  }
  TRY(identity::check_password(password, {text_in(call.body, "email"), text_in(call.body, "name"),
                                          text_in(call.body, "organisation")}));
  const std::string hash = TRY(hasher->hash(password));
  TRY(call.services.database.write(db::Priority::web, [&](db::Connection& connection) {
    return make_owner(call, connection, hash);
  }));
  return start_browser_session(call, *hasher);
}

}  // namespace

void add_first_visit_handlers(Registry& registry, const Hasher& hasher) {
  registry.answer("getFirstVisit", get_first_visit);
  registry.answer("beginHere", [hasher](const Call& call) { return begin_here(call, hasher); });
}

}  // namespace tidings::api
