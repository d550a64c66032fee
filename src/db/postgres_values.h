// Values in PostgreSQL's binary format: what Rows read and COPY writes. Pure. Thread: any.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/result.h"
#include "db/connection.h"
#include "db/session.h"

struct pg_result;

namespace tidings::db {

// Type numbers of pg_type that never change.
namespace pg_type {
inline constexpr std::uint32_t boolean = 16, bytea = 17, name = 19, int8 = 20, int2 = 21, int4 = 23,
                               text = 25, oid = 26, float4 = 700, float8 = 701, unknown = 705,
                               bpchar = 1042, varchar = 1043, numeric = 1700;
}  // namespace pg_type

template <typename T>
T to_network(T value) {
  return std::byteswap(value);
}
static_assert(std::endian::native == std::endian::little);

// The type a parameter is sent as; 0 for NULL.
std::uint32_t type_of(const Param& param);

// Appends one field (length and value) of a COPY row for a column of `type`. Error: db.failed when
// the value does not fit the column.
Result<void> append_copy_field(std::string& out, const Param& param, std::uint32_t type);

// What became of a statement.
bool has_rows(const pg_result* reply);
bool succeeded(const pg_result* reply);

// A row of a reply in binary format. Borrows the reply.
class PostgresRow final : public Row {
 public:
  PostgresRow(const pg_result* reply, int row) : reply_(reply), row_(row) {}
  int columns() const override;
  bool is_null(int column) const override;
  std::int64_t integer(int column) const override;
  double real(int column) const override;
  std::string_view text(int column) const override;
  std::string_view bytes(int column) const override;

 private:
  std::uint32_t type(int column) const;
  std::string_view raw(int column) const;

  const pg_result* reply_;
  int row_;
};

}  // namespace tidings::db
