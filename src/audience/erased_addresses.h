// The addresses of erased people: known by a keyed hash only (docs/decisions/0015-erasure-key.md).
//
// The key of an organisation stands in the database sealed with the installation's master key
// (db/vault.h): whoever has the database alone cannot try addresses against the hashes.
// Thread: as the connection. Errors: those of db and of the vault.
#pragma once

#include <cstdint>
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

// The organisation's key; nothing when nobody was erased yet. One that an earlier version stored
// as it is counts too.
Result<std::optional<std::string>> erasure_key(db::Connection& connection,
                                               OrganisationId organisation);
// Made when there is none.
Result<std::string> make_erasure_key(db::Connection& connection, OrganisationId organisation,
                                     Instant now);

// Seals the keys that an earlier version stored as they are; how many there were.
Result<std::int64_t> seal_erasure_keys(db::Connection& connection);

}  // namespace tidings::audience
