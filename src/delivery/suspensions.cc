#include "delivery/suspensions.h"

#include <array>

namespace tidings::delivery {

namespace {

using db::Connection;
using db::Row;

constexpr db::Statement kCount{"suspensions.count",
                               "SELECT COUNT(*) FROM suspended_site WHERE organisation_id = $1"};
constexpr db::Statement kSuspend{
    "suspensions.suspend",
    "INSERT INTO suspended_site (organisation_id, name, reason, suspended_by, suspended_at)"
    " VALUES ($1, $2, $3, $4, $5)"
    " ON CONFLICT (organisation_id, name) DO UPDATE SET reason = excluded.reason"};
constexpr db::Statement kResume{
    "suspensions.resume", "DELETE FROM suspended_site WHERE organisation_id = $1 AND name = $2"};
constexpr db::Statement kList{"suspensions.list",
                              "SELECT name, reason, suspended_by, suspended_at FROM suspended_site"
                              " WHERE organisation_id = $1 ORDER BY name"};
constexpr db::Statement kAll{"suspensions.all",
                             "SELECT organisation_id, name FROM suspended_site ORDER BY 1, 2"};

}  // namespace

Result<void> suspend_site(Connection& connection, OrganisationId organisation,
                          const SuspendedSite& site) {
  std::int64_t count = 0;
  TRY(connection.query(kCount, {organisation}, [&](const Row& row) { count = row.integer(0); }));
  if (count >= kSuspendedMax) {
    return fail(ErrorKind::conflict, "site.too_many",
                "A thousand sites are suspended; resume some of them first.");
  }
  TRY(connection.execute(kSuspend, {organisation, site.name, site.reason, site.by, site.since}));
  return {};
}

Result<bool> resume_site(Connection& connection, OrganisationId organisation,
                         std::string_view name) {
  return TRY(connection.execute(kResume, {organisation, name})) > 0;
}

Result<std::vector<SuspendedSite>> suspended_sites(Connection& connection,
                                                   OrganisationId organisation) {
  std::vector<SuspendedSite> sites;
  TRY(connection.query(kList, {organisation}, [&](const Row& row) {
    sites.push_back({row.string(0), row.string(1), row.string(2), row.instant(3)});
  }));
  return sites;
}

Result<SuspendedNames> all_suspended(Connection& connection) {
  SuspendedNames names;
  TRY(connection.query(
      kAll, {}, [&](const Row& row) { names[row.id<OrganisationId>(0)].insert(row.string(1)); }));
  return names;
}

std::span<const db::Statement> suspension_statements() {
  static constexpr std::array kAllOfThem = {kCount, kSuspend, kResume, kList, kAll};
  return kAllOfThem;
}

}  // namespace tidings::delivery
