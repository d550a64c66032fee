// Opens a SQLite database as a Database: see database.h and sqlite_session.h. Thread: any.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "db/database.h"

namespace tidings::db {

// `path` is a file, created if missing, or ":memory:" (one session serves writes and reads in
// turn, so that reads see the same data; for tests and short commands).
Result<std::unique_ptr<Database>> open_sqlite(const std::string& path, DatabaseOptions options);

}  // namespace tidings::db
