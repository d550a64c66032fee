#include "audience/suppression_check.h"

#include <boost/json.hpp>
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
constexpr db::StatementPair kFind{
    {"suppression.find_many",
     "SELECT normalised, reason, kinds, topic_id, created_at FROM suppression"
     " WHERE organisation_id = $1 AND channel = $2"
     " AND normalised IN (SELECT value FROM json_each($3)) AND released_at IS NULL"
     " AND (expires_at IS NULL OR expires_at > $4) ORDER BY created_at DESC, id DESC"},
    {"suppression.find_many",
     "SELECT normalised, reason, kinds, topic_id, created_at FROM suppression"
     " WHERE organisation_id = $1 AND channel = $2"
     " AND normalised = ANY(ARRAY(SELECT json_array_elements_text(CAST($3 AS json))))"
     " AND released_at IS NULL AND (expires_at IS NULL OR expires_at > $4)"
     " ORDER BY created_at DESC, id DESC"}};

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

  boost::json::array asked;
  asked.reserve(normalised.size() * 2);
  std::unordered_set<std::string_view> domains;
  for (const std::string_view address : normalised) {
    if (address.empty()) continue;
    asked.emplace_back(address);
    const std::string_view domain = domain_of(address);
    if (!domain.empty() && domains.insert(domain).second) asked.emplace_back(domain);
  }
  // The addresses of erased people are known by their hash only.
  std::unordered_map<std::string, std::string> hashed;  // hash → address
  bool any_erased = false;
  TRY(connection.query(kHasErased, {organisation, int(channel)},
                       [&](const db::Row&) { any_erased = true; }));
  if (const auto key = any_erased ? TRY(erasure_key(connection, organisation)) : std::nullopt) {
    for (const std::string_view address : normalised) {
      if (address.empty() || is_erased_form(address)) continue;
      std::string hash = erased_form(*key, channel, address);
      asked.emplace_back(hash);
      hashed.emplace(std::move(hash), address);
    }
  }
  const std::string asked_text = boost::json::serialize(asked);
  struct Weighed {
    std::string reason;
    int weight = 0;
  };
  std::unordered_map<std::string, Weighed> rows;
  TRY(connection.query(kFind.in(connection.dialect()),
                       {organisation, int(channel), asked_text, policy.now},
                       [&](const db::Row& row) {
                         const SuppressionFact fact{row.text(1), row.boolean(2),
                                                    TopicId{row.integer(3)}, row.instant(4)};
                         if (!concerns(fact, policy)) return;
                         Weighed& known = rows[row.string(0)];
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
