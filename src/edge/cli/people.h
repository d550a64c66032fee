// What the commands about users and tokens share: the API's people by their address.
// Thread: any.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/cli/workplace.h"

namespace tidings::cli {

// Everybody who works in the organisation, as the API tells it. Errors: those of call_api.
Result<boost::json::array> all_users(const WorkplaceOptions& options);
// The one with this address, in any case. Error: user.not_found.
Result<boost::json::object> user_by_email(const WorkplaceOptions& options, std::string_view email);

// How a person gets a password.
enum class PasswordFrom { terminal, standard_input, link };

struct NewPerson {
  std::string email;
  std::string name;
  std::string role;
  PasswordFrom password = PasswordFrom::link;
};
struct AddedPerson {
  boost::json::object user;
  std::string link;  // to choose a password with; empty when they have one
};
// Errors: those of the API, of password_input.
Result<AddedPerson> add_person(const WorkplaceOptions& options, const NewPerson& person);
// A new password, or the link to choose one; empty when it was set.
Result<std::string> renew_password(const WorkplaceOptions& options, std::string_view user_id,
                                   PasswordFrom from);

}  // namespace tidings::cli
