// Which occasions somebody must be told of (B17), and who was told: once for each, until it has
// been over for a day. Thread: as the connection. Errors: those of db.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"

namespace tidings::report {

struct Occasion {
  std::string key;      // "campaign/<id>/failing", "domain/<name>", "disk"
  std::string subject;  // of the mail
  std::string text;     // what is the matter, and what to do
};

// Campaigns in trouble (campaign_troubles.h), and domains that were checked a day after they were
// added, or later, and lack what sending needs.
Result<std::vector<Occasion>> occasions(db::Connection& connection, OrganisationId organisation,
                                        Instant now);
// Pure; none up to 85 % full.
std::vector<Occasion> disk_occasion(std::uint64_t size, std::uint64_t free);

struct Untold {
  Occasion occasion;
  Instant began_at{};  // with the key, of this time alone
};
// Those of `current` that nobody was told of yet. In a write transaction.
Result<std::vector<Untold>> untold(db::Connection& connection, OrganisationId organisation,
                                   std::span<const Occasion> current, Instant now);
Result<void> told(db::Connection& connection, OrganisationId organisation, const std::string& key,
                  Instant now);

// What somebody was, or is to be, told of; the newest first, at most 200.
struct StandingAlert {
  enum class About : std::uint8_t { campaign, domain, disk };
  About about = About::disk;
  CampaignId campaign_id;
  std::string name;     // of the campaign or the domain
  std::string trouble;  // of a campaign: campaign_troubles.h
  Instant began_at{};
  std::optional<Instant> told_at;
  bool is_over = false;
};
Result<std::vector<StandingAlert>> standing_alerts(db::Connection& connection,
                                                   OrganisationId organisation, Instant now);

// Whom: the owners, else the administrators; their addresses.
Result<std::vector<std::string>> alert_addresses(db::Connection& connection,
                                                 OrganisationId organisation);

}  // namespace tidings::report
