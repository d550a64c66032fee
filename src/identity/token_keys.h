// TokenKeys: each organisation's keys for message tokens, and who a token speaks for.
//
// A key is 32 random bytes, sealed in table token_key; its id is unique in the database, so that a
// token names its key and the key its organisation before any message is looked up. Keys are never
// deleted: a link in an old message keeps working. Opened keys stay in memory.
// Ownership: borrows database, secret box and clock. Thread: any; may wait for the database.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/database.h"
#include "identity/secret_box.h"
#include "wire/signed_token.h"

namespace tidings::identity {

// A token that is really ours.
struct VerifiedToken {
  OrganisationId organisation_id;
  MessageId message_id;
};

class TokenKeys {
 public:
  TokenKeys(db::Database& database, const SecretBox& box, const Clock& clock);

  // The organisation's newest key; its first one is made here. Not from within a database write.
  // Errors: those of the database and of SecretBox::unseal.
  Result<std::shared_ptr<const wire::TokenSigner>> current(OrganisationId organisation);
  // Errors: token.invalid (not_found) for whatever we did not sign for this purpose; else as above.
  Result<VerifiedToken> verify_url(std::string_view text, wire::TokenPurpose purpose);
  // The same without waiting for the database: nothing where the key is not in memory yet,
  // and for what is no token of ours.
  std::optional<VerifiedToken> verify_url_at_once(std::string_view text,
                                                  wire::TokenPurpose purpose);
  Result<VerifiedToken> verify_return_path(std::string_view text, wire::TokenPurpose purpose);

 private:
  struct Key {
    OrganisationId organisation_id;
    std::shared_ptr<const wire::TokenSigner> signer;
  };
  struct SealedKey {
    OrganisationId organisation_id;
    std::uint32_t id = 0;
    std::string sealed;
  };
  Result<SealedKey> find_or_create(OrganisationId organisation);
  Result<Key> unseal(const SealedKey& sealed);
  Result<Key> find(std::uint32_t key_id);
  Result<VerifiedToken> verify(const std::optional<wire::UnverifiedToken>& token,
                               wire::TokenPurpose purpose);

  db::Database& database_;
  const SecretBox& box_;
  const Clock& clock_;
  std::mutex mutex_;  // guards the two maps
  std::unordered_map<std::uint32_t, Key> by_id_;
  std::unordered_map<OrganisationId, std::shared_ptr<const wire::TokenSigner>> current_;
};

}  // namespace tidings::identity
