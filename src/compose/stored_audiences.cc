#include "compose/stored_audiences.h"

#include <string>

namespace tidings::compose {

namespace {

// An id in quotes stands nowhere but where it is meant: ids are of one sequence for all things.
constexpr db::Statement kCampaigns{
    "audience.replace_in_campaigns",
    "UPDATE campaign SET audience = REPLACE(audience, $2, $3) WHERE organisation_id = $1"
    " AND audience LIKE '%' || $2 || '%'"};
constexpr db::Statement kTemplates{
    "audience.replace_in_templates",
    "UPDATE template SET document = REPLACE(document, $2, $3) WHERE organisation_id = $1"
    " AND document LIKE '%' || $2 || '%'"};
constexpr db::Statement kVersions{
    "audience.replace_in_template_versions",
    "UPDATE template_version SET document = REPLACE(document, $2, $3) WHERE organisation_id = $1"
    " AND document LIKE '%' || $2 || '%'"};

}  // namespace

Result<std::int64_t> replace_in_audiences(db::Connection& connection, OrganisationId organisation,
                                          ContactId from, ContactId to) {
  const std::string old_id = '"' + to_text(from) + '"';
  const std::string new_id = '"' + to_text(to) + '"';
  std::int64_t changed = 0;
  for (const db::Statement& statement : {kCampaigns, kTemplates, kVersions})
    changed += TRY(connection.execute(statement, {organisation, old_id, new_id}));
  return changed;
}

}  // namespace tidings::compose
