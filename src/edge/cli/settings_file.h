// Reads the machine's settings for a command: `tidings.toml` of the data folder, the environment,
// and the command's own flags. Errors: settings.unreadable and those of domain/settings.h.
// Thread: any, before other threads change the environment.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/result.h"
#include "domain/settings.h"

namespace tidings::cli {

// A missing file or folder is no error: then the other sources speak. `flags` holds what flags
// said, by the name of the setting. The file may be 1 MB at most.
Result<ResolvedSettings> read_settings(const std::filesystem::path& data,
                                       std::map<std::string, std::string, std::less<>> flags = {});

}  // namespace tidings::cli
