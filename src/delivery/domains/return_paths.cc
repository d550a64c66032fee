#include "delivery/domains/return_paths.h"

#include <utility>

#include "delivery/domains/nearest_domain.h"

namespace tidings::domains {

namespace {

constexpr db::Statement kOfOrganisation{
    "domain.return_paths",
    "SELECT name, return_path_domain FROM sending_domain WHERE organisation_id = $1"
    " AND return_path_domain <> ''"};
constexpr db::Statement kAll{
    "domain.all_return_paths",
    "SELECT return_path_domain, organisation_id FROM sending_domain"
    " WHERE return_path_domain <> ''"
    " ORDER BY return_path_domain, CASE WHEN verified_at IS NULL THEN 1 ELSE 0 END, id"};

}  // namespace

Result<void> ReturnPaths::refresh(OrganisationId organisation, Known& known) {
  const bool is_first = known.loaded_at == Instant();
  std::vector<Pair> pairs;
  const auto read = database_.read([&](db::Connection& connection) {
    pairs.clear();
    return connection.query(kOfOrganisation, {organisation}, [&](const db::Row& row) {
      pairs.push_back({row.string(0), row.string(1)});
    });
  });
  if (!read && is_first) return std::unexpected(read.error());
  known.loaded_at = clock_.now();
  if (read) known.pairs = std::move(pairs);
  return {};
}

Result<std::string> ReturnPaths::domain_for(OrganisationId organisation,
                                            std::string_view from_domain) {
  const std::lock_guard lock(mutex_);
  Known& known = known_[organisation];
  if (is_stale(known.loaded_at, clock_.now())) TRY(refresh(organisation, known));
  const Pair* nearest = nearest_domain(known.pairs, from_domain, &Pair::sending);
  return nearest == nullptr ? std::string() : nearest->returning;
}

Result<std::map<std::string, OrganisationId, std::less<>>> all_return_path_domains(
    db::Connection& connection) {
  std::map<std::string, OrganisationId, std::less<>> domains;
  TRY(connection.query(kAll, {}, [&](const db::Row& row) {
    domains.emplace(row.string(0), row.id<OrganisationId>(1));
  }));
  return domains;
}

}  // namespace tidings::domains
