// What SQLite has no fast word for: functions that SQL may call on every SQLite connection.
// Thread: as the connection.
#pragma once

#include "base/result.h"

struct sqlite3;

namespace tidings::db {

// holds_text(TEXT, WORD): whether WORD, written in lower case, stands in TEXT in any case of its
// letters a to z; NULL when either is. The same as `TEXT LIKE '%WORD%'` for a WORD without `%`, `_`
// and letters beyond ASCII, and several times as fast.
Result<void> add_sqlite_functions(sqlite3* connection);

}  // namespace tidings::db
