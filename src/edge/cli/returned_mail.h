// The commands of `tidings bounce` that look up mail that came back to the server: the calls of the
// API behind them. Thread: any.
#pragma once

#include "edge/cli/command.h"

namespace tidings::cli {

void add_returned_mail_commands(Parser& bounce, CommandLine& line);

}  // namespace tidings::cli
