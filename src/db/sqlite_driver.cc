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
  session->use_vault(options.vault);
  return std::make_unique<Driver>(
      std::move(session), memory ? Driver::Readers::shared : Driver::Readers::separate,
      static_cast<std::size_t>(options.readers),
      [path, options]() -> Result<std::unique_ptr<Session>> {
        auto reader = TRY(SqliteSession::open(path, Mode::reader, options.busy_timeout));
        reader->use_vault(options.vault);
        return reader;
      });
}

}  // namespace tidings::db
