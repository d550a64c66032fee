#include "db/postgres_admin.h"

#include "db/postgres_session.h"

namespace tidings::db {

Result<void> run_outside_transaction(const std::string& url, const std::string& sql) {
  const auto session = TRY(PostgresSession::open(url, PostgresSession::Mode::writer));
  return session->run_script(sql);
}

}  // namespace tidings::db
