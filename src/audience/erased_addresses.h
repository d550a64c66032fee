// The addresses of erased people: known by a keyed hash only.
// Thread: as the connection. Errors: those of db.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "domain/campaign.h"

namespace tidings::audience {

// What stands for an erased address in suppression.normalised: "erased " and 40 hexadecimal
// digits. No address looks like that: none has a space before its @ without quotes.
std::string erased_form(std::string_view key, Channel channel, std::string_view normalised);
bool is_erased_form(std::string_view normalised);

// The organisation's key; nothing when nobody was erased yet.
Result<std::optional<std::string>> erasure_key(db::Connection& connection,
                                               OrganisationId organisation);
// Made when there is none.
Result<std::string> make_erasure_key(db::Connection& connection, OrganisationId organisation,
                                     Instant now);

}  // namespace tidings::audience
