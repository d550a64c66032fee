#include "identity/organisations.h"

#include <exception>

#include <date/tz.h>

namespace tidings::identity {

namespace {

constexpr db::Statement kFirst{
    "organisation.first",
    "SELECT id, name, locale, time_zone, postal_address FROM organisation ORDER BY id LIMIT 1"};
constexpr db::Statement kFind{
    "organisation.find",
    "SELECT id, name, locale, time_zone, postal_address FROM organisation WHERE id = $1"};
constexpr db::Statement kCreate{
    "organisation.create",
    "INSERT INTO organisation (id, name, locale, time_zone, postal_address, settings, created_at)"
    " VALUES ($1, $2, $3, $4, $5, '{}', $6)"};

constexpr db::Statement kChange{
    "organisation.change",
    "UPDATE organisation SET name = $1, locale = $2, time_zone = $3, postal_address = $4"
    " WHERE id = $5"};

Organisation read(const db::Row& row) {
  return {row.id<OrganisationId>(0), row.string(1), row.string(2), row.string(3), row.string(4)};
}

}  // namespace

Result<std::optional<Organisation>> first_organisation(db::Connection& connection) {
  return connection.query_first(kFirst, {}, read);
}

Result<Organisation> find_organisation(db::Connection& connection, OrganisationId id) {
  auto found = TRY(connection.query_first(kFind, {id}, read));
  if (!found) {
    return fail(ErrorKind::not_found, "organisation.not_found",
                "There is no organisation " + to_text(id) + ".");
  }
  return *std::move(found);
}

Result<void> create_organisation(db::Connection& connection, const Organisation& organisation,
                                 Instant now) {
  TRY(connection.execute(kCreate, {organisation.id, organisation.name, organisation.locale,
                                   organisation.time_zone, organisation.postal_address, now}));
  return {};
}

Result<void> change_organisation(db::Connection& connection, const Organisation& organisation) {
  if (organisation.name.empty() || organisation.name.size() > 200) {
    return fail(ErrorKind::invalid, "organisation.name",
                "An organisation's name has 1 to 200 characters.");
  }
  try {
    date::locate_zone(organisation.time_zone);
  } catch (const std::exception&) {
    return fail(ErrorKind::invalid, "organisation.time_zone",
                "\"" + organisation.time_zone +
                    "\" is no time zone. Name one like Europe/Amsterdam or UTC.");
  }
  TRY(connection.execute(kChange, {organisation.name, organisation.locale, organisation.time_zone,
                                   organisation.postal_address, organisation.id}));
  return {};
}

}  // namespace tidings::identity
