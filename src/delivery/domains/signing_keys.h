// SigningKeys: with what a message is signed, worked out once and looked up for each.
//
// What signs a message from a@news.example.org is the nearest sending domain with an active key
// among news.example.org and its parents: its d= is then aligned with From (DMARC's relaxed
// alignment; a public suffix is no sending domain). None: the message leaves unsigned.
// What the database says is looked at again after kFreshFor, so that a rotation counts within that
// time on every node. While the database is away, what was known counts.
// Ownership: borrows database, secret box and clock. Thread: any; may wait for the database.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/database.h"
#include "delivery/domains/sending_domains.h"
#include "identity/secret_box.h"
#include "wire/dkim.h"

namespace tidings::domains {

class SigningKeys {
 public:
  SigningKeys(db::Database& database, const identity::SecretBox& secrets, const Clock& clock);

  // Null: nothing signs for it. `from_domain` is in lower-case A-labels. Errors: those of the
  // database, dkim.unavailable (a key cannot be opened: better late than unsigned).
  Result<std::shared_ptr<const wire::DkimSigner>> signer(OrganisationId organisation,
                                                         std::string_view from_domain);

 private:
  struct Domain {
    std::string name;
    std::shared_ptr<const wire::DkimSigner> signer;
  };
  struct Known {
    Instant loaded_at{};
    std::vector<ActiveKey> keys;
    std::vector<Domain> domains;
  };
  static std::vector<Domain> signers_of(const std::vector<ActiveKey>& keys);
  Result<void> refresh(OrganisationId organisation, Known& known);

  db::Database& database_;
  const identity::SecretBox& secrets_;
  const Clock& clock_;
  std::mutex mutex_;  // guards the map; held while the database is asked
  std::unordered_map<OrganisationId, Known> known_;
};

}  // namespace tidings::domains
