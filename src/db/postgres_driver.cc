#include "db/postgres_driver.h"

#include <utility>

#include "db/driver.h"
#include "db/postgres_session.h"

namespace tidings::db {

Result<std::unique_ptr<Database>> open_postgres(const std::string& url, DatabaseOptions options) {
  using Mode = PostgresSession::Mode;
  auto session = TRY(PostgresSession::open(url, Mode::writer));
  return std::make_unique<Driver>(std::move(session), Driver::Readers::separate,
                                  static_cast<std::size_t>(options.readers),
                                  [url]() -> Result<std::unique_ptr<Session>> {
                                    return TRY(PostgresSession::open(url, Mode::reader));
                                  });
}

}  // namespace tidings::db
