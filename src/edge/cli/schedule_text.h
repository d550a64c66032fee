// What commands say of campaigns that wait for their time.
// Thread: any.
#pragma once

#include <string>

#include "compose/campaigns.h"

namespace tidings::cli {

// "2026-12-01 09:00 Europe/Amsterdam (2026-12-01 08:00 UTC)", "2026-11-22 08:01 UTC" for a start
// that waits for second thoughts; "" for one that has no time.
std::string starts_text(const compose::Campaign& campaign);

// A sentence about one that has not begun: when it starts and what does that, or why it is held and
// what to do; "" for any other.
std::string waiting_text(const compose::Campaign& campaign, const std::string& folder);

}  // namespace tidings::cli
