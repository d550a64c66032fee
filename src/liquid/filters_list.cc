#include <algorithm>
#include <array>
#include <list>
#include <ranges>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>

#include "liquid/code.h"
#include "liquid/decimal.h"
#include "liquid/filters.h"
#include "liquid/text.h"

namespace tidings::liquid {
namespace {

void flatten(Call& c, std::span<const Value> items, std::vector<Value>& into, int depth) {
  for (const Value& item : items) {
    if (item.is_array()) {
      if (depth > 64) {
        c.fail("these lists are nested too deeply.");
        return;
      }
      flatten(c, item.as_array(), into, depth + 1);
    } else {
      into.push_back(item);
    }
    if (into.size() > (c.options.limits.memory_bytes / sizeof(Value))) {
      c.fail("this list is longer than allowed.");
      return;
    }
  }
}

// What the list filters go through: a list without its nested lists, one object, a range's numbers,
// any other value alone, nothing for nil.
std::vector<Value> items_of(Call& c, Value input) {
  std::vector<Value> items;
  switch (input.type()) {
    case Type::nil:
      break;
    case Type::array:
      flatten(c, input.as_array(), items, 0);
      break;
    case Type::range:
      if (input.as_range().size() > c.options.limits.memory_bytes / sizeof(Value)) {
        c.fail("this range is longer than allowed.");
        break;
      }
      for (std::uint64_t i = 0; i < input.as_range().size(); ++i) {
        items.push_back(Value::integer(input.as_range().first + static_cast<std::int64_t>(i)));
      }
      break;
    default:
      items.push_back(input);
  }
  c.cost += items.size();
  return items;
}
std::vector<Value> items_of(Call& c) { return items_of(c, c.input); }

Value list(Call& c, const std::vector<Value>& items) {
  const auto made = c.arena.values(items.size());
  if (made.size() == items.size()) std::ranges::copy(items, made.begin());
  return Value::array(made);
}

bool has_properties(Value v) {
  return v.is_object() || v.is_string() || v.type() == Type::integer || v.type() == Type::huge ||
         v.type() == Type::drop || v.is_array();
}

// item[property]. A text has the property that it contains, numbers have none and say so.
Value property_of(Call& c, Value item, Value property) {
  const auto unusable = [&] {
    c.fail(fmt::format("the property {} cannot be taken from these values.", to_text(property)));
    return Value::nil();
  };
  switch (item.type()) {
    case Type::object: {
      const Value* const found = property.is_string() ? item.find(property.as_string()) : nullptr;
      return found == nullptr ? Value::nil() : *found;
    }
    case Type::string:
      if (!property.is_string()) return unusable();
      c.cost += item.as_string().size() / 64;
      return item.as_string().find(property.as_string()) == std::string_view::npos ? Value::nil()
                                                                                   : property;
    case Type::integer:
    case Type::huge:
      return unusable();
    case Type::drop:
      return property.is_string() ? (*c.drop_member)(item, property.as_string()) : Value::nil();
    default:
      return Value::nil();
  }
}

Value join(Call& c) {
  const std::vector<Value> items = items_of(c);
  const std::string glue = c.has(0) ? to_text(c.argument(0)) : " ";
  std::string out;
  bool first = true;
  for (const Value& item : items) {
    if (!first) out += glue;
    first = false;
    append_text(out, item);
    if (!c.fits(out.size())) return Value::nil();
  }
  return c.made(out);
}

template <typename Compare>
Value sorted(Call& c, Compare compare) {
  std::vector<Value> items = items_of(c);
  // A list, because its sort stays within bounds whatever the comparison says.
  std::list<std::pair<Value, Value>> keyed;  // key, item
  const bool by_property = c.has(0) && !c.argument(0).is_nil();
  if (by_property && !std::ranges::all_of(items, has_properties)) return Value::nil();
  for (const Value& item : items) {
    keyed.emplace_back(by_property ? property_of(c, item, c.argument(0)) : item, item);
  }
  if (c.failure) return Value::nil();
  std::size_t bits = 1;
  for (std::size_t n = items.size(); n > 1; n /= 2) ++bits;
  c.cost += items.size() * bits;
  keyed.sort([&](const auto& a, const auto& b) {
    // Nil comes last.
    if (a.first.is_nil() || b.first.is_nil()) return !a.first.is_nil() && b.first.is_nil();
    return compare(a.first, b.first);
  });
  std::ranges::copy(keyed | std::views::values, items.begin());
  return list(c, items);
}

Value sort(Call& c) {
  return sorted(c, [&c](Value a, Value b) {
    const auto order = compare(a, b);
    if (!order) c.fail("values of different kinds cannot be sorted.");
    return order.value_or(0) < 0;
  });
}

Value sort_natural(Call& c) {
  const auto fold = [](Value v) {
    std::string text;
    append_text(text, v);
    std::ranges::transform(text, text.begin(), [](char ch) {
      return ch >= 'A' && ch <= 'Z' ? static_cast<char>(ch + 32) : ch;
    });
    return text;
  };
  return sorted(c, [&](Value a, Value b) {
    c.cost += 1;
    return fold(a) < fold(b);
  });
}

enum class Answer { yes, no, none };  // none: the item has no properties at all

Answer matches(Call& c, Value item) {
  if (!has_properties(item)) return Answer::none;
  const Value found = property_of(c, item, c.argument(0));
  const bool yes = c.argument(1).is_nil() ? found.truthy() : equal(found, c.argument(1));
  return yes ? Answer::yes : Answer::no;
}

Value select(Call& c, Answer wanted) {
  std::vector<Value> kept;
  for (const Value& item : items_of(c)) {
    const Answer answer = matches(c, item);
    if (c.failure || answer == Answer::none) return Value::nil();
    if (answer == wanted) kept.push_back(item);
  }
  return list(c, kept);
}
Value where(Call& c) { return select(c, Answer::yes); }
Value reject(Call& c) { return select(c, Answer::no); }

// The index of the first that matches, -1 if none, nothing if they cannot be asked.
std::optional<std::int64_t> search(Call& c, const std::vector<Value>& items) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Answer answer = matches(c, items[i]);
    if (c.failure || answer == Answer::none) return std::nullopt;
    if (answer == Answer::yes) return static_cast<std::int64_t>(i);
  }
  return -1;
}
Value find(Call& c) {
  const std::vector<Value> items = items_of(c);
  const auto index = search(c, items);
  return index && *index >= 0 ? items[static_cast<std::size_t>(*index)] : Value::nil();
}
Value find_index(Call& c) {
  const auto index = search(c, items_of(c));
  return index && *index >= 0 ? Value::integer(*index) : Value::nil();
}
Value has(Call& c) {
  const auto index = search(c, items_of(c));
  return index ? Value::boolean(*index >= 0) : Value::nil();
}

