// The standard filters. Private to src/liquid.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "liquid/program.h"
#include "liquid/value.h"

namespace tidings::liquid {

// One call of a filter while rendering: its input, arguments and what it may use.
// A filter that cannot do its work calls fail() and returns anything.
struct Call {
  Value input;
  std::span<const Value> arguments;
  Value allow_false;  // the named argument of `default`
  Context context = Context::text;
  Arena& arena;
  const RenderOptions& options;
  std::uint64_t cost = 0;  // steps beyond the one for the call
  std::optional<std::string> failure;
  std::string scratch{};  // for inputs that are no strings
  // A property of the drop `self`, `forloop` or `tablerowloop`.
  const std::function<Value(Value, std::string_view)>* drop_member = nullptr;

  Value argument(std::size_t i) const { return i < arguments.size() ? arguments[i] : Value::nil(); }
  bool has(std::size_t i) const { return i < arguments.size(); }
  void fail(std::string sentence) {
    if (!failure) failure = std::move(sentence);
  }
  // `text` kept in the arena.
  Value made(std::string_view text) { return Value::string(arena.copy(text)); }
  // The text of a value as filters see it: a view of it, or of a copy in the arena.
  std::string_view text(Value value);
  std::string_view text() { return text(input); }
  // How large a result may get.
  bool fits(std::size_t bytes) {
    if (bytes <= options.limits.memory_bytes) return true;
    fail("the result of this filter is larger than allowed.");
    return false;
  }
};

struct FilterInfo {
  std::string_view name;
  std::uint8_t least = 0, most = 0;  // number of arguments
  Value (*apply)(Call&) = nullptr;
};

// nullptr if there is none of that name.
const FilterInfo* find_filter(std::string_view name);
// The name of a filter most like `name`, or empty.
std::string_view closest_filter(std::string_view name);

std::span<const FilterInfo> text_filters();
std::span<const FilterInfo> list_filters();
std::span<const FilterInfo> number_filters();

// An integer from a value as the filters and loops want it: nothing for "abc" or 1.5.
std::optional<std::int64_t> to_integer(Value value);
// The integer a text begins with, 0 if none ("6b" is 6).
__int128 leading_integer(std::string_view text);
// Adds to a sum exactly, as `sum` and `plus` do.
Value add(Call& call, Value a, Value b);

}  // namespace tidings::liquid
