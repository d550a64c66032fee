// Migrations: forward-only, each in one transaction, recorded with a checksum of its text.
//
// Written once with PostgreSQL's type names; on SQLite BIGINT becomes INTEGER, BYTEA BLOB,
// DOUBLE PRECISION REAL, and tables are STRICT. A line that begins with `--sqlite:` or
// `--postgres:` is kept, without the mark, on that database only.
// A database whose schema is newer than this program is refused: db.schema_newer (unsupported).
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "db/database.h"

namespace tidings::db {

struct Migration {
  int version;  // from 1 without gaps
  std::string_view name;
  std::string_view sql;
};

// All of this program's migrations, in order (schema.cc).
std::span<const Migration> migrations();

// Brings the schema to the newest version; concurrent starts wait for each other.
Result<void> migrate(Database& database, std::span<const Migration> list = migrations());
// The newest version recorded; 0 for an empty database.
Result<int> schema_version(Database& database);

}  // namespace tidings::db
