#include "db/postgres_errors.h"

#include <fmt/format.h>

namespace tidings::db {

PostgresTrouble describe_postgres_failure(std::string_view sqlstate, std::string_view said,
                                          std::string_view what) {
  while (said.ends_with('\n')) said.remove_suffix(1);
  const std::string_view category = sqlstate.substr(0, 2);
  const auto is = [&](std::string_view code) { return sqlstate == code; };
  if (is("40001") || is("40P01")) {
    return {Trouble::restart,
            {ErrorKind::unavailable, "db.busy",
             "Other programs kept changing the same data. Try again in a few seconds."}};
  }
  // admin_shutdown, crash_shutdown, cannot_connect_now, idle sessions ended, connection exceptions.
  if (sqlstate.empty() || category == "08" || is("57P01") || is("57P02") || is("57P03") ||
      is("57P05") || is("25P03")) {
    return {Trouble::lost,
            {ErrorKind::unavailable, "db.unavailable",
             fmt::format("The database server cannot be reached ({}). Check that it runs and that "
                         "its address is right.",
                         said)}};
  }
  if (category == "28" || category == "3D") {
    return {Trouble::lost,
            {ErrorKind::unavailable, "db.unavailable",
             fmt::format("The database server refused the connection ({}). Check user, password "
                         "and database name.",
                         said)}};
  }
  if (category == "23") {
    return {Trouble::statement,
            {ErrorKind::conflict, "db.constraint",
             fmt::format("The change does not fit what is stored ({}: {}).", what, said)}};
  }
  if (is("53100") || is("53200")) {
    return {Trouble::statement,
            {ErrorKind::limit, "db.full",
             fmt::format("The database server is out of disk or memory ({}). Free some space there "
                         "and try again.",
                         said)}};
  }
  if (is("55P03") || is("57014") || category == "53") {
    return {Trouble::statement,
            {ErrorKind::unavailable, "db.busy",
             fmt::format("The database server is too busy ({}: {}). Try again in a few seconds.",
                         what, said)}};
  }
  if (category == "54") {
    return {Trouble::statement,
            {ErrorKind::limit, "db.too_large",
             fmt::format("A value is too large to be stored ({}: {}).", what, said)}};
  }
  if (category == "XX" && (is("XX001") || is("XX002"))) {
    return {Trouble::statement,
            {ErrorKind::corrupt, "db.corrupt",
             fmt::format("The database is damaged ({}). Restore the last backup.", said)}};
  }
  if (is("22021")) {
    return {Trouble::statement,
            {ErrorKind::invalid, "db.text", "A text is not valid UTF-8 and cannot be stored."}};
  }
  return {Trouble::statement,
          {ErrorKind::internal, "db.failed",
           fmt::format("The database failed at {} ({}, SQLSTATE {}).", what, said, sqlstate)}};
}

}  // namespace tidings::db
