// Value: what a template works on. Nil, boolean, integer, number, text, list, object or range.
//
// A Value is a 16-byte view, copied like an int: text, lists and objects stay where their owner
// keeps them (a database row, an Arena) and must outlive every Value that looks at them. That is
// why rendering a plain variable allocates nothing.
// Thread: a Value may be read from any thread while its owner does not change; an Arena belongs to
// one thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tidings::liquid {

class Value;
struct Member;
struct Range;
struct Drop;

enum class Type : std::uint8_t {
  nil,
  boolean,
  integer,  // 64 bits
  huge,     // an integer beyond 64 bits and within 128
  number,   // floating point
  string,
  array,
  object,  // members in the order they were given
  range,   // (first..last), both included
  drop,    // what the engine itself provides: `forloop`, `tablerowloop`, `self`
};

class Value {
 public:
  constexpr Value() : bits_{.integer = 0} {}
  static constexpr Value nil() { return {}; }
  static constexpr Value boolean(bool v) { return Value(Type::boolean, 0, {.integer = v ? 1 : 0}); }
  static constexpr Value integer(std::int64_t v) { return Value(Type::integer, 0, {.integer = v}); }
  static constexpr Value number(double v) { return Value(Type::number, 0, {.number = v}); }
  // UTF-8; other bytes are passed through. At most 4 GiB, which no limit here lets anyone reach.
  static constexpr Value string(std::string_view v) {
    return Value(Type::string, static_cast<std::uint32_t>(v.size()), {.text = v.data()});
  }
  // Text that is already HTML: not escaped again in an HTML context.
  static constexpr Value html(std::string_view v) { return string(v).marked_safe(true); }
  static Value array(std::span<const Value> items);
  static Value object(std::span<const Member> members);
  static Value huge(const __int128* v) { return Value(Type::huge, 0, {.huge = v}); }
  static Value range(const Range* v) { return Value(Type::range, 0, {.range = v}); }
  static Value drop(const Drop* v) { return Value(Type::drop, 0, {.drop = v}); }

  constexpr Type type() const { return type_; }
  constexpr bool is_nil() const { return type_ == Type::nil; }
  constexpr bool is_string() const { return type_ == Type::string; }
  constexpr bool is_array() const { return type_ == Type::array; }
  constexpr bool is_object() const { return type_ == Type::object; }
  // Everything is true but nil and false.
  constexpr bool truthy() const {
    return type_ != Type::nil && (type_ != Type::boolean || bits_.integer != 0);
  }
  // Only meaningful for strings: counts as HTML already.
  constexpr bool safe() const { return safe_; }
  constexpr Value marked_safe(bool safe) const {
    Value copy = *this;
    copy.safe_ = safe;
    return copy;
  }

  // The payload, whose type must be the one asked for.
  constexpr bool as_boolean() const { return bits_.integer != 0; }
  constexpr std::int64_t as_integer() const { return bits_.integer; }
  __int128 as_huge() const { return type_ == Type::huge ? *bits_.huge : bits_.integer; }
  constexpr double as_number() const { return bits_.number; }
  constexpr std::string_view as_string() const { return {bits_.text, size_}; }
  std::span<const Value> as_array() const { return {bits_.items, size_}; }
  std::span<const Member> as_object() const;
  const Range& as_range() const { return *bits_.range; }
  const Drop& as_drop() const { return *bits_.drop; }

  // The member of an object by its exact name; nullptr if it has none, or this is no object.
  // `hint` is where it was found last time and is updated: objects of one shape cost one
  // comparison.
  const Value* find(std::string_view key, std::uint32_t* hint = nullptr) const;

 private:
  union Bits {
    std::int64_t integer;
    double number;
    const char* text;
    const Value* items;
    const Member* members;
    const __int128* huge;
    const Range* range;
    const Drop* drop;
  };
  constexpr Value(Type type, std::uint32_t size, Bits bits)
      : type_(type), size_(size), bits_(bits) {}

  Type type_ = Type::nil;
  bool safe_ = false;
  std::uint32_t size_ = 0;
  Bits bits_;
};

struct Member {
  std::string_view key;
  Value value;
};

struct Range {
  std::int64_t first = 0;
  std::int64_t last = 0;

  // Number of integers in it; none when last < first.
  std::uint64_t size() const {
    return last < first ? 0
                        : static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first) + 1;
  }
};

inline Value Value::array(std::span<const Value> items) {
  return Value(Type::array, static_cast<std::uint32_t>(items.size()), {.items = items.data()});
}
inline Value Value::object(std::span<const Member> members) {
  return Value(Type::object, static_cast<std::uint32_t>(members.size()),
               {.members = members.data()});
}
inline std::span<const Member> Value::as_object() const { return {bits_.members, size_}; }

// Memory for values that belong to nobody else: grows in chunks, freed as a whole. Never throws for
// its budget: once that is spent, exhausted() is true and text comes back empty.
class Arena {
 public:
  // `budget` bytes in all, the first 1,000 or so of them without asking the allocator.
  explicit Arena(std::size_t budget = std::size_t{1} << 30) : budget_(budget) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  bool exhausted() const { return exhausted_; }
  // `size` bytes aligned for any value; nullptr once the budget is spent.
  void* allocate(std::size_t size);
  // Takes back the end of the latest allocation, of which only `used` of `size` bytes are kept.
  void shrink_last(std::size_t size, std::size_t used);
  std::string_view copy(std::string_view text);
  // `count` nil values; empty once the budget is spent.
  std::span<Value> values(std::size_t count);
  std::span<Member> members(std::size_t count);
  Value range(std::int64_t first, std::int64_t last);
  // 64 bits where they suffice. Nil once the budget is spent.
  Value integer(__int128 value);

 private:
  alignas(16) std::array<std::byte, 1024> inline_;  // deliberately not zeroed
  std::size_t budget_;
  std::size_t spent_ = 0;
  bool exhausted_ = false;
  std::byte* next_ = inline_.data();
  std::byte* end_ = inline_.data() + inline_.size();
  std::vector<std::unique_ptr<std::byte[]>> chunks_;
};

// A JSON text as a value, everything copied into `arena`. Integers beyond 64 bits become huge or,
// beyond 128, numbers. Error `liquid.json` names line and column; at most 64 levels deep.
Result<Value> value_from_json(std::string_view json, Arena& arena);

// The text of a value as {{ }} prints it, not escaped: for tests and messages.
std::string to_text(Value value);

}  // namespace tidings::liquid
