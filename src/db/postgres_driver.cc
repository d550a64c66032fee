#include "db/postgres_driver.h"

#include <utility>

#include "db/driver.h"
#include "db/postgres_session.h"

namespace tidings::db {

Result<std::unique_ptr<Database>> open_postgres(const std::string& url, DatabaseOptions options) {
  using Mode = PostgresSession::Mode;
  auto session = TRY(PostgresSession::open(url, Mode::writer));
  session->use_vault(options.vault);
  return std::make_unique<Driver>(
      std::move(session), Driver::Readers::separate, static_cast<std::size_t>(options.readers),
      [url, vault = options.vault]() -> Result<std::unique_ptr<Session>> {
        auto reader = TRY(PostgresSession::open(url, Mode::reader));
        reader->use_vault(vault);
        return reader;
      });
}

}  // namespace tidings::db
