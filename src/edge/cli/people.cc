#include "edge/cli/people.h"

#include <algorithm>
#include <boost/json.hpp>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "edge/cli/api_client.h"
#include "edge/cli/password_input.h"
#include "identity/passwords.h"
#include "identity/users.h"
#include "wire/url.h"

namespace tidings::cli {
namespace {

namespace json = boost::json;

Result<std::string> password_from(PasswordFrom from) {
  return from == PasswordFrom::terminal ? ask_new_password() : read_password_line();
}

Result<void> redeem(const WorkplaceOptions& options, std::string_view secret,
                    const std::string& password) {
  TRY(call_api(options, "POST", "/password-links/redeem",
               json::object{{"secret", secret}, {"password", password}}));
  return {};
}

}  // namespace

Result<json::array> all_users(const WorkplaceOptions& options) {
  json::array users;
  std::string target = "/users?limit=200";
  for (;;) {
    auto page = TRY(call_api(options, "GET", target));
    json::object& body = page.body.as_object();
    std::ranges::move(body.at("items").as_array(), std::back_inserter(users));
    if (body.at("next_cursor").is_null()) return users;
    const std::string cursor(body.at("next_cursor").as_string());
    target = "/users?limit=200&cursor=" + wire::percent_encode(cursor);
  }
}

Result<json::object> user_by_email(const WorkplaceOptions& options, std::string_view email) {
  const auto wanted = TRY(identity::normalise_user_email(email));
  auto users = TRY(all_users(options));
  for (json::value& each : users) {
    const std::string_view has = each.at("email").as_string();
    if (identity::normalise_user_email(has) == wanted) return std::move(each.as_object());
  }
  return fail(ErrorKind::not_found, "user.not_found",
              fmt::format("Nobody here has the address {}. See: tidings user list", email));
}

Result<AddedPerson> add_person(const WorkplaceOptions& options, const NewPerson& person) {
  // Asked for first: nobody is made when it is not given.
  std::string password;
  if (person.password != PasswordFrom::link) password = TRY(password_from(person.password));
  if (!password.empty()) {
    TRY(identity::check_password(password, {person.email, person.name, ""}));
  }
  json::object wanted{{"email", person.email}, {"role", person.role}};
  if (!person.name.empty()) wanted["name"] = person.name;
  auto made = TRY(call_api(options, "POST", "/users", wanted));
  AddedPerson added;
  added.user = made.body.at("user").as_object();
  const json::value& link = made.body.at("password_link");
  if (link.is_null()) return added;
  if (password.empty()) {
    added.link = link.at("url").as_string();
    return added;
  }
  TRY(redeem(options, link.at("secret").as_string(), password));
  added.user["has_password"] = true;
  return added;
}

Result<std::string> renew_password(const WorkplaceOptions& options, std::string_view user_id,
                                   PasswordFrom from) {
  std::string password;
  if (from != PasswordFrom::link) password = TRY(password_from(from));
  const auto link = TRY(call_api(options, "POST", fmt::format("/users/{}/password-link", user_id)));
  if (password.empty()) return std::string(link.body.at("url").as_string());
  TRY(redeem(options, link.body.at("secret").as_string(), password));
  return std::string();
}

}  // namespace tidings::cli
