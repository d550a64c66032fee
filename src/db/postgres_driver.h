// Opens a PostgreSQL database as a Database: see database.h and postgres_session.h. Thread: any.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "db/database.h"

namespace tidings::db {

Result<std::unique_ptr<Database>> open_postgres(const std::string& url, DatabaseOptions options);

}  // namespace tidings::db
