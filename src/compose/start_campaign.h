// Starting a campaign: everything is checked first, then stored in one transaction; from then on it
// is durable and nothing of what the person had (files, template, password) is needed again.
// Thread: any; blocking.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "audience/audience.h"
#include "audience/import_contacts.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "compose/send_request.h"
#include "db/database.h"
#include "delivery/email_builder.h"
#include "domain/wall_time.h"
#include "identity/organisations.h"
#include "identity/secret_box.h"

namespace tidings::compose {

// What starting works with. Borrows.
struct ComposeContext {
  db::Database& database;
  IdSource& ids;
  const Clock& clock;
  const identity::Organisation& organisation;
  const identity::SecretBox& secrets;
  std::filesystem::path folder;  // the data folder
  std::int64_t attachment_bytes_max = 0;
};

// A request that was found good.
struct Plan {
  delivery::CompiledEmail email;
  std::vector<std::pair<std::string, std::string>> columns;  // name in templates → field
  std::vector<std::string> warnings;                         // sentences
  std::optional<ResolvedTime> schedule;                      // none: now
};

// Checks content, sender, attachments, tags and transport URL against the columns that the people
// have. Writes nothing. `columns` are those of the CSV, when there is one.
// Errors (invalid): send.* , email.*, liquid.* with the place in the template, relay_url.*,
// schedule.*;
// send.unknown_tag names each unknown tag with its line.
Result<Plan> plan_campaign(const ComposeContext& context, const SendRequest& request,
                           const std::vector<audience::MappedColumn>& columns);

// The columns of the request's CSV; none without one. `folder` takes a copy for a moment.
Result<std::vector<audience::MappedColumn>> read_columns(const SendRequest& request,
                                                         const std::filesystem::path& folder);

// The group of that name, or everybody for "". Error: send.unknown_group.
Result<audience::Audience> named_audience(db::Connection& connection, OrganisationId organisation,
                                          const std::string& group);

// The zone that the request's time is in: its own, or the organisation's.
const std::string& zone_of(const ComposeContext& context, const SendRequest& request);

// Imports' copy, content, transport, campaign: durable on return. The engine is told by its runner.
// One for later is scheduled; its file is kept, and read in when it is time.
Result<CampaignId> start_campaign(const ComposeContext& context, const SendRequest& request);

// A tag or template that names what nobody has.
Result<void> check_variables(const delivery::CompiledEmail& email,
                             const std::vector<std::pair<std::string, std::string>>& columns);

}  // namespace tidings::compose
