// Send-outs on a terminal: the calls of the API behind `tidings log --send-outs`.
// Thread: any.
#pragma once

#include <cstdint>
#include <string>

#include "edge/cli/workplace.h"

namespace tidings::cli {

// `query` is the filters of listSendOuts, percent-encoded, with "&" before each. With `is_json` one
// object per line. Returns the exit code.
int show_send_outs(const WorkplaceOptions& place, const std::string& query, std::int64_t most,
                   bool is_json);

}  // namespace tidings::cli
