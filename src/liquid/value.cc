#include "liquid/value.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cstring>
#include <new>

#include <fmt/format.h>

#include "liquid/text.h"

namespace tidings::liquid {
namespace {

namespace json = boost::json;

// Builds values while the text is read: no tree of the library's in between.
struct Builder {
  static constexpr std::size_t max_object_size = std::size_t{1} << 24;
  static constexpr std::size_t max_array_size = std::size_t{1} << 24;
  static constexpr std::size_t max_key_size = std::size_t{1} << 24;
  static constexpr std::size_t max_string_size = std::size_t{1} << 28;

  Arena& arena;
  std::vector<Value> values;
  std::vector<std::string_view> keys;
  std::string pending;

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_array_begin(json::error_code&) { return true; }
  bool on_array_end(std::size_t count, json::error_code& ec) {
    const auto items = arena.values(count);
    if (items.size() < count) return stop(ec);
    std::copy(values.end() - static_cast<std::ptrdiff_t>(count), values.end(), items.begin());
    values.resize(values.size() - count);
    values.push_back(Value::array(items));
    return true;
  }
  bool on_object_begin(json::error_code&) { return true; }
  bool on_object_end(std::size_t count, json::error_code& ec) {
    const auto members = arena.members(count);
    if (members.size() < count) return stop(ec);
    std::size_t used = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string_view key = keys[keys.size() - count + i];
      const Value value = values[values.size() - count + i];
      // Of two members with one name the later counts, as everywhere. Small objects only: looking
      // for doubles in large ones would be quadratic, and find() takes the first.
      const auto same =
          count > 256
              ? members.begin() + static_cast<std::ptrdiff_t>(used)
              : std::find_if(members.begin(), members.begin() + static_cast<std::ptrdiff_t>(used),
                             [&](const Member& m) { return m.key == key; });
      if (same != members.begin() + static_cast<std::ptrdiff_t>(used)) {
        same->value = value;
      } else {
        members[used++] = {key, value};
      }
    }
    keys.resize(keys.size() - count);
    values.resize(values.size() - count);
    values.push_back(Value::object(members.first(used)));
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    pending.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, json::error_code& ec) {
    pending.append(part.data(), part.size());
    keys.push_back(arena.copy(pending));
    pending.clear();
    return !arena.exhausted() || stop(ec);
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
    pending.append(part.data(), part.size());
    return true;
  }
  bool on_string(json::string_view part, std::size_t, json::error_code& ec) {
    pending.append(part.data(), part.size());
    values.push_back(Value::string(arena.copy(pending)));
    pending.clear();
    return !arena.exhausted() || stop(ec);
  }
  // Numbers are read from their own text, because the parser rounds what is beyond 64 bits.
  bool on_number_part(json::string_view part, json::error_code&) {
    pending.append(part.data(), part.size());
    return true;
  }
  bool on_int64(std::int64_t value, json::string_view, json::error_code&) {
    pending.clear();
    values.push_back(Value::integer(value));
    return true;
  }
  bool on_uint64(std::uint64_t value, json::string_view, json::error_code&) {
    pending.clear();
    values.push_back(arena.integer(value));
    return true;
  }
  bool on_double(double value, json::string_view part, json::error_code&) {
    pending.append(part.data(), part.size());
    values.push_back(exact(value));
    pending.clear();
    return true;
  }
  bool on_bool(bool value, json::error_code&) {
    values.push_back(Value::boolean(value));
    return true;
  }
  bool on_null(json::error_code&) {
    values.push_back(Value::nil());
    return true;
  }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

  Value exact(double value) {
    const std::string_view text = trim(pending);
    if (text.find_first_of(".eE") == text.npos) {
      __int128 sum = 0;
      const bool fits = text.size() <= 38;
      for (const char c : text) {
        if (fits && is_digit(c)) sum = sum * 10 + (c - '0');
      }
      if (fits) return arena.integer(text.starts_with('-') ? -sum : sum);
    }
    // The library's own reading of long fractions is off by a last digit now and then.
    double read = value;
    std::from_chars(text.data(), text.data() + text.size(), read);
    return Value::number(read);
  }

  static bool stop(json::error_code& ec) {
    ec = json::error::array_too_large;
    return false;
  }
};

std::string place_in(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t line = 1 + static_cast<std::size_t>(std::ranges::count(before, '\n'));
  const std::size_t start = before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1;
  return fmt::format("line {}, column {}", line, count_characters(before.substr(start)) + 1);
}

}  // namespace