Value uniq(Call& c) {
  std::vector<Value> kept, keys;
  std::unordered_multimap<std::size_t, std::size_t> seen;
  for (const Value& item : items_of(c)) {
    const bool by_property = !c.argument(0).is_nil();
    if (by_property && !has_properties(item)) return Value::nil();
    const Value key = by_property ? property_of(c, item, c.argument(0)) : item;
    if (c.failure) return Value::nil();
    const std::size_t code = hash(key);
    const auto [from, to] = seen.equal_range(code);
    c.cost += static_cast<std::uint64_t>(std::distance(from, to));
    // 1 and 1.0 are equal but not the same.
    if (std::any_of(from, to, [&](const auto& entry) {
          return keys[entry.second].type() == key.type() && equal(keys[entry.second], key);
        })) {
      continue;
    }
    if (c.cost > c.options.limits.steps) break;
    seen.emplace(code, keys.size());
    keys.push_back(key);
    kept.push_back(item);
  }
  return list(c, kept);
}

Value compact(Call& c) {
  std::vector<Value> kept;
  for (const Value& item : items_of(c)) {
    const bool by_property = !c.argument(0).is_nil();
    if (by_property && !has_properties(item)) return Value::nil();
    if (!(by_property ? property_of(c, item, c.argument(0)) : item).is_nil()) kept.push_back(item);
    if (c.failure) return Value::nil();
  }
  return list(c, kept);
}

