// tidings campaign new: begins a draft from a saved message, for people that are named by groups
// and segments, and says whom it would reach.
#pragma once

#include "edge/cli/command.h"

namespace tidings::cli {

// Adds `new` below `campaign`.
void add_campaign_new(Parser& campaign, CommandLine& line);

}  // namespace tidings::cli
