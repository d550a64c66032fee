// Columns that may be NULL. Thread: any.
#pragma once

#include <optional>

#include "base/clock.h"
#include "db/connection.h"

namespace tidings::db {

inline std::optional<Instant> maybe_instant(const Row& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(row.instant(column));
}

}  // namespace tidings::db
