#include "edge/api/organisation_handlers.h"

#include <boost/json.hpp>

#include "base/bytes.h"
#include "identity/organisations.h"

namespace tidings::api {

namespace {

namespace json = boost::json;

json::object to_json(const identity::Organisation& organisation) {
  return {{"id", to_text(organisation.id)},
          {"name", organisation.name},
          {"locale", organisation.locale},
          {"time_zone", organisation.time_zone},
          {"postal_address", organisation.postal_address}};
}

// An organisation has no time of change: its tag is that of its content.
std::string etag_of(const json::object& body) {
  return "\"" + to_base64url(sha256(json::serialize(body)).substr(0, 12)) + "\"";
}

Answer shown(const identity::Organisation& organisation) {
  json::object body = to_json(organisation);
  std::string etag = etag_of(body);
  return Answer::ok(std::move(body)).with("ETag", std::move(etag));
}

Result<Answer> get_organisation(const Call& call) {
  const auto organisation = TRY(call.services.database.read_value([&](db::Connection& connection) {
    return identity::find_organisation(connection, call.organisation());
  }));
  return shown(organisation);
}

Result<Answer> change_organisation(const Call& call) {
  return commit(call, [&](db::Connection& connection) -> Result<Answer> {
    auto organisation = TRY(identity::find_organisation(connection, call.organisation()));
    TRY(call.expect_version(etag_of(to_json(organisation))));
    const json::object& change = call.body.as_object();
    const auto set = [&](std::string_view name, std::string& member) {
      if (const auto* given = change.if_contains(name)) member = given->as_string();
    };
    set("name", organisation.name);
    set("locale", organisation.locale);
    set("time_zone", organisation.time_zone);
    set("postal_address", organisation.postal_address);
    TRY(identity::change_organisation(connection, organisation));
    return shown(organisation);
  });
}

}  // namespace

void add_organisation_handlers(Registry& registry) {
  registry.answer("getOrganisation", get_organisation);
  registry.answer("changeOrganisation", change_organisation);
}

}  // namespace tidings::api
