// What PostgreSQL reported, as an Error a person understands. Thread: any.
#pragma once

#include <string_view>

#include "base/result.h"
#include "db/session.h"

namespace tidings::db {

struct PostgresTrouble {
  Trouble trouble;
  Error error;
};

// `sqlstate` is empty when the failure came from the network or libpq; `said` is the server's
// message, `what` the statement's name.
PostgresTrouble describe_postgres_failure(std::string_view sqlstate, std::string_view said,
                                          std::string_view what);

}  // namespace tidings::db
