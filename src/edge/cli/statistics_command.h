// tidings statistics. Thread: as the others (command.h).
#pragma once

#include "edge/cli/command.h"

namespace tidings::cli {

void add_statistics_command(Parser& app, CommandLine& line);

}  // namespace tidings::cli
