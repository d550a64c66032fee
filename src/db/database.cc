#include "db/database.h"

#include <algorithm>
#include <string_view>

#include "db/postgres_driver.h"
#include "db/sqlite_driver.h"

namespace tidings::db {

Result<std::unique_ptr<Database>> Database::open(const std::string& url, DatabaseOptions options) {
  options.readers = std::clamp(options.readers, 1, 64);
  const std::string_view given(url);
  constexpr std::string_view sqlite = "sqlite:";
  if (given.starts_with(sqlite) && given.size() > sqlite.size()) {
    return open_sqlite(url.substr(sqlite.size()), options);
  }
  if (given.starts_with("postgres://") || given.starts_with("postgresql://")) {
    return open_postgres(url, options);
  }
  // The address may hold a password, so it is not repeated here.
  return fail(ErrorKind::invalid, "db.url",
              "The database address is not one Tidings knows. Use sqlite:PATH for a file, or "
              "postgres://USER:PASSWORD@HOST/NAME.");
}

}  // namespace tidings::db
