#include <array>
#include <cmath>

#include <fmt/format.h>

#include "liquid/decimal.h"
#include "liquid/filters.h"
#include "liquid/text.h"

namespace tidings::liquid {
namespace {

Value finish(Call& call, const std::optional<Number>& number) {
  if (!number) {
    call.fail("this number cannot be divided by zero or rounded.");
    return Value::nil();
  }
  return number->to_value(call.arena);
}

Value plus(Call& c) { return add(to_number(c.input), to_number(c.argument(0))).to_value(c.arena); }
Value minus(Call& c) {
  return subtract(to_number(c.input), to_number(c.argument(0))).to_value(c.arena);
}
Value times(Call& c) {
  return multiply(to_number(c.input), to_number(c.argument(0))).to_value(c.arena);
}
Value divided_by(Call& c) {
  const auto made = divide(to_number(c.input), to_number(c.argument(0)));
  if (!made) c.fail("a number cannot be divided by zero.");
  return made ? made->to_value(c.arena) : Value::nil();
}
Value modulo_of(Call& c) {
  const auto made = modulo(to_number(c.input), to_number(c.argument(0)));
  if (!made) c.fail("a number cannot be divided by zero.");
  return made ? made->to_value(c.arena) : Value::nil();
}
Value abs_of(Call& c) {
  const Number n = to_number(c.input);
  return (n.is_negative() ? subtract({}, n) : n).to_value(c.arena);
}
Value at_least(Call& c) {
  const Number n = to_number(c.input), least = to_number(c.argument(0));
  return (compare(least, n) > 0 ? least : n).to_value(c.arena);
}
Value at_most(Call& c) {
  const Number n = to_number(c.input), most = to_number(c.argument(0));
  return (compare(most, n) < 0 ? most : n).to_value(c.arena);
}

// What is whole becomes an integer as far as 128 bits reach.
Value whole(Call& c, Rounding rounding) {
  auto made = round(to_number(c.input), rounding, 0);
  if (!made) return finish(c, made);
  if (made->kind == Number::Kind::decimal) made->kind = Number::Kind::integer;
  return made->to_value(c.arena);
}
Value ceil_of(Call& c) { return whole(c, Rounding::up); }
Value floor_of(Call& c) { return whole(c, Rounding::down); }
Value round_of(Call& c) {
  const Number given = to_number(c.argument(0));
  const double wanted = std::floor(given.to_double());
  if (!(std::fabs(wanted) <= 1000)) {
    c.fail("round takes a number of places between -1000 and 1000.");
    return Value::nil();
  }
  if (wanted == 0) return whole(c, Rounding::nearest);
  auto made = round(to_number(c.input), Rounding::nearest, static_cast<int>(wanted));
  if (made && wanted < 0 && made->kind == Number::Kind::decimal) made->kind = Number::Kind::integer;
  return finish(c, made);
}

constexpr std::array<FilterInfo, 11> kFilters = {{
    {"abs", 0, 0, abs_of},
    {"at_least", 1, 1, at_least},
    {"at_most", 1, 1, at_most},
    {"ceil", 0, 0, ceil_of},
    {"divided_by", 1, 1, divided_by},
    {"floor", 0, 0, floor_of},
    {"minus", 1, 1, minus},
    {"modulo", 1, 1, modulo_of},
    {"plus", 1, 1, plus},
    {"round", 0, 1, round_of},
    {"times", 1, 1, times},
}};

}  // namespace

Value add(Call& call, Value a, Value b) {
  return add(to_number(a), to_number(b)).to_value(call.arena);
}

std::span<const FilterInfo> number_filters() { return kFilters; }

}  // namespace tidings::liquid
