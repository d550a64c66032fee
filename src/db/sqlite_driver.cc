#include "db/sqlite_driver.h"

#include <utility>

#include "db/driver.h"
#include "db/sqlite_session.h"

namespace tidings::db {

Result<std::unique_ptr<Database>> open_sqlite(const std::string& path, DatabaseOptions options) {
  const bool memory = path == ":memory:";
  using Mode = SqliteSession::Mode;
  auto session =
      TRY(SqliteSession::open(path, memory ? Mode::memory : Mode::writer, options.busy_timeout));
  return std::make_unique<Driver>(
      std::move(session), memory ? Driver::Readers::shared : Driver::Readers::separate,
      static_cast<std::size_t>(options.readers),
      [path, options]() -> Result<std::unique_ptr<Session>> {
        return TRY(SqliteSession::open(path, Mode::reader, options.busy_timeout));
      });
}

}  // namespace tidings::db