Value map(Call& c) {
  std::vector<Value> made;
  for (const Value& item : items_of(c)) {
    made.push_back(property_of(c, item, c.argument(0)));
    if (c.failure) return Value::nil();
  }
  return list(c, made);
}

Value reverse(Call& c) {
  std::vector<Value> items = items_of(c);
  std::ranges::reverse(items);
  return list(c, items);
}

Value concat(Call& c) {
  if (!c.argument(0).is_array()) {
    c.fail("concat needs a list to add.");
    return Value::nil();
  }
  std::vector<Value> items = items_of(c);
  const auto more = c.argument(0).as_array();
  items.insert(items.end(), more.begin(), more.end());
  c.cost += more.size();
  return list(c, items);
}

Value sum(Call& c) {
  Number total;
  std::vector<Value> values;
  for (const Value& item : items_of(c)) {
    const bool by_property = !c.argument(0).is_nil();
    values.push_back(by_property ? property_of(c, item, c.argument(0)) : item);
    if (c.failure) return Value::nil();
  }
  const Value picked = list(c, values);
  for (const Value& value : items_of(c, picked)) total = add(total, to_number(value));
  return total.to_value(c.arena);
}

Value first(Call& c) {
  switch (c.input.type()) {
    case Type::array:
      return c.input.as_array().empty() ? Value::nil() : c.input.as_array().front();
    case Type::range:
      return Value::integer(c.input.as_range().first);
    case Type::object: {
      if (c.input.as_object().empty()) return Value::nil();
      const Member& member = c.input.as_object().front();
      return list(c, {Value::string(member.key), member.value});
    }
    case Type::string: {
      const std::string_view text = c.input.as_string();
      return text.empty() ? Value::string("")
                          : Value::string(text.substr(0, character_length(text)));
    }
    default:
      return Value::nil();
  }
}

Value last(Call& c) {
  switch (c.input.type()) {
    case Type::array:
      return c.input.as_array().empty() ? Value::nil() : c.input.as_array().back();
    case Type::range:
      return Value::integer(c.input.as_range().last);
    case Type::string: {
      const std::string_view text = c.input.as_string();
      if (text.empty()) return Value::string("");
      return Value::string(text.substr(character_offset(text, count_characters(text) - 1)));
    }
    default:
      return Value::nil();
  }
}

Value size(Call& c) {
  switch (c.input.type()) {
    case Type::string:
      c.cost += c.input.as_string().size() / 64;
      return Value::integer(static_cast<std::int64_t>(count_characters(c.input.as_string())));
    case Type::array:
      return Value::integer(static_cast<std::int64_t>(c.input.as_array().size()));
    case Type::object:
      return Value::integer(static_cast<std::int64_t>(c.input.as_object().size()));
    case Type::range:
      return c.arena.integer(c.input.as_range().size());
    case Type::integer:
      return Value::integer(8);
    case Type::huge:
      return Value::integer(16);
    default:
      return Value::integer(0);
  }
}

Value default_of(Call& c) {
  const bool missing = c.allow_false.truthy() ? c.input.is_nil() : !c.input.truthy();
  if (!missing && !answers_empty(c.input)) return c.input;
  return c.has(0) ? c.argument(0) : Value::string("");
}

constexpr std::array<FilterInfo, 18> kFilters = {{
    {"compact", 0, 1, compact},
    {"concat", 1, 1, concat},
    {"default", 0, 1, default_of},
    {"find", 1, 2, find},
    {"find_index", 1, 2, find_index},
    {"first", 0, 0, first},
    {"has", 1, 2, has},
    {"join", 0, 1, join},
    {"last", 0, 0, last},
    {"map", 1, 1, map},
    {"reject", 1, 2, reject},
    {"reverse", 0, 0, reverse},
    {"size", 0, 0, size},
    {"sort", 0, 1, sort},
    {"sort_natural", 0, 1, sort_natural},
    {"sum", 0, 1, sum},
    {"uniq", 0, 1, uniq},
    {"where", 1, 2, where},
}};

}  // namespace

std::span<const FilterInfo> list_filters() { return kFilters; }

}  // namespace tidings::liquid
