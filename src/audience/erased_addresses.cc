#include "audience/erased_addresses.h"

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/bytes.h"
#include "db/vault.h"

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

constexpr Statement every_key{"erasure.keys", "SELECT organisation_id, hash_key FROM erasure_key"};
constexpr Statement put_key{"erasure.put_key",
                            "UPDATE erasure_key SET hash_key = $2 WHERE organisation_id = $1"};

// As stored before keys were sealed: whatever is sealed is longer.
constexpr std::size_t kKeyBytes = 32;

Result<const db::Vault*> vault_of(db::Connection& connection) {
  if (connection.vault() != nullptr) return connection.vault();
  return fail(ErrorKind::internal, "erasure.no_vault",
              "The database was opened without the master key.");
}

std::string context_of(OrganisationId organisation) {
  return fmt::format("erasure_key/{}", organisation.value);
}

}  // namespace

std::string erased_form(std::string_view key, Channel channel, std::string_view normalised) {
  const std::string digest =
      hmac_sha256(key, fmt::format("{}:{}", static_cast<int>(channel), normalised));
  return std::string(prefix) + to_hex(std::string_view(digest).substr(0, 20));
}

bool is_erased_form(std::string_view normalised) { return normalised.starts_with(prefix); }

Result<std::optional<std::string>> erasure_key(db::Connection& connection,
                                               OrganisationId organisation) {
  auto stored = TRY(connection.query_first(
      select_key, {organisation}, [](const Row& row) { return std::string(row.bytes(0)); }));
  if (!stored || stored->size() == kKeyBytes) return stored;
  const db::Vault* const vault = TRY(vault_of(connection));
  return TRY(vault->unseal(context_of(organisation), *stored));
}

Result<std::string> make_erasure_key(db::Connection& connection, OrganisationId organisation,
                                     Instant now) {
  if (auto known = TRY(erasure_key(connection, organisation))) return *std::move(known);
  const std::string key = random_bytes(kKeyBytes);
  const std::string sealed = TRY(vault_of(connection))->seal(context_of(organisation), key);
  TRY(connection.execute(insert_key, {organisation, db::BytesView{sealed}, now}));
  return TRY(erasure_key(connection, organisation)).value_or(key);
}

Result<std::int64_t> seal_erasure_keys(db::Connection& connection) {
  std::vector<std::pair<OrganisationId, std::string>> plain;
  TRY(connection.query(every_key, {}, [&](const Row& row) {
    if (row.bytes(1).size() == kKeyBytes) {
      plain.emplace_back(row.id<OrganisationId>(0), std::string(row.bytes(1)));
    }
  }));
  for (const auto& [organisation, key] : plain) {
    const std::string sealed = TRY(vault_of(connection))->seal(context_of(organisation), key);
    TRY(connection.execute(put_key, {organisation, db::BytesView{sealed}}));
  }
  return std::ssize(plain);
}

}  // namespace tidings::audience
