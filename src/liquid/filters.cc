#include "liquid/filters.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "liquid/text.h"

namespace tidings::liquid {

std::string_view Call::text(Value value) {
  if (value.is_string()) return value.as_string();
  scratch.clear();
  append_text(scratch, value);
  cost += scratch.size() / 64;
  return arena.copy(scratch);
}

const FilterInfo* find_filter(std::string_view name) {
  for (const auto group : {text_filters(), list_filters(), number_filters()}) {
    const auto found = std::ranges::find(group, name, &FilterInfo::name);
    if (found != group.end()) return &*found;
  }
  return nullptr;
}

std::string_view closest_filter(std::string_view name) {
  std::string_view best;
  std::size_t least = std::min<std::size_t>(3, name.size() / 2 + 1);
  for (const auto group : {text_filters(), list_filters(), number_filters()}) {
    for (const FilterInfo& info : group) {
      const std::size_t distance = edit_distance(name, info.name, 4);
      if (distance < least) {
        least = distance;
        best = info.name;
      }
    }
  }
  return best;
}

__int128 leading_integer(std::string_view text) {
  text = trim_left(text);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  __int128 value = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '_' && i > 0 && i + 1 < text.size() && is_digit(text[i - 1])) continue;
    if (!is_digit(text[i])) break;
    __int128 next = 0;
    if (__builtin_mul_overflow(value, __int128{10}, &next) ||
        __builtin_add_overflow(next, __int128{text[i] - '0'}, &next)) {
      break;
    }
    value = next;
  }
  return negative ? -value : value;
}

std::optional<std::int64_t> to_integer(Value value) {
  const auto clamped = [](__int128 v) {
    return static_cast<std::int64_t>(std::clamp<__int128>(v, INT64_MIN, INT64_MAX));
  };
  if (value.type() == Type::integer || value.type() == Type::huge) return clamped(value.as_huge());
  if (!value.is_string()) return std::nullopt;
  const std::string_view text = trim(value.as_string());
  std::string_view digits = text;
  if (digits.starts_with('-') || digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.empty() || !is_digit(digits.front()) || !is_digit(digits.back()) ||
      !std::ranges::all_of(digits, [](char c) { return is_digit(c) || c == '_'; })) {
    return std::nullopt;
  }
  return clamped(leading_integer(text));
}

}  // namespace tidings::liquid
