// Numbers as filters reckon with them: integers, and decimal fractions exactly (0.1 + 0.2 is 0.3).
// Private to src/liquid. Thread: values, any.
#pragma once

#include <optional>
#include <string_view>

#include "liquid/value.h"

namespace tidings::liquid {

// An integer, digits × 10^exponent, or, where that has no room, a floating-point number.
struct Number {
  enum class Kind : std::uint8_t { integer, decimal, floating };
  Kind kind = Kind::integer;
  __int128 digits = 0;
  int exponent = 0;  // of a decimal; 0 or less when normalised by align()
  double floating = 0;

  bool is_integer() const { return kind == Kind::integer; }
  bool is_zero() const { return kind == Kind::floating ? floating == 0 : digits == 0; }
  bool is_negative() const { return kind == Kind::floating ? floating < 0 : digits < 0; }
  double to_double() const;
  // An integer stays one; everything else becomes a floating-point value.
  Value to_value(Arena& arena) const;
};

// What the text, number or anything else counts as: "3.5" is 3.5, "6b" is 6, "x", nil and lists 0.
Number to_number(Value value);
Number add(const Number& a, const Number& b);
Number subtract(const Number& a, const Number& b);
Number multiply(const Number& a, const Number& b);
// Integers divide to the integer below. Nothing for a division by zero.
std::optional<Number> divide(const Number& a, const Number& b);
// With the sign of `b`. Nothing for a division by zero.
std::optional<Number> modulo(const Number& a, const Number& b);
int compare(const Number& a, const Number& b);

enum class Rounding { nearest, down, up };  // nearest: halves away from zero
// To `places` behind the point (before it if negative). Nothing for what is not finite.
std::optional<Number> round(const Number& number, Rounding rounding, int places);

}  // namespace tidings::liquid
