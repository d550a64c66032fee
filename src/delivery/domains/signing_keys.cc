#include "delivery/domains/signing_keys.h"

#include <utility>

#include "delivery/domains/nearest_domain.h"

namespace tidings::domains {

SigningKeys::SigningKeys(db::Database& database, const identity::SecretBox& secrets,
                         const Clock& clock)
    : database_(database), secrets_(secrets), clock_(clock) {}

std::vector<SigningKeys::Domain> SigningKeys::signers_of(const std::vector<ActiveKey>& keys) {
  std::vector<Domain> domains;
  for (std::size_t i = 0; i < keys.size();) {
    const std::string& name = keys[i].domain;
    std::vector<wire::DkimIdentity> identities;
    for (; i < keys.size() && keys[i].domain == name; ++i) {
      identities.push_back({name, keys[i].selector, keys[i].key});
    }
    domains.push_back({name, std::make_shared<const wire::DkimSigner>(std::move(identities))});
  }
  return domains;
}

Result<void> SigningKeys::refresh(OrganisationId organisation, Known& known) {
  const bool is_first = known.loaded_at == Instant();
  auto keys = database_.read_value([&](db::Connection& connection) {
    return load_active_keys(connection, organisation, secrets_, known.keys);
  });
  if (!keys && (is_first || keys.error().code == "dkim.unavailable")) {
    return std::unexpected(std::move(keys).error());
  }
  known.loaded_at = clock_.now();
  if (!keys) return {};
  known.domains = signers_of(*keys);
  known.keys = *std::move(keys);
  return {};
}

Result<std::shared_ptr<const wire::DkimSigner>> SigningKeys::signer(OrganisationId organisation,
                                                                    std::string_view from_domain) {
  const std::lock_guard lock(mutex_);
  Known& known = known_[organisation];
  if (is_stale(known.loaded_at, clock_.now())) TRY(refresh(organisation, known));
  const Domain* nearest = nearest_domain(known.domains, from_domain, &Domain::name);
  return nearest == nullptr ? nullptr : nearest->signer;
}

}  // namespace tidings::domains
