#include "identity/token_keys.h"

#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"

namespace tidings::identity {

namespace {

constexpr db::Statement kNewest{
    "identity.newest_token_key",
    "SELECT key_id, sealed FROM token_key WHERE organisation_id = $1 AND purpose = 'message' "
    "ORDER BY key_id DESC LIMIT 1"};
constexpr db::Statement kById{
    "identity.get_token_key",
    "SELECT organisation_id, sealed FROM token_key WHERE key_id = $1 AND purpose = 'message'"};
constexpr db::Statement kLastId{"identity.last_token_key_id",
                                "SELECT COALESCE(MAX(key_id), 0) FROM token_key"};
constexpr db::Statement kInsert{
    "identity.add_token_key",
    "INSERT INTO token_key (organisation_id, key_id, purpose, sealed, created_at) "
    "VALUES ($1, $2, 'message', $3, $4)"};

// Two nodes that make a key at the same moment choose the same id; the second tries again.
constexpr int kTries = 5;

std::string context_of(OrganisationId organisation, std::uint32_t key_id) {
  return fmt::format("token_key/{}/{}", organisation.value, key_id);
}

std::unexpected<Error> invalid() {
  return fail(ErrorKind::not_found, "token.invalid",
              "This link is not complete, or not from here. Open it again from the message.");
}

}  // namespace

TokenKeys::TokenKeys(db::Database& database, const SecretBox& box, const Clock& clock)
    : database_(database), box_(box), clock_(clock) {}

Result<TokenKeys::SealedKey> TokenKeys::find_or_create(OrganisationId organisation) {
  const auto newest = [&](db::Connection& connection) {
    return connection.query_first(kNewest, {organisation}, [&](const db::Row& row) {
      return SealedKey{organisation, static_cast<std::uint32_t>(row.integer(0)),
                       std::string(row.bytes(1))};
    });
  };
  if (auto found = TRY(database_.read_value(newest))) return std::move(*found);
  const std::string key = random_bytes(wire::kTokenKeyBytes);
  return database_.write_value(
      // Once for an organisation; every message waits for it.
      db::Priority::transactional, [&](db::Connection& connection) -> Result<SealedKey> {
        if (auto found = TRY(newest(connection))) return std::move(*found);
        const auto last = TRY(
            connection.query_first(kLastId, {}, [](const db::Row& row) { return row.integer(0); }));
        const std::int64_t id = last.value_or(0) + 1;
        if (id > wire::kTokenKeyIdMax) {
          return fail(ErrorKind::limit, "token.keys_exhausted",
                      "This database holds as many token keys as it can.");
        }
        SealedKey made{organisation, static_cast<std::uint32_t>(id), {}};
        made.sealed = box_.seal(context_of(organisation, made.id), key);
        TRY(connection.execute(kInsert,
                               {organisation, id, db::BytesView{made.sealed}, clock_.now()}));
        return made;
      });
}

Result<TokenKeys::Key> TokenKeys::unseal(const SealedKey& sealed) {
  auto key = box_.unseal(context_of(sealed.organisation_id, sealed.id), sealed.sealed);
  if (!key) return std::unexpected(std::move(key.error()).within("The key of the links"));
  if (key->size() != wire::kTokenKeyBytes) {
    return fail(ErrorKind::corrupt, "secret.damaged", "A token key has a wrong length.");
  }
  return Key{sealed.organisation_id, std::make_shared<wire::TokenSigner>(sealed.id, *key)};
}

Result<std::shared_ptr<const wire::TokenSigner>> TokenKeys::current(OrganisationId organisation) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = current_.find(organisation); found != current_.end()) {
      return found->second;
    }
  }
  auto sealed = find_or_create(organisation);
  for (int i = 1; i < kTries && !sealed && sealed.error().kind == ErrorKind::conflict; ++i) {
    sealed = find_or_create(organisation);
  }
  if (!sealed) return std::unexpected(sealed.error());
  const Key key = TRY(unseal(*sealed));
  const std::lock_guard lock(mutex_);
  by_id_.emplace(key.signer->key_id(), key);
  return current_.emplace(organisation, key.signer).first->second;
}

Result<TokenKeys::Key> TokenKeys::find(std::uint32_t key_id) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = by_id_.find(key_id); found != by_id_.end()) return found->second;
  }
  const auto sealed = TRY(database_.read_value([&](db::Connection& connection) {
    return connection.query_first(kById, {key_id}, [&](const db::Row& row) {
      return SealedKey{row.id<OrganisationId>(0), key_id, std::string(row.bytes(1))};
    });
  }));
  if (!sealed) return invalid();
  const Key key = TRY(unseal(*sealed));
  const std::lock_guard lock(mutex_);
  return by_id_.emplace(key_id, key).first->second;
}

Result<VerifiedToken> TokenKeys::verify(const std::optional<wire::UnverifiedToken>& token,
                                        wire::TokenPurpose purpose) {
  if (!token || token->purpose != purpose) return invalid();
  const Key key = TRY(find(token->key_id));
  if (!key.signer->verify(*token)) return invalid();
  return VerifiedToken{key.organisation_id, token->message_id};
}

Result<VerifiedToken> TokenKeys::verify_url(std::string_view text, wire::TokenPurpose purpose) {
  return verify(wire::parse_url_token(text), purpose);
}

std::optional<VerifiedToken> TokenKeys::verify_url_at_once(std::string_view text,
                                                           wire::TokenPurpose purpose) {
  const auto token = wire::parse_url_token(text);
  if (!token || token->purpose != purpose) return std::nullopt;
  Key key;
  {
    const std::lock_guard lock(mutex_);
    const auto found = by_id_.find(token->key_id);
    if (found == by_id_.end()) return std::nullopt;
    key = found->second;
  }
  if (!key.signer->verify(*token)) return std::nullopt;
  return VerifiedToken{key.organisation_id, token->message_id};
}

Result<VerifiedToken> TokenKeys::verify_return_path(std::string_view text,
                                                    wire::TokenPurpose purpose) {
  return verify(wire::parse_return_path_token(text), purpose);
}

}  // namespace tidings::identity
