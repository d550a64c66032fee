// What went wrong inside SQLite, as an Error a person understands. Thread: any.
#pragma once

#include <string_view>

#include "base/result.h"
#include "db/session.h"

struct sqlite3;

namespace tidings::db {

struct SqliteTrouble {
  Trouble trouble;
  Error error;
};

// `code` is SQLite's extended result code, `what` the statement's name or the action, `path` the
// database's file. Reads the handle's message, so it is to be called right after the failure.
SqliteTrouble describe_sqlite_failure(sqlite3* handle, int code, std::string_view what,
                                      std::string_view path);

}  // namespace tidings::db
