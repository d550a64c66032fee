// A migration's text as one database understands it. Pure. Thread: any.
#pragma once

#include <string>
#include <string_view>

#include "db/connection.h"

namespace tidings::db {

// Outside of literals, quoted names and comments:
// - a line that begins with `--sqlite:` or `--postgres:` loses the mark on that database and is
//   dropped on the other;
// - SQLite: BIGINT → INTEGER, BYTEA → BLOB, DOUBLE PRECISION → REAL, and CREATE TABLE becomes
//   STRICT;
// - PostgreSQL: TEXT as a column's type in CREATE TABLE or ALTER TABLE … ADD gets COLLATE "C", so
//   that both sort, compare and page by bytes.
std::string to_dialect(std::string_view sql, Dialect dialect);

}  // namespace tidings::db
