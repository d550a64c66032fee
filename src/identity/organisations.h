// Organisations: the tenants. Every other thing but users belongs to exactly one.
// Thread: any, one Connection each.
#pragma once

#include <optional>
#include <string>

#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"

namespace tidings::identity {

struct Organisation {
  OrganisationId id;
  std::string name;
  std::string locale;          // BCP 47: "en", "nl-BE"
  std::string time_zone;       // IANA
  std::string postal_address;  // may be empty
};

// The oldest one: the only one until there are several.
Result<std::optional<Organisation>> first_organisation(db::Connection& connection);
Result<Organisation> find_organisation(db::Connection& connection, OrganisationId id);
// `organisation.id` is given by the caller.
Result<void> create_organisation(db::Connection& connection, const Organisation& organisation,
                                 Instant now);
// Everything but the id. Errors: organisation.name, organisation.time_zone (invalid).
Result<void> change_organisation(db::Connection& connection, const Organisation& organisation);

}  // namespace tidings::identity
