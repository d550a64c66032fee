// Sending domains: what an organisation writes from, each with the keys that sign for it.
//
// A key waits until it is activated: as a rule when DNS shows it, because a signature that nobody
// can check looks worse than none. Then the active key of the same algorithm retires, and so do the
// ones that waited longer; its private half is wiped, its record may leave DNS once what it signed
// was delivered. Private keys are sealed with the master key and never given back.
// A domain belongs to whoever's key DNS shows: two organisations may have the same one, and only
// the domain's owner can verify either.
// Thread: any, one Connection each.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "identity/secret_box.h"
#include "wire/dkim_key.h"

namespace tidings {
using SendingDomainId = Id<struct SendingDomainTag>;
using DomainKeyId = Id<struct DomainKeyTag>;
}  // namespace tidings

namespace tidings::domains {

inline constexpr std::size_t kDomainsMax = 200;  // of an organisation
inline constexpr std::size_t kOpenKeysMax = 10;  // of a domain, those not retired
inline constexpr std::size_t kKeysShown = 50;    // the newest

enum class KeyState { waiting, active, retired };
std::string_view to_string(KeyState state);

struct DomainKey {
  DomainKeyId id;
  std::string selector;
  wire::DkimAlgorithm algorithm = wire::DkimAlgorithm::rsa_sha256;
  std::string public_key;
  Instant created_at{};
  std::optional<Instant> activated_at;
  std::optional<Instant> retired_at;

  KeyState state() const {
    if (retired_at) return KeyState::retired;
    return activated_at ? KeyState::active : KeyState::waiting;
  }
  std::string record() const { return wire::dkim_record(algorithm, public_key); }
};

struct SendingDomain {
  SendingDomainId id;
  std::string name;
  // Where reports about its mail come back to (wire/return_path.h); empty: to the sender's address.
  std::string return_path_domain;
  Instant created_at{};
  Instant changed_at{};
  std::optional<Instant> checked_at;
  std::string findings;  // JSON of the last check; empty: never checked
  std::optional<Instant> verified_at;
  std::vector<DomainKey> keys;  // newest first, at most kKeysShown
};

// As typed or pasted: lower-case A-labels come out. Errors, kind invalid: domain.name,
// domain.public_suffix (belongs to everybody).
Result<std::string> read_domain_name(std::string_view typed);

// Likewise a domain for return paths of mail from `domain`, or nothing for none. Errors, kind
// invalid: domain.name; domain.return_path for one that is not of the same organisation, so that
// DMARC would not find it aligned (RFC 7489 §3.1.2).
Result<std::string> read_return_path_domain(std::string_view typed, std::string_view domain);

// What somebody wants to sign with.
struct KeyWish {
  // Of new keys; empty: RSA, and Ed25519 beside it.
  std::vector<wire::DkimAlgorithm> algorithms;
  std::string selector;  // empty: made from the day
  std::string pem;       // an existing private key instead of new ones; needs its selector
};
struct NewKey {
  std::string selector;
  bool has_chosen_selector = false;  // else another one is taken when this one is
  wire::DkimKey key;
};
// Makes or reads them; takes up to a second, so not within a transaction. Errors: dkim.key*,
// domain.selector (invalid).
Result<std::vector<NewKey>> make_keys(const KeyWish& wish, Instant now);

// Errors: domain.exists (conflict), domain.too_many (limit).
Result<SendingDomainId> create_domain(db::Connection& connection, IdSource& ids,
                                      OrganisationId organisation, std::string_view name,
                                      Instant now);
// They wait. Errors: domain.selector_taken (conflict), domain.too_many_keys (limit).
Result<void> add_keys(db::Connection& connection, IdSource& ids, OrganisationId organisation,
                      const SendingDomain& domain, const identity::SecretBox& secrets,
                      const std::vector<NewKey>& keys, Instant now);
// Signs with `keys`, of which some may be active already, from now on. Says how many were not.
Result<int> activate_keys(db::Connection& connection, OrganisationId organisation,
                          const SendingDomain& domain, const std::vector<DomainKeyId>& keys,
                          Instant now);

// Errors of both: domain.not_found.
Result<SendingDomain> load_domain(db::Connection& connection, OrganisationId organisation,
                                  SendingDomainId id);
Result<void> delete_domain(db::Connection& connection, OrganisationId organisation,
                           SendingDomainId id);
// `return_path_domain` was read. From the next message on, within kFreshFor.
Result<void> set_return_path_domain(db::Connection& connection, OrganisationId organisation,
                                    const SendingDomain& domain,
                                    std::string_view return_path_domain, Instant now);
// All of them, by name.
Result<std::vector<SendingDomain>> list_domains(db::Connection& connection,
                                                OrganisationId organisation);

// What DNS said. `is_verified`: nothing, when DNS did not answer: it stays as it was.
struct CheckResult {
  std::string findings;
  std::optional<bool> is_verified;
};
Result<void> store_check(db::Connection& connection, OrganisationId organisation,
                         const SendingDomain& domain, const CheckResult& result, Instant now);

// A key as the signer wants it.
struct ActiveKey {
  DomainKeyId id;
  std::string domain;
  std::string selector;
  wire::DkimKey key;
};
// Of the whole organisation, by domain, RSA first. `known` are those whose private half need not be
// opened again. Error: dkim.unavailable where the master key does not open one.
Result<std::vector<ActiveKey>> load_active_keys(db::Connection& connection,
                                                OrganisationId organisation,
                                                const identity::SecretBox& secrets,
                                                const std::vector<ActiveKey>& known);

}  // namespace tidings::domains
