#include "delivery/domains/sending_domains.h"

#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/format.h>
#include <openssl/crypto.h>

#include "base/text.h"
#include "db/nullable.h"
#include "delivery/domains/domain_check.h"
#include "wire/email_address.h"
#include "wire/public_suffix.h"

namespace tidings::domains {

namespace {

#define TIDINGS_DOMAIN_COLUMNS                                                   \
  "SELECT id, name, created_at, changed_at, checked_at, findings, verified_at, " \
  "return_path_domain FROM sending_domain "

constexpr db::Statement kInsert{
    "domain.insert",
    "INSERT INTO sending_domain (organisation_id, id, name, created_at, changed_at, findings)"
    " VALUES ($1, $2, $3, $4, $4, '') ON CONFLICT DO NOTHING"};
constexpr db::Statement kCount{"domain.count",
                               "SELECT COUNT(*) FROM sending_domain WHERE organisation_id = $1"};
constexpr db::Statement kLoad{"domain.load",
                              TIDINGS_DOMAIN_COLUMNS "WHERE organisation_id = $1 AND id = $2"};
constexpr db::Statement kList{"domain.list",
                              TIDINGS_DOMAIN_COLUMNS "WHERE organisation_id = $1 ORDER BY name"};
constexpr db::Statement kTouch{
    "domain.touch",
    "UPDATE sending_domain SET changed_at = $1 WHERE organisation_id = $2 AND id = $3"};
constexpr db::Statement kStoreCheck{
    "domain.store_check",
    "UPDATE sending_domain SET checked_at = $1, findings = $2, verified_at = $3, changed_at = $4"
    " WHERE organisation_id = $5 AND id = $6"};
constexpr db::Statement kSetReturnPath{
    "domain.set_return_path",
    "UPDATE sending_domain SET return_path_domain = $1, changed_at = $2, findings = $3"
    " WHERE organisation_id = $4 AND id = $5"};
constexpr db::Statement kDelete{
    "domain.delete", "DELETE FROM sending_domain WHERE organisation_id = $1 AND id = $2"};
constexpr db::Statement kDeleteKeys{
    "domain.delete_keys", "DELETE FROM domain_key WHERE organisation_id = $1 AND domain_id = $2"};
constexpr db::Statement kKeys{
    "domain.keys",
    "SELECT id, selector, algorithm, public_key, created_at, activated_at, retired_at"
    " FROM domain_key WHERE organisation_id = $1 AND domain_id = $2 ORDER BY id DESC LIMIT $3"};
constexpr db::Statement kInsertKey{
    "domain.insert_key",
    "INSERT INTO domain_key (organisation_id, id, domain_id, selector, algorithm, public_key,"
    " sealed, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING"};
constexpr db::Statement kRetire{
    "domain.retire_keys",
    "UPDATE domain_key SET retired_at = $1, sealed = NULL WHERE organisation_id = $2"
    " AND domain_id = $3 AND algorithm = $4 AND retired_at IS NULL AND id < $5"};
constexpr db::Statement kActivate{
    "domain.activate_key",
    "UPDATE domain_key SET activated_at = $1 WHERE organisation_id = $2 AND domain_id = $3"
    " AND id = $4 AND activated_at IS NULL AND retired_at IS NULL"};
constexpr db::Statement kActive{
    "domain.active_keys",
    "SELECT k.id, d.name, k.selector, k.sealed FROM domain_key k JOIN sending_domain d"
    " ON d.organisation_id = k.organisation_id AND d.id = k.domain_id"
    " WHERE k.organisation_id = $1 AND k.activated_at IS NOT NULL AND k.retired_at IS NULL"
    " ORDER BY d.name, k.algorithm DESC, k.id"};

std::string seal_context(OrganisationId organisation, DomainKeyId key) {
  return fmt::format("domain_key/{}/{}", organisation.value, key.value);
}

SendingDomain read(const db::Row& row) {
  SendingDomain domain;
  domain.id = row.id<SendingDomainId>(0);
  domain.name = row.string(1);
  domain.created_at = row.instant(2);
  domain.changed_at = row.instant(3);
  domain.checked_at = maybe_instant(row, 4);
  domain.findings = row.string(5);
  domain.verified_at = maybe_instant(row, 6);
  domain.return_path_domain = row.string(7);
  return domain;
}

DomainKey read_key(const db::Row& row) {
  DomainKey key;
  key.id = row.id<DomainKeyId>(0);
  key.selector = row.string(1);
  key.algorithm = wire::parse_dkim_algorithm(row.text(2)).value_or(wire::DkimAlgorithm::rsa_sha256);
  key.public_key = row.string(3);
  key.created_at = row.instant(4);
  key.activated_at = maybe_instant(row, 5);
  key.retired_at = maybe_instant(row, 6);
  return key;
}

Result<void> load_keys(db::Connection& connection, OrganisationId organisation,
                       SendingDomain& domain) {
  return connection.query(kKeys, {organisation, domain.id, kKeysShown},
                          [&](const db::Row& row) { domain.keys.push_back(read_key(row)); });
}

// After what it was in any case: an ETag names one version.
Instant after(Instant before, Instant now) { return std::max(now, before + Duration(1)); }

std::string_view short_name(wire::DkimAlgorithm algorithm) {
  return algorithm == wire::DkimAlgorithm::rsa_sha256 ? "rsa" : "ed25519";
}

// As a rule the first try is free; a second rotation on one day is not.
Result<void> insert_key(db::Connection& connection, IdSource& ids, OrganisationId organisation,
                        const SendingDomain& domain, const identity::SecretBox& secrets,
                        const NewKey& made, Instant now) {
  constexpr int kTries = 100;
  const auto id = ids.next<DomainKeyId>();
  std::string der = made.key.to_der();
  const std::string sealed = secrets.seal(seal_context(organisation, id), der);
  OPENSSL_cleanse(der.data(), der.size());
  for (int i = 1; i <= kTries; ++i) {
    const std::string selector = i == 1 ? made.selector : fmt::format("{}-{}", made.selector, i);
    if (TRY(connection.execute(
            kInsertKey, {organisation, id, domain.id, selector, to_string(made.key.algorithm()),
                         made.key.public_key(), db::BytesView{sealed}, now})) == 1) {
      return {};
    }
    if (made.has_chosen_selector) break;
  }
  return fail(
      ErrorKind::conflict, "domain.selector_taken",
      fmt::format("{} has, or had, a key with the selector {}. Choose another one: what was "
                  "signed with the old key must be told from what the new one signs.",
                  domain.name, made.selector));
}

}  // namespace

std::string_view to_string(KeyState state) {
  constexpr std::array<std::string_view, 3> kWords = {"waiting", "active", "retired"};
  return kWords[static_cast<std::size_t>(state)];
}

Result<std::string> read_domain_name(std::string_view typed) {
  std::string_view text = trimmed(typed);
  if (text.ends_with('.')) text.remove_suffix(1);
  // Whatever is a domain of an address is one here.
  const auto address = wire::parse_email_address("x@" + std::string(text));
  if (text.contains('@') || !address || address->domain().contains('[')) {
    return fail(ErrorKind::invalid, "domain.name",
                "That is no domain name. Give what stands behind the @ of your addresses, such as "
                "example.org.");
  }
  std::string name(address->domain());
  if (wire::is_public_suffix(name)) {
    return fail(ErrorKind::invalid, "domain.public_suffix",
                fmt::format("Under {} everybody registers names. Give the one that is yours, such "
                            "as example.{}.",
                            name, name));
  }
  return name;
}

Result<std::string> read_return_path_domain(std::string_view typed, std::string_view domain) {
  if (trimmed(typed).empty()) return std::string();
  std::string name = TRY(read_domain_name(typed));
  if (wire::organisational_domain(name) != wire::organisational_domain(domain)) {
    return fail(ErrorKind::invalid, "domain.return_path",
                fmt::format("Reports come back to a name of the same domain, or receivers take the "
                            "mail for forged: choose one below {}, such as bounces.{}.",
                            wire::organisational_domain(domain), domain));
  }
  return name;
}

Result<std::vector<NewKey>> make_keys(const KeyWish& wish, Instant now) {
  if (!wish.selector.empty() && !wire::is_dkim_selector(wish.selector)) {
    return fail(ErrorKind::invalid, "domain.selector",
                "A selector has letters, digits and hyphens, perhaps with dots between, at most 63 "
                "in all: such as mail2026.");
  }
  std::vector<NewKey> keys;
  if (!wish.pem.empty()) {
    if (wish.selector.empty()) {
      return fail(ErrorKind::invalid, "domain.selector",
                  "Say under which selector the key is published: the first word of the name of "
                  "its record, before ._domainkey.");
    }
    keys.push_back({lower(wish.selector), true, TRY(wire::DkimKey::from_pem(wish.pem))});
    return keys;
  }
  using enum wire::DkimAlgorithm;
  const auto algorithms =
      wish.algorithms.empty() ? std::vector{rsa_sha256, ed25519_sha256} : wish.algorithms;
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(now));
  for (const wire::DkimAlgorithm algorithm : algorithms) {
    NewKey made{lower(wish.selector), !wish.selector.empty(),
                TRY(wire::DkimKey::generate(algorithm))};
    if (wish.selector.empty()) {
      made.selector =
          fmt::format("t{}{:02}{:02}", static_cast<int>(day.year()),
                      static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
    }
    if (wish.selector.empty() || algorithms.size() > 1) {
      made.selector += fmt::format("-{}", short_name(algorithm));
    }
    if (!wire::is_dkim_selector(made.selector)) {
      return fail(ErrorKind::invalid, "domain.selector", "The selector is too long.");
    }
    keys.push_back(std::move(made));
  }
  return keys;
}

Result<SendingDomainId> create_domain(db::Connection& connection, IdSource& ids,
                                      OrganisationId organisation, std::string_view name,
                                      Instant now) {
  const auto count = TRY(connection.query_first(kCount, {organisation},
                                                [](const db::Row& row) { return row.integer(0); }));
  if (count.value_or(0) >= static_cast<std::int64_t>(kDomainsMax)) {
    return fail(ErrorKind::limit, "domain.too_many",
                fmt::format("An organisation has at most {} sending domains. Remove one first.",
                            kDomainsMax));
  }
  const auto id = ids.next<SendingDomainId>();
  if (TRY(connection.execute(kInsert, {organisation, id, name, now})) == 0) {
    return fail(
        ErrorKind::conflict, "domain.exists",
        fmt::format("{} is a sending domain already. For new keys, rotate those it has.", name));
  }
  return id;
}

Result<void> add_keys(db::Connection& connection, IdSource& ids, OrganisationId organisation,
                      const SendingDomain& domain, const identity::SecretBox& secrets,
                      const std::vector<NewKey>& keys, Instant now) {
  const auto open = std::ranges::count_if(
      domain.keys, [](const DomainKey& key) { return key.state() != KeyState::retired; });
  if (static_cast<std::size_t>(open) + keys.size() > kOpenKeysMax) {
    return fail(ErrorKind::limit, "domain.too_many_keys",
                fmt::format("{} has {} keys that wait or sign. Publish one of those, or activate "
                            "it, before you ask for more.",
                            domain.name, open));
  }
  for (const NewKey& made : keys) {
    TRY(insert_key(connection, ids, organisation, domain, secrets, made, now));
  }
  TRY(connection.execute(kTouch, {after(domain.changed_at, now), organisation, domain.id}));
  return {};
}

Result<int> activate_keys(db::Connection& connection, OrganisationId organisation,
                          const SendingDomain& domain, const std::vector<DomainKeyId>& keys,
                          Instant now) {
  int activated = 0;
  // Oldest first, so that of two with one algorithm the newer one stays.
  for (auto key = domain.keys.rbegin(); key != domain.keys.rend(); ++key) {
    if (key->state() != KeyState::waiting || std::ranges::find(keys, key->id) == keys.end()) {
      continue;
    }
    TRY(connection.execute(kRetire,
                           {now, organisation, domain.id, to_string(key->algorithm), key->id}));
    activated += static_cast<int>(
        TRY(connection.execute(kActivate, {now, organisation, domain.id, key->id})));
  }
  if (activated > 0) {
    TRY(connection.execute(kTouch, {after(domain.changed_at, now), organisation, domain.id}));
  }
  return activated;
}

Result<SendingDomain> load_domain(db::Connection& connection, OrganisationId organisation,
                                  SendingDomainId id) {
  auto found = TRY(connection.query_first(kLoad, {organisation, id}, read));
  if (!found) {
    return fail(ErrorKind::not_found, "domain.not_found",
                "There is no such sending domain. It may have been removed.");
  }
  TRY(load_keys(connection, organisation, *found));
  return *std::move(found);
}

Result<void> delete_domain(db::Connection& connection, OrganisationId organisation,
                           SendingDomainId id) {
  TRY(load_domain(connection, organisation, id));
  TRY(connection.execute(kDeleteKeys, {organisation, id}));
  TRY(connection.execute(kDelete, {organisation, id}));
  return {};
}

Result<void> set_return_path_domain(db::Connection& connection, OrganisationId organisation,
                                    const SendingDomain& domain,
                                    std::string_view return_path_domain, Instant now) {
  // What was found out is of another name.
  auto findings = findings_from_json(domain.findings);
  std::erase_if(findings, [](const CheckFinding& each) { return each.check == "return_path"; });
  TRY(connection.execute(
      kSetReturnPath,
      {return_path_domain, after(domain.changed_at, now),
       findings.empty() ? std::string() : findings_to_json(findings), organisation, domain.id}));
  return {};
}

Result<std::vector<SendingDomain>> list_domains(db::Connection& connection,
                                                OrganisationId organisation) {
  std::vector<SendingDomain> domains;
  TRY(connection.query(kList, {organisation},
                       [&](const db::Row& row) { domains.push_back(read(row)); }));
  for (SendingDomain& domain : domains) TRY(load_keys(connection, organisation, domain));
  return domains;
}

Result<void> store_check(db::Connection& connection, OrganisationId organisation,
                         const SendingDomain& domain, const CheckResult& result, Instant now) {
  std::optional<Instant> verified = domain.verified_at;
  if (result.is_verified && !*result.is_verified) verified.reset();
  if (result.is_verified && *result.is_verified && !verified) verified = now;
  TRY(connection.execute(kStoreCheck, {now, result.findings, verified,
                                       after(domain.changed_at, now), organisation, domain.id}));
  return {};
}

Result<std::vector<ActiveKey>> load_active_keys(db::Connection& connection,
                                                OrganisationId organisation,
                                                const identity::SecretBox& secrets,
                                                const std::vector<ActiveKey>& known) {
  struct Sealed {
    DomainKeyId id;
    std::string domain, selector, sealed;
  };
  std::vector<Sealed> found;
  TRY(connection.query(kActive, {organisation}, [&](const db::Row& row) {
    found.push_back(
        {row.id<DomainKeyId>(0), row.string(1), row.string(2), std::string(row.bytes(3))});
  }));
  std::vector<ActiveKey> keys;
  keys.reserve(found.size());
  for (Sealed& each : found) {
    const auto at = std::ranges::find(known, each.id, &ActiveKey::id);
    if (at != known.end()) {
      keys.push_back(*at);
      continue;
    }
    auto der = secrets.unseal(seal_context(organisation, each.id), each.sealed);
    auto key =
        der ? wire::DkimKey::from_der(*der) : Result<wire::DkimKey>(std::unexpected(der.error()));
    if (der) OPENSSL_cleanse(der->data(), der->size());
    if (!key) {
      return fail(ErrorKind::unavailable, "dkim.unavailable",
                  fmt::format("The key {} of {} cannot be opened, so nothing is signed: {}",
                              each.selector, each.domain, key.error().message));
    }
    keys.push_back({each.id, std::move(each.domain), std::move(each.selector), *std::move(key)});
  }
  return keys;
}

}  // namespace tidings::domains
