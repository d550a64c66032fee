#include "audience/suppression_check.h"

#include <optional>
#include <unordered_set>
#include <utility>

#include "audience/erased_addresses.h"

namespace tidings::audience {

namespace {

constexpr db::Statement kHasAny{
    "suppression.has_any",
    "SELECT 1 FROM suppression WHERE organisation_id = $1 AND channel = $2"
    " AND released_at IS NULL LIMIT 1"};

// The oldest comes last.
constexpr db::Statement kFind{
    "suppression.find_one",
    "SELECT reason, kinds, topic_id, created_at FROM suppression"
    " WHERE organisation_id = $1 AND channel = $2 AND normalised = $3 AND released_at IS NULL"
    " AND (expires_at IS NULL OR expires_at > $4) ORDER BY created_at DESC, id DESC"};

constexpr db::Statement kHasErased{
    "suppression.has_erased",
    "SELECT 1 FROM suppression WHERE organisation_id = $1 AND channel = $2"
    " AND normalised >= 'erased ' AND normalised < 'erased!' AND released_at IS NULL LIMIT 1"};

std::string_view domain_of(std::string_view normalised) {
  const auto at = normalised.rfind('@');
  return at == std::string_view::npos ? std::string_view() : normalised.substr(at);
}

}  // namespace

Result<std::unordered_map<std::string, std::string>> find_suppressed(
    db::Connection& connection, OrganisationId organisation, Channel channel,
    const RecipientPolicy& policy, const std::vector<std::string_view>& normalised) {
  std::unordered_map<std::string, std::string> found;
  bool any = false;
  TRY(connection.query(kHasAny, {organisation, int(channel)}, [&](const db::Row&) { any = true; }));
  if (!any || normalised.empty()) return found;

  std::vector<std::string_view> asked;
  asked.reserve(normalised.size() * 2);
  std::unordered_set<std::string_view> domains;
  for (const std::string_view address : normalised) {
    if (address.empty()) continue;
    asked.push_back(address);
    const std::string_view domain = domain_of(address);
    if (!domain.empty() && domains.insert(domain).second) asked.push_back(domain);
  }
  // The addresses of erased people are known by their hash only.
  std::unordered_map<std::string, std::string> hashed;  // hash → address
  bool any_erased = false;
  TRY(connection.query(kHasErased, {organisation, int(channel)},
                       [&](const db::Row&) { any_erased = true; }));
  if (const auto key = any_erased ? TRY(erasure_key(connection, organisation)) : std::nullopt) {
    for (const std::string_view address : normalised) {
      if (address.empty() || is_erased_form(address)) continue;
      const auto [at, is_new] = hashed.emplace(erased_form(*key, channel, address), address);
      if (is_new) asked.push_back(at->first);
    }
  }
  struct Weighed {
    std::string reason;
    int weight = 0;
  };
  std::unordered_map<std::string, Weighed> rows;
  std::vector<db::Param> keys;
  keys.reserve(asked.size() * 4);
  for (const std::string_view one : asked) {
    keys.insert(keys.end(), {organisation, int(channel), one, policy.now});
  }
  TRY(connection.query_many(kFind, 4, keys, [&](std::size_t i, const db::Row& row) {
    const SuppressionFact fact{row.text(0), row.boolean(1), TopicId{row.integer(2)},
                               row.instant(3)};
    if (!concerns(fact, policy)) return;
    Weighed& known = rows[std::string(asked[i])];
    const int weight = weight_of(fact);
    if (weight < known.weight) return;
    known = {std::string(fact.reason), weight};
  }));
  if (rows.empty()) return found;
  for (const auto& [hash, address] : hashed)
    if (const auto at = rows.find(hash); at != rows.end()) found[address] = at->second.reason;
  for (const std::string_view address : normalised) {
    const std::string key(address);
    if (const auto at = rows.find(key); at != rows.end()) {
      found[key] = at->second.reason;
    } else if (rows.contains(std::string(domain_of(address)))) {
      found[key] = "domain";
    }
  }
  return found;
}

}  // namespace tidings::audience
