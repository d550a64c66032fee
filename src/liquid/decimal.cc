#include "liquid/decimal.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "liquid/filters.h"
#include "liquid/text.h"

namespace tidings::liquid {
namespace {

Number of_integer(__int128 value) { return {.digits = value}; }
Number of_double(double value) { return {.kind = Number::Kind::floating, .floating = value}; }
Number of_decimal(__int128 digits, int exponent) {
  return {.kind = Number::Kind::decimal, .digits = digits, .exponent = exponent};
}

// digits × 10^by, or nothing if that does not fit.
std::optional<__int128> scaled(__int128 digits, int by) {
  if (digits == 0) return 0;
  for (; by > 0; --by) {
    if (__builtin_mul_overflow(digits, __int128{10}, &digits)) return std::nullopt;
  }
  return digits;
}

// Both with one exponent; false if there is no room for that.
bool align(Number& a, Number& b) {
  if (a.kind == Number::Kind::floating || b.kind == Number::Kind::floating) return false;
  const int exponent = std::min(a.exponent, b.exponent);
  const auto x = scaled(a.digits, a.exponent - exponent);
  const auto y = scaled(b.digits, b.exponent - exponent);
  if (!x || !y) return false;
  a.digits = *x;
  b.digits = *y;
  a.exponent = b.exponent = exponent;
  return true;
}

// A decimal text without exponent, or as to_chars writes it.
std::optional<Number> parse_decimal(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  __int128 digits = 0;
  int exponent = 0;
  bool fraction = false;
  std::size_t i = 0;
  for (; i < text.size() && (is_digit(text[i]) || text[i] == '.'); ++i) {
    if (text[i] == '.') {
      fraction = true;
      continue;
    }
    if (__builtin_mul_overflow(digits, __int128{10}, &digits) ||
        __builtin_add_overflow(digits, __int128{text[i] - '0'}, &digits)) {
      return std::nullopt;
    }
    exponent -= fraction ? 1 : 0;
  }
  if (i < text.size() && text[i] == 'e') {
    int e = 0;
    const char* from = text.data() + i + 1;
    if (from < text.data() + text.size() && *from == '+') ++from;
    std::from_chars(from, text.data() + text.size(), e);
    exponent += e;
  }
  return of_decimal(negative ? -digits : digits, exponent);
}

Number from_double(double value) {
  if (!std::isfinite(value)) return of_double(value);
  char buffer[40];
  const auto done =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  return parse_decimal({buffer, done.ptr}).value_or(of_double(value));
}

// -?digits.digits
bool is_fraction(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const std::size_t dot = text.find('.');
  return dot != text.npos && dot > 0 && dot + 1 < text.size() &&
         std::ranges::all_of(text.substr(0, dot), is_digit) &&
         std::ranges::all_of(text.substr(dot + 1), is_digit);
}

__int128 floor_divide(__int128 a, __int128 b) {
  const __int128 q = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? q - 1 : q;
}

Number::Kind kind_of(const Number& a, const Number& b) {
  return a.is_integer() && b.is_integer() ? Number::Kind::integer : Number::Kind::decimal;
}

}  // namespace

double Number::to_double() const {
  if (kind == Kind::floating) return floating;
  if (exponent == 0) return static_cast<double>(digits);
  std::string text;
  append_integer(text, digits);
  text += 'e';
  append_integer(text, exponent);
  double value = 0;
  const auto done = std::from_chars(text.data(), text.data() + text.size(), value);
  if (done.ec == std::errc::result_out_of_range) return exponent > 0 ? HUGE_VAL : 0.0;
  return value;
}

Value Number::to_value(Arena& arena) const {
  return is_integer() ? arena.integer(digits) : Value::number(to_double());
}

Number to_number(Value value) {
  switch (value.type()) {
    case Type::integer:
    case Type::huge:
      return of_integer(value.as_huge());
    case Type::number:
      return from_double(value.as_number());
    case Type::string: {
      const std::string_view text = trim(value.as_string());
      if (!is_fraction(text)) return of_integer(leading_integer(value.as_string()));
      if (auto decimal = parse_decimal(text)) return *decimal;
      double read = 0;
      std::from_chars(text.data(), text.data() + text.size(), read);
      return of_double(read);
    }
    default:
      return {};
  }
}

Number add(const Number& left, const Number& right) {
  Number a = left, b = right;
  __int128 sum = 0;
  if (!align(a, b) || __builtin_add_overflow(a.digits, b.digits, &sum)) {
    return of_double(left.to_double() + right.to_double());
  }
  return {.kind = kind_of(left, right), .digits = sum, .exponent = a.exponent};
}

Number subtract(const Number& a, const Number& b) {
  Number minus = b;
  if (minus.kind == Number::Kind::floating) {
    minus.floating = -minus.floating;
  } else if (__builtin_sub_overflow(__int128{0}, minus.digits, &minus.digits)) {
    return of_double(a.to_double() - b.to_double());
  }
  return add(a, minus);
}

Number multiply(const Number& a, const Number& b) {
  __int128 product = 0;
  if (a.kind == Number::Kind::floating || b.kind == Number::Kind::floating ||
      __builtin_mul_overflow(a.digits, b.digits, &product)) {
    return of_double(a.to_double() * b.to_double());
  }
  return {.kind = kind_of(a, b), .digits = product, .exponent = a.exponent + b.exponent};
}

std::optional<Number> divide(const Number& a, const Number& b) {
  if (b.is_zero()) return std::nullopt;
  if (a.is_integer() && b.is_integer()) {
    // The one quotient that does not fit is that of the smallest number and -1.
    if (b.digits == -1) return subtract({}, a);
    return of_integer(floor_divide(a.digits, b.digits));
  }
  if (a.kind == Number::Kind::floating || b.kind == Number::Kind::floating) {
    return of_double(a.to_double() / b.to_double());
  }
  __int128 dividend = a.digits;
  int exponent = a.exponent - b.exponent;
  for (__int128 next = 0;
       dividend != 0 && !__builtin_mul_overflow(dividend, __int128{10}, &next);) {
    dividend = next;
    --exponent;
  }
  if (b.digits == -1) return of_double(-a.to_double() * std::pow(10.0, -b.exponent));
  return of_decimal(dividend / b.digits, exponent);
}

std::optional<Number> modulo(const Number& left, const Number& right) {
  if (right.is_zero()) return std::nullopt;
  Number a = left, b = right;
  if (!align(a, b)) {
    const double y = right.to_double();
    const double rest = std::fmod(left.to_double(), y);
    return of_double(rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest);
  }
  __int128 rest = b.digits == -1 ? 0 : a.digits % b.digits;
  if (rest != 0 && (rest < 0) != (b.digits < 0)) rest += b.digits;
  return Number{.kind = kind_of(left, right), .digits = rest, .exponent = a.exponent};
}

int compare(const Number& left, const Number& right) {
  Number a = left, b = right;
  if (align(a, b)) return a.digits < b.digits ? -1 : (a.digits > b.digits ? 1 : 0);
  const double x = left.to_double(), y = right.to_double();
  return x < y ? -1 : (x > y ? 1 : 0);
}

std::optional<Number> round(const Number& number, Rounding rounding, int places) {
  if (number.kind == Number::Kind::floating) {
    if (!std::isfinite(number.floating)) return std::nullopt;
    return number;
  }
  int drop = -places - number.exponent;  // decimal digits to lose
  if (drop <= 0) {
    if (places > 0 || number.is_integer()) return number;
    const auto whole = scaled(number.digits, number.exponent);
    if (whole) return Number{.kind = number.kind, .digits = *whole};
    return of_double(number.to_double());
  }
  __int128 unit = 1;
  for (; drop > 0 && !__builtin_mul_overflow(unit, __int128{10}, &unit); --drop) {
  }
  if (drop > 0) {
    // Everything is dropped.
    const bool away = (rounding == Rounding::up && number.digits > 0) ||
                      (rounding == Rounding::down && number.digits < 0);
    return Number{.kind = number.kind, .digits = away ? (number.digits > 0 ? 1 : -1) : 0};
  }
  __int128 kept = floor_divide(number.digits, unit);
  const __int128 rest = number.digits - kept * unit;
  const bool up = rounding == Rounding::up ? rest > 0
                  : rounding == Rounding::down
                      ? false
                      : (number.digits >= 0 ? rest >= unit - rest : rest > unit - rest);
  if (up) ++kept;
  if (places >= 0) return Number{.kind = number.kind, .digits = kept, .exponent = -places};
  const auto whole = scaled(kept, -places);
  return whole ? Number{.kind = number.kind, .digits = *whole} : of_double(number.to_double());
}

}  // namespace tidings::liquid