const Value* Value::find(std::string_view key, std::uint32_t* hint) const {
  if (type_ != Type::object) return nullptr;
  const Member* const members = bits_.members;
  if (hint != nullptr && *hint < size_ && members[*hint].key == key) return &members[*hint].value;
  for (std::uint32_t i = 0; i < size_; ++i) {
    if (members[i].key == key) {
      if (hint != nullptr) *hint = i;
      return &members[i].value;
    }
  }
  return nullptr;
}

void* Arena::allocate(std::size_t size) {
  size = (size + 15) & ~std::size_t{15};
  if (size > budget_ - std::min(spent_, budget_)) {
    exhausted_ = true;
    return nullptr;
  }
  spent_ += size;
  if (size > static_cast<std::size_t>(end_ - next_)) {
    const std::size_t chunk = std::max<std::size_t>(size, chunks_.empty() ? 4096 : 65536);
    chunks_.push_back(std::unique_ptr<std::byte[]>(new std::byte[chunk]));
    next_ = chunks_.back().get();
    end_ = next_ + chunk;
  }
  void* const here = next_;
  next_ += size;
  return here;
}

void Arena::shrink_last(std::size_t size, std::size_t used) {
  const std::size_t back = ((size + 15) & ~std::size_t{15}) - ((used + 15) & ~std::size_t{15});
  next_ -= back;
  spent_ -= back;
}

std::string_view Arena::copy(std::string_view text) {
  if (text.empty()) return {};
  char* const to = static_cast<char*>(allocate(text.size()));
  if (to == nullptr) return {};
  std::memcpy(to, text.data(), text.size());
  return {to, text.size()};
}

std::span<Value> Arena::values(std::size_t count) {
  if (count == 0 || count > (std::size_t{1} << 32) / sizeof(Value)) {
    exhausted_ = exhausted_ || count != 0;
    return {};
  }
  void* const to = allocate(count * sizeof(Value));
  if (to == nullptr) return {};
  auto* const first = static_cast<Value*>(to);
  std::uninitialized_default_construct_n(first, count);
  return {first, count};
}

std::span<Member> Arena::members(std::size_t count) {
  if (count == 0 || count > (std::size_t{1} << 32) / sizeof(Member)) {
    exhausted_ = exhausted_ || count != 0;
    return {};
  }
  void* const to = allocate(count * sizeof(Member));
  if (to == nullptr) return {};
  auto* const first = static_cast<Member*>(to);
  std::uninitialized_default_construct_n(first, count);
  return {first, count};
}

Value Arena::range(std::int64_t first, std::int64_t last) {
  void* const to = allocate(sizeof(Range));
  return to == nullptr ? Value::nil() : Value::range(new (to) Range{first, last});
}

Value Arena::integer(__int128 value) {
  if (value >= INT64_MIN && value <= INT64_MAX) {
    return Value::integer(static_cast<std::int64_t>(value));
  }
  void* const to = allocate(sizeof(__int128));
  return to == nullptr ? Value::nil() : Value::huge(new (to) __int128(value));
}

Result<Value> value_from_json(std::string_view text, Arena& arena) {
  json::parse_options options;
  options.max_depth = 64;
  json::basic_parser<Builder> parser(options, Builder{arena, {}, {}, {}});
  json::error_code error;
  std::size_t read = 0;
  try {
    read = parser.write_some(false, text.data(), text.size(), error);
  } catch (const std::exception& e) {
    return fail(ErrorKind::internal, "liquid.json", e.what());
  }
  if (arena.exhausted()) {
    return fail(ErrorKind::limit, "liquid.limit", "The JSON values need more memory than allowed.");
  }
  while (!error && read < text.size() && is_space(text[read])) ++read;
  if (error || read < text.size() || parser.handler().values.size() != 1) {
    const bool deep = error == json::error::too_deep;
    const bool ended = error == json::error::incomplete || (!error && read >= text.size());
    return fail(ErrorKind::invalid, "liquid.json",
                place_in(text, read) +
                    (deep    ? ": the values are nested more than 64 levels deep."
                     : ended ? ": the JSON text ends too early; is a bracket or quote missing?"
                             : ": this is not JSON; look for a missing comma, quote or bracket."));
  }
  return parser.handler().values.front();
}

std::string to_text(Value value) {
  std::string out;
  append_printed(out, value);
  return out;
}

}  // namespace tidings::liquid
