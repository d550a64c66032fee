#include "db/sqlite_errors.h"

#include <cerrno>
#include <string>

#include <fmt/format.h>
#include <sqlite3.h>

namespace tidings::db {
namespace {

bool no_space_left(sqlite3* handle, int code) {
  if ((code & 0xff) == SQLITE_FULL) return true;
  if ((code & 0xff) != SQLITE_IOERR) return false;
  const int error_number = handle != nullptr ? sqlite3_system_errno(handle) : 0;
  return code == SQLITE_IOERR_SHMSIZE || error_number == ENOSPC || error_number == EDQUOT;
}

Error describe(sqlite3* handle, int code, std::string_view what, std::string_view path) {
  const std::string said = handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
  if (no_space_left(handle, code)) {
    return {ErrorKind::limit, "db.full",
            fmt::format("The disk that holds {} is full, so nothing can be stored. Free some space "
                        "and try again.",
                        path)};
  }
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {
          ErrorKind::unavailable, "db.busy",
          fmt::format("Another program is writing to {}. Wait until it is done, or stop it, and "
                      "try again.",
                      path)};
    case SQLITE_CONSTRAINT:
      return {ErrorKind::conflict, "db.constraint",
              fmt::format("The change does not fit what is stored ({}: {}).", what, said)};
    case SQLITE_CORRUPT:
      return {ErrorKind::corrupt, "db.corrupt",
              fmt::format("The database {} is damaged ({}). Stop Tidings and restore the last "
                          "backup.",
                          path, said)};
    case SQLITE_NOTADB:
      return {ErrorKind::corrupt, "db.corrupt",
              fmt::format("{} is not a Tidings database. Choose another file, or restore the last "
                          "backup if it was one.",
                          path)};
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return {ErrorKind::unavailable, "db.unavailable",
              fmt::format("The database {} cannot be opened for this ({}). Check that its folder "
                          "exists and that this user may write there.",
                          path, said)};
    case SQLITE_TOOBIG:
      return {ErrorKind::limit, "db.too_large",
              fmt::format("A value is too large to be stored ({}).", what)};
    case SQLITE_IOERR:
      return {ErrorKind::internal, "db.failed",
              fmt::format("The disk reported an error on {} ({}, code {}). Check the disk.", path,
                          said, code)};
    default:
      return {ErrorKind::internal, "db.failed",
              fmt::format("The database failed at {} ({}, code {}).", what, said, code)};
  }
}

}  // namespace

SqliteTrouble describe_sqlite_failure(sqlite3* handle, int code, std::string_view what,
                                      std::string_view path) {
  Trouble trouble = Trouble::statement;
  // BEGIN IMMEDIATE has the write lock, so a later BUSY is a snapshot that cannot be upgraded.
  if (code == SQLITE_BUSY_SNAPSHOT) trouble = Trouble::restart;
  return {trouble, describe(handle, code, what, path)};
}

}  // namespace tidings::db
