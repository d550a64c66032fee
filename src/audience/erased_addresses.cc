#include "audience/erased_addresses.h"

#include <fmt/format.h>

#include "base/bytes.h"

namespace tidings::audience {
namespace {

using db::Row;
using db::Statement;

constexpr std::string_view prefix = "erased ";

constexpr Statement select_key{"erasure.key",
                               "SELECT hash_key FROM erasure_key WHERE organisation_id = $1"};
constexpr Statement insert_key{"erasure.make_key",
                               "INSERT INTO erasure_key (organisation_id, hash_key, created_at) "
                               "VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"};

}  // namespace

std::string erased_form(std::string_view key, Channel channel, std::string_view normalised) {
  const std::string digest =
      hmac_sha256(key, fmt::format("{}:{}", static_cast<int>(channel), normalised));
  return std::string(prefix) + to_hex(std::string_view(digest).substr(0, 20));
}

bool is_erased_form(std::string_view normalised) { return normalised.starts_with(prefix); }

Result<std::optional<std::string>> erasure_key(db::Connection& connection,
                                               OrganisationId organisation) {
  return connection.query_first(select_key, {organisation},
                                [](const Row& row) { return std::string(row.bytes(0)); });
}

Result<std::string> make_erasure_key(db::Connection& connection, OrganisationId organisation,
                                     Instant now) {
  if (auto known = TRY(erasure_key(connection, organisation))) return *std::move(known);
  const std::string key = random_bytes(32);
  TRY(connection.execute(insert_key, {organisation, db::BytesView{key}, now}));
  return TRY(erasure_key(connection, organisation)).value_or(key);
}

}  // namespace tidings::audience
