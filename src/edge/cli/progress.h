// What a campaign's progress looks like on a terminal: the bar and the five counters of P26.
// Thread: one.
#pragma once

#include <string>
#include <vector>

#include "compose/campaigns.h"
#include "db/database.h"
#include "delivery/ledger.h"

namespace tidings::cli {

struct CampaignView {
  compose::Campaign campaign;
  delivery::CampaignFigures figures;
  // Everybody is in the figures; until then the total still grows.
  bool is_expanded() const { return campaign.expanded_at.has_value(); }
  bool is_finished() const { return campaign.finished_at.has_value(); }
};

Result<CampaignView> view_campaign(db::Database& database, OrganisationId organisation,
                                   CampaignId id);

// One line of at most `width` columns: bar, share, the five counters, messages a second.
std::string progress_line(const CampaignView& view, double per_second, int width);
// Sentences after the end: what was sent, what failed and why not, what remains.
std::string summary(const CampaignView& view, Duration took);

// 0, 1, 2 (nobody to write to) or 3, as interface.md says.
int exit_code_of(const CampaignView& view);

bool is_terminal(int descriptor);

}  // namespace tidings::cli
