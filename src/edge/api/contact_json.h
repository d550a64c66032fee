// Contacts in the API's JSON, and its filters of contacts. Thread: any; pure but for email_states.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audience/groups.h"
#include "audience/people/contact_book.h"
#include "audience/people/list_contacts.h"
#include "base/result.h"
#include "edge/api/call.h"

namespace tidings::api {

// The contact with its groups (lists have none), and in which state its primary e-mail address is.
boost::json::object contact_json(const people::Person& person, std::string_view email_state,
                                 std::span<const audience::Group> groups);
// "ok", "none", "unsubscribed" … of each, as schema Contact has it.
Result<std::vector<std::string>> email_states(db::Connection& connection,
                                              OrganisationId organisation,
                                              std::span<const people::Person> people, Instant now);
// Schemas ContactCreation and ContactChange.
people::ContactChange contact_change(const boost::json::object& body);
// The problem of a write, each member named; 409 when somebody else has it.
Answer contact_problem(const Error& error, const std::vector<people::FieldProblem>& problems);

// The query parameters of listContacts.
Result<people::ContactQuery> query_of_call(const Call& call);
// Schema ContactFilter.
Result<people::ContactQuery> query_of_filter(const Call& call, const boost::json::object& filter);

// Who writes, for the activities that a write leaves.
people::Writer writer_of(const Call& call);

}  // namespace tidings::api
