#include "db/postgres_values.h"

#include <cmath>
#include <limits>
#include <source_location>

#include <fmt/format.h>
#include <libpq-fe.h>

#include "base/check.h"

namespace tidings::db {
namespace {

template <typename T>
T read_big(std::string_view bytes, std::size_t at = 0) {
  CHECK(at + sizeof(T) <= bytes.size());
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return std::byteswap(value);
}

template <typename T>
void append_big(std::string& out, T value) {
  value = std::byteswap(value);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// NUMERIC, which sum() of BIGINT is: digits of base 10,000 after count, weight, sign and scale.
struct Numeric {
  explicit Numeric(std::string_view bytes)
      : bytes(bytes),
        digits(read_big<std::int16_t>(bytes, 0)),
        weight(read_big<std::int16_t>(bytes, 2)),
        sign(read_big<std::uint16_t>(bytes, 4)) {
    CHECK(sign == 0 || sign == 0x4000);  // neither NaN nor infinite
  }
  std::int16_t digit(int i) const {
    return i < digits ? read_big<std::int16_t>(bytes, 8 + 2 * static_cast<std::size_t>(i))
                      : std::int16_t{0};
  }
  std::int64_t integer() const {
    CHECK(digits <= weight + 1);  // no fraction
    std::int64_t value = 0;       // negative, because the range below zero is the larger
    for (int i = 0; i <= weight; ++i) {
      CHECK(!__builtin_mul_overflow(value, std::int64_t{10'000}, &value));
      CHECK(!__builtin_sub_overflow(value, std::int64_t{digit(i)}, &value));
    }
    if (sign != 0) return value;
    CHECK(value != std::numeric_limits<std::int64_t>::min());
    return -value;
  }
  double real() const {
    double value = 0;
    for (int i = 0; i < digits; ++i) value += digit(i) * std::pow(10'000.0, weight - i);
    return sign == 0 ? value : -value;
  }

  std::string_view bytes;
  std::int16_t digits, weight;
  std::uint16_t sign;
};

std::unexpected<Error> misfit() {
  return fail(ErrorKind::internal, "db.failed",
              "A value does not fit the type of the column it is for.");
}

Result<void> append_integer(std::string& out, std::int64_t value, std::uint32_t type) {
  switch (type) {
    case pg_type::int8:
      append_big<std::int32_t>(out, 8);
      append_big(out, value);
      return {};
    case pg_type::int4:
      if (value != static_cast<std::int32_t>(value)) return misfit();
      append_big<std::int32_t>(out, 4);
      append_big(out, static_cast<std::int32_t>(value));
      return {};
    case pg_type::int2:
      if (value != static_cast<std::int16_t>(value)) return misfit();
      append_big<std::int32_t>(out, 2);
      append_big(out, static_cast<std::int16_t>(value));
      return {};
    case pg_type::float8:
      append_big<std::int32_t>(out, 8);
      append_big(out, std::bit_cast<std::uint64_t>(static_cast<double>(value)));
      return {};
    default:
      return misfit();
  }
}

}  // namespace

std::uint32_t type_of(const Param& param) {
  static constexpr std::uint32_t types[] = {0, pg_type::int8, pg_type::float8, pg_type::text,
                                            pg_type::bytea};
  return types[param.value().index()];
}

Result<void> append_copy_field(std::string& out, const Param& param, std::uint32_t type) {
  const auto& value = param.value();
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    return append_integer(out, *integer, type);
  }
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    if (type != pg_type::text && type != pg_type::varchar) return misfit();
    TRY(check_text(*text));
    if (text->size() > std::numeric_limits<std::int32_t>::max()) return misfit();
    append_big(out, static_cast<std::int32_t>(text->size()));
    out += *text;
  } else if (const auto* bytes = std::get_if<BytesView>(&value)) {
    if (type != pg_type::bytea) return misfit();
    if (bytes->bytes.size() > std::numeric_limits<std::int32_t>::max()) return misfit();
    append_big(out, static_cast<std::int32_t>(bytes->bytes.size()));
    out += bytes->bytes;
  } else if (const auto* real = std::get_if<double>(&value)) {
    if (type != pg_type::float8) return misfit();
    append_big<std::int32_t>(out, 8);
    append_big(out, std::bit_cast<std::uint64_t>(*real));
  } else {
    append_big<std::int32_t>(out, -1);
  }
  return {};
}

bool has_rows(const pg_result* reply) {
  const ExecStatusType status = PQresultStatus(reply);
  return status == PGRES_SINGLE_TUPLE || status == PGRES_TUPLES_OK;
}

bool succeeded(const pg_result* reply) {
  return has_rows(reply) || PQresultStatus(reply) == PGRES_COMMAND_OK;
}

int PostgresRow::columns() const { return PQnfields(reply_); }

bool PostgresRow::is_null(int column) const {
  CHECK(column >= 0 && column < columns());
  return PQgetisnull(reply_, row_, column) != 0;
}

std::uint32_t PostgresRow::type(int column) const { return PQftype(reply_, column); }

std::string_view PostgresRow::raw(int column) const {
  return {PQgetvalue(reply_, row_, column),
          static_cast<std::size_t>(PQgetlength(reply_, row_, column))};
}

std::int64_t PostgresRow::integer(int column) const {
  if (is_null(column)) return 0;
  const std::string_view value = raw(column);
  switch (type(column)) {
    case pg_type::int8:
      return read_big<std::int64_t>(value);
    case pg_type::int4:
      return read_big<std::int32_t>(value);
    case pg_type::int2:
      return read_big<std::int16_t>(value);
    case pg_type::oid:
      return read_big<std::uint32_t>(value);
    case pg_type::boolean:
      return value[0];
    case pg_type::numeric:
      return Numeric(value).integer();
    default:
      check_failed("the column is an integer", std::source_location::current());
  }
}

double PostgresRow::real(int column) const {
  if (is_null(column)) return 0;
  const std::string_view value = raw(column);
  switch (type(column)) {
    case pg_type::float8:
      return std::bit_cast<double>(read_big<std::uint64_t>(value));
    case pg_type::float4:
      return std::bit_cast<float>(read_big<std::uint32_t>(value));
    case pg_type::numeric:
      return Numeric(value).real();
    default:
      return static_cast<double>(integer(column));
  }
}

std::string_view PostgresRow::text(int column) const {
  if (is_null(column)) return {};
  const std::uint32_t found = type(column);
  CHECK(found == pg_type::text || found == pg_type::varchar || found == pg_type::bpchar ||
        found == pg_type::name || found == pg_type::unknown);
  return raw(column);
}

std::string_view PostgresRow::bytes(int column) const {
  if (is_null(column)) return {};
  CHECK(type(column) == pg_type::bytea);
  return raw(column);
}

}  // namespace tidings::db
