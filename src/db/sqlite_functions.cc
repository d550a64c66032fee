#include "db/sqlite_functions.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <memory>
#include <string_view>

#include <sqlite3.h>

#include "base/check.h"

namespace tidings::db {
namespace {

constexpr std::array<unsigned char, 256> kLower = [] {
  std::array<unsigned char, 256> lower{};
  for (std::size_t i = 0; i < lower.size(); ++i) {
    lower[i] = static_cast<unsigned char>(i >= 'A' && i <= 'Z' ? i + ('a' - 'A') : i);
  }
  return lower;
}();

// How far a word may be moved on by the octet under its end (Horspool, 1980).
using Shifts = std::array<unsigned char, 256>;

Shifts shifts_of(std::string_view word) {
  constexpr std::size_t most = std::numeric_limits<unsigned char>::max();
  Shifts shifts;
  shifts.fill(static_cast<unsigned char>(std::min(word.size(), most)));
  for (std::size_t i = 0; i + 1 < word.size(); ++i) {
    shifts[static_cast<unsigned char>(word[i])] =
        static_cast<unsigned char>(std::min(word.size() - 1 - i, most));
  }
  return shifts;
}

bool holds(std::string_view text, std::string_view word, const Shifts& shifts) {
  const auto folded = [&](std::size_t at) { return kLower[static_cast<unsigned char>(text[at])]; };
  std::size_t from = 0;
  while (from + word.size() <= text.size()) {
    std::size_t left = word.size();
    while (left > 0 && folded(from + left - 1) == static_cast<unsigned char>(word[left - 1])) {
      --left;
    }
    if (left == 0) return true;
    from += shifts[folded(from + word.size() - 1)];
  }
  return word.empty();
}

std::string_view text_of(sqlite3_value* value) {
  const auto* data = reinterpret_cast<const char*>(sqlite3_value_text(value));
  return data == nullptr
             ? std::string_view()
             : std::string_view(data, static_cast<std::size_t>(sqlite3_value_bytes(value)));
}

void holds_text(sqlite3_context* context, int count, sqlite3_value** values) {
  CHECK(count == 2);
  if (sqlite3_value_type(values[0]) == SQLITE_NULL ||
      sqlite3_value_type(values[1]) == SQLITE_NULL) {
    return sqlite3_result_null(context);
  }
  const std::string_view word = text_of(values[1]);
  // The same word for every row: worked out once.
  const auto* kept = static_cast<const Shifts*>(sqlite3_get_auxdata(context, 1));
  if (kept != nullptr) {
    return sqlite3_result_int(context, holds(text_of(values[0]), word, *kept) ? 1 : 0);
  }
  auto made = std::make_unique<Shifts>(shifts_of(word));
  sqlite3_result_int(context, holds(text_of(values[0]), word, *made) ? 1 : 0);
  sqlite3_set_auxdata(context, 1, made.release(),
                      [](void* old) { delete static_cast<Shifts*>(old); });
}

}  // namespace

Result<void> add_sqlite_functions(sqlite3* connection) {
  const int code = sqlite3_create_function_v2(connection, "holds_text", 2,
                                              SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS,
                                              nullptr, holds_text, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) {
    return fail(ErrorKind::internal, "db.failed", "The database takes no functions.");
  }
  return {};
}

}  // namespace tidings::db
