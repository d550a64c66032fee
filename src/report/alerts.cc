#include "report/alerts.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "report/campaign_troubles.h"

namespace tidings::report {
namespace {

constexpr Duration kOver = std::chrono::days(1);
constexpr Duration kSeenEvery = std::chrono::hours(1);
// Time to put into DNS what a new domain needs.
constexpr Duration kSetUp = std::chrono::days(1);
constexpr std::string_view kCampaignKey = "campaign/";
constexpr std::string_view kDomainKey = "domain/";
constexpr std::uint64_t kDiskPercentMax = 85;
constexpr std::int64_t kAddressesMax = 20;
constexpr std::int64_t kStandingMax = 200;

constexpr db::Statement kRedDomains{
    "alert.red_domains",
    "SELECT name FROM sending_domain WHERE organisation_id = $1 AND checked_at IS NOT NULL"
    " AND verified_at IS NULL AND created_at < $2 ORDER BY name LIMIT 100"};
constexpr db::Statement kKnown{"alert.known",
                               "SELECT began_at, seen_at, told_at FROM alert"
                               " WHERE organisation_id = $1 AND occasion = $2"};
constexpr db::Statement kBegin{
    "alert.begin",
    "INSERT INTO alert (organisation_id, occasion, began_at, seen_at) VALUES ($1, $2, $3, $3)"
    " ON CONFLICT (organisation_id, occasion) DO UPDATE SET began_at = excluded.began_at,"
    " seen_at = excluded.seen_at, told_at = NULL"};
constexpr db::Statement kSeen{
    "alert.seen", "UPDATE alert SET seen_at = $3 WHERE organisation_id = $1 AND occasion = $2"};
constexpr db::Statement kTold{
    "alert.told", "UPDATE alert SET told_at = $3 WHERE organisation_id = $1 AND occasion = $2"};
constexpr db::Statement kForget{"alert.forget",
                                "DELETE FROM alert WHERE organisation_id = $1 AND seen_at < $2"};
constexpr db::Statement kStanding{"alert.standing",
                                  "SELECT occasion, began_at, seen_at, told_at FROM alert"
                                  " WHERE organisation_id = $1 ORDER BY began_at DESC, occasion"
                                  " LIMIT $2"};
constexpr db::Statement kCampaignName{
    "alert.campaign_name", "SELECT name FROM campaign WHERE organisation_id = $1 AND id = $2"};
constexpr db::Statement kAddresses{
    "alert.addresses",
    "SELECT u.email, m.role FROM membership m JOIN user_account u ON u.id = m.user_id"
    " WHERE m.organisation_id = $1 AND m.role IN ('owner', 'administrator')"
    " AND m.disabled_at IS NULL AND u.disabled_at IS NULL ORDER BY u.id LIMIT $2"};

}  // namespace

Result<std::vector<Occasion>> occasions(db::Connection& connection, OrganisationId organisation,
                                        Instant now) {
  std::vector<Occasion> all;
  for (const CampaignTrouble& each : TRY(campaign_troubles(connection, organisation, now))) {
    all.push_back(
        {fmt::format("{}{}/{}", kCampaignKey, to_text(each.campaign_id), to_string(each.trouble)),
         fmt::format("Campaign “{}” is in trouble", each.name),
         fmt::format("{}\n\n{}", each.sentence, each.what_to_do)});
  }
  TRY(connection.query(kRedDomains, {organisation, now - kSetUp}, [&](const db::Row& row) {
    const std::string name = row.string(0);
    all.push_back(
        {std::string(kDomainKey) + name,
         fmt::format("The domain {} lacks what sending needs", name),
         fmt::format("At the last check, DNS did not have all that mail from {0} needs to "
                     "be accepted.\n\nRun `tidings domain check {0}`: it says what to "
                     "mend.",
                     name)});
  }));
  return all;
}

std::vector<Occasion> disk_occasion(std::uint64_t size, std::uint64_t free) {
  if (size == 0 || free > size) return {};
  const std::uint64_t used = static_cast<std::uint64_t>(static_cast<long double>(size - free) *
                                                        100 / static_cast<long double>(size));
  if (used <= kDiskPercentMax) return {};
  return {{"disk", fmt::format("The disk is {} % full", used),
           "When it is full, nothing more is accepted to be sent until there is space.\n\nMake "
           "room, or move the data folder to a larger disk."}};
}

Result<std::vector<Untold>> untold(db::Connection& connection, OrganisationId organisation,
                                   std::span<const Occasion> current, Instant now) {
  struct Known {
    Instant began_at{};
    Instant seen_at{};
    bool is_told = false;
  };
  std::vector<Untold> found;
  for (const Occasion& occasion : current) {
    const auto known =
        TRY(connection.query_first(kKnown, {organisation, occasion.key}, [](const db::Row& row) {
          return Known{row.instant(0), row.instant(1), !row.is_null(2)};
        }));
    if (!known || known->seen_at < now - kOver) {
      TRY(connection.execute(kBegin, {organisation, occasion.key, now}));
      found.push_back({occasion, now});
      continue;
    }
    if (known->seen_at < now - kSeenEvery) {
      TRY(connection.execute(kSeen, {organisation, occasion.key, now}));
    }
    if (!known->is_told) found.push_back({occasion, known->began_at});
  }
  TRY(connection.execute(kForget, {organisation, now - kOver}));
  return found;
}

Result<void> told(db::Connection& connection, OrganisationId organisation, const std::string& key,
                  Instant now) {
  TRY(connection.execute(kTold, {organisation, key, now}));
  return {};
}

Result<std::vector<StandingAlert>> standing_alerts(db::Connection& connection,
                                                   OrganisationId organisation, Instant now) {
  std::vector<StandingAlert> found;
  TRY(connection.query(kStanding, {organisation, kStandingMax}, [&](const db::Row& row) {
    StandingAlert& alert = found.emplace_back();
    const std::string_view key = row.text(0);
    if (key.starts_with(kCampaignKey)) {
      const std::string_view rest = key.substr(kCampaignKey.size());
      const std::size_t slash = std::min(rest.find('/'), rest.size());
      alert.about = StandingAlert::About::campaign;
      alert.campaign_id = CampaignId{parse_id(rest.substr(0, slash)).value_or(0)};
      alert.trouble = rest.substr(std::min(slash + 1, rest.size()));
    } else if (key.starts_with(kDomainKey)) {
      alert.about = StandingAlert::About::domain;
      alert.name = key.substr(kDomainKey.size());
    }
    alert.began_at = row.instant(1);
    // seen_at is put down once an hour while it lasts.
    alert.is_over = row.instant(2) < now - 2 * kSeenEvery;
    if (!row.is_null(3)) alert.told_at = row.instant(3);
  }));
  for (StandingAlert& alert : found) {
    if (!alert.campaign_id.valid()) continue;
    TRY(connection.query(kCampaignName, {organisation, alert.campaign_id},
                         [&](const db::Row& row) { alert.name = row.string(0); }));
  }
  return found;
}

Result<std::vector<std::string>> alert_addresses(db::Connection& connection,
                                                 OrganisationId organisation) {
  std::vector<std::string> owners;
  std::vector<std::string> administrators;
  TRY(connection.query(kAddresses, {organisation, kAddressesMax}, [&](const db::Row& row) {
    (row.text(1) == "owner" ? owners : administrators).push_back(row.string(0));
  }));
  return owners.empty() ? administrators : owners;
}

}  // namespace tidings::report
