#include "report/campaign_troubles.h"

#include <array>
#include <chrono>

#include <fmt/format.h>

#include "domain/campaign.h"

namespace tidings::report {
namespace {

constexpr Duration kRecent = std::chrono::days(30);
// Fewer say nothing.
constexpr std::int64_t kFailingMin = 20;
constexpr std::int64_t kBlockedMin = 10;
constexpr std::int64_t kPercentMax = 5;  // of what was tried

// By primary key from the newest id down: ids follow time.
constexpr db::Statement kCampaigns{
    "report.troubled_campaigns",
    "SELECT c.id, c.name, c.state, c.reason, CAST(COALESCE(SUM(n.sent), 0) AS BIGINT),"
    " CAST(COALESCE(SUM(n.bounced + n.returned + n.failed), 0) AS BIGINT),"
    " CAST(COALESCE(SUM(n.blocked), 0) AS BIGINT),"
    " CAST(COALESCE(SUM(n.marked_as_spam), 0) AS BIGINT)"
    " FROM campaign c LEFT JOIN campaign_counter n ON n.organisation_id = c.organisation_id"
    " AND n.campaign_id = c.id"
    " WHERE c.organisation_id = $1 AND c.deleted_at IS NULL AND (c.state = 7 OR c.started_at > $2)"
    " GROUP BY c.organisation_id, c.id, c.name, c.state, c.reason ORDER BY c.id DESC LIMIT 200"};

struct Words {
  std::string_view word;
  std::string_view what_to_do;
};
// In the order of the enumeration.
constexpr std::array<Words, 4> kWords = {{
    {"held", "Look at the campaign: let it go on, or cancel it."},
    {"failing",
     "Look at its recipients: when one reason stands out, it is ours or a provider's; "
     "when they are dead addresses, the list is old."},
    {"blocked",
     "Run `tidings domain check`, and read what the providers said; write to fewer "
     "people at a time until they accept us again."},
    {"complaints",
     "Write only to people who asked for it, and see that the unsubscribe link is "
     "easy to find. Providers refuse senders with more complaints than this."},
}};

std::string sentence_of(Trouble trouble, const CampaignCounts& counts, std::string_view reason) {
  const std::int64_t tried = counts.sent + counts.not_arrived;
  switch (trouble) {
    case Trouble::held:
      return reason.empty() ? "It is held until a person decides."
                            : fmt::format("It is held: {}.", reason);
    case Trouble::failing:
      return fmt::format("{} of {} messages did not arrive.", counts.not_arrived, tried);
    case Trouble::blocked:
      return fmt::format("Mail providers refused {} of {} messages because of us.", counts.blocked,
                         tried);
    case Trouble::complaints:
      return fmt::format("{} of {} messages were marked as spam; one of a thousand is too many.",
                         counts.complaints, counts.sent);
  }
  return {};
}

}  // namespace

std::string_view to_string(Trouble trouble) {
  return kWords[static_cast<std::size_t>(trouble)].word;
}

std::vector<Trouble> troubles_of(const CampaignCounts& counts) {
  std::vector<Trouble> found;
  const std::int64_t tried = counts.sent + counts.not_arrived;
  const auto is_much = [&](std::int64_t part) { return part * 100 >= tried * kPercentMax; };
  if (counts.not_arrived >= kFailingMin && is_much(counts.not_arrived)) {
    found.push_back(Trouble::failing);
  }
  if (counts.blocked >= kBlockedMin && is_much(counts.blocked)) found.push_back(Trouble::blocked);
  if (counts.complaints * 1000 > counts.sent) found.push_back(Trouble::complaints);
  return found;
}

Result<std::vector<CampaignTrouble>> campaign_troubles(db::Connection& connection,
                                                       OrganisationId organisation, Instant now) {
  std::vector<CampaignTrouble> all;
  TRY(connection.query(kCampaigns, {organisation, now - kRecent}, [&](const db::Row& row) {
    const CampaignCounts counts{row.integer(4), row.integer(5), row.integer(6), row.integer(7)};
    std::vector<Trouble> troubles = troubles_of(counts);
    if (static_cast<CampaignState>(row.integer(2)) == CampaignState::held) {
      troubles.insert(troubles.begin(), Trouble::held);
    }
    for (const Trouble each : troubles) {
      all.push_back({row.id<CampaignId>(0), row.string(1), each,
                     sentence_of(each, counts, row.text(3)),
                     kWords[static_cast<std::size_t>(each)].what_to_do});
    }
  }));
  return all;
}

std::span<const db::Statement> campaign_trouble_statements() {
  static constexpr std::array kAll = {kCampaigns};
  return kAll;
}

}  // namespace tidings::report
