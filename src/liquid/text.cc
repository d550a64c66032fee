#include "liquid/text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>

#include "base/bytes.h"
#include "liquid/code.h"

namespace tidings::liquid {
namespace {

constexpr int kDeep = 64;  // values nested deeper than this print as nothing and equal nothing

std::string_view name_of(const Drop& drop) {
  switch (drop.kind) {
    case Drop::Kind::forloop:
      return "Liquid::ForloopDrop";
    case Drop::Kind::tablerowloop:
      return "Liquid::TablerowloopDrop";
    case Drop::Kind::self:
      break;
  }
  return "Liquid::SelfDrop";
}

void append_inspected_string(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    switch (c) {
      case '"':
        out += "\\\"";
        continue;
      case '\\':
        out += "\\\\";
        continue;
      case '\n':
        out += "\\n";
        continue;
      case '\r':
        out += "\\r";
        continue;
      case '\t':
        out += "\\t";
        continue;
      case '\f':
        out += "\\f";
        continue;
      case '\v':
        out += "\\v";
        continue;
      case '\b':
        out += "\\b";
        continue;
      case '\a':
        out += "\\a";
        continue;
      case 27:
        out += "\\e";
        continue;
      default:
        break;
    }
    const bool interpolates = c == '#' && i + 1 < text.size() &&
                              (text[i + 1] == '{' || text[i + 1] == '$' || text[i + 1] == '@');
    if (interpolates) out += '\\';
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      static constexpr std::string_view kHex = "0123456789ABCDEF";
      out += "\\x";
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

bool is_numeric(Value v) {
  return v.type() == Type::integer || v.type() == Type::huge || v.type() == Type::number;
}

double to_double(Value v) {
  return v.type() == Type::number ? v.as_number() : static_cast<double>(v.as_huge());
}

template <typename T>
int order(const T& a, const T& b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}

}  // namespace

std::string_view trim_left(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  return text;
}

std::string_view trim_right(std::string_view text) {
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::size_t character_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t wanted = lead < 0xc2   ? 1
                             : lead < 0xe0 ? 2
                             : lead < 0xf0 ? 3
                             : lead < 0xf5 ? 4
                                           : 1;
  if (wanted > text.size()) return 1;
  for (std::size_t i = 1; i < wanted; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 1;
  }
  return wanted;
}

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); i += character_length(text.substr(i))) ++count;
  return count;
}

std::size_t character_offset(std::string_view text, std::size_t index) {
  std::size_t offset = 0;
  while (index-- > 0 && offset < text.size()) offset += character_length(text.substr(offset));
  return offset;
}

void append_integer(std::string& out, __int128 value) {
  if (value >= INT64_MIN && value <= INT64_MAX) {
    char buffer[24];
    const auto done =
        std::to_chars(buffer, buffer + sizeof buffer, static_cast<std::int64_t>(value));
    out.append(buffer, done.ptr);
    return;
  }
  char digits[44];
  char* p = digits + sizeof digits;
  const bool negative = value < 0;
  auto rest =
      negative ? -static_cast<unsigned __int128>(value) : static_cast<unsigned __int128>(value);
  for (; rest != 0; rest /= 10) *--p = static_cast<char>('0' + static_cast<int>(rest % 10));
  if (negative) *--p = '-';
  out.append(p, digits + sizeof digits);
}

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value < 0 ? "-Infinity" : "Infinity";
    return;
  }
  char buffer[400];
  const double size = std::fabs(value);
  if (value == 0 || (size >= 1e-4 && size < 1e16)) {
    const auto done =
        std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed);
    const std::string_view text(buffer, done.ptr);
    out += text;
    if (text.find('.') == text.npos) out += ".0";
    return;
  }
  const auto done =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  const std::string_view text(buffer, done.ptr);
  const std::size_t e = text.find('e');
  out += text.substr(0, e);
  if (text.substr(0, e).find('.') == text.npos) out += ".0";
  out += text.substr(e);
}

void append_printed(std::string& out, Value value, int depth) {
  switch (value.type()) {
    case Type::nil:
      return;
    case Type::boolean:
      out += value.as_boolean() ? "true" : "false";
      return;
    case Type::integer:
    case Type::huge:
      append_integer(out, value.as_huge());
      return;
    case Type::number:
      append_number(out, value.as_number());
      return;
    case Type::string:
      out += value.as_string();
      return;
    case Type::array:
      if (depth > kDeep) return;
      for (const Value& item : value.as_array()) append_printed(out, item, depth + 1);
      return;
    case Type::object:
      append_inspected(out, value, depth);
      return;
    case Type::range:
      append_integer(out, value.as_range().first);
      out += "..";
      append_integer(out, value.as_range().last);
      return;
    case Type::drop:
      out += name_of(value.as_drop());
      return;
  }
}

void append_text(std::string& out, Value value) {
  if (value.is_array()) {
    append_inspected(out, value);
  } else {
    append_printed(out, value);
  }
}

void append_inspected(std::string& out, Value value, int depth) {
  if (depth > kDeep) return;
  bool first = true;
  switch (value.type()) {
    case Type::nil:
      out += "nil";
      return;
    case Type::string:
      append_inspected_string(out, value.as_string());
      return;
    case Type::array:
      out += '[';
      for (const Value& item : value.as_array()) {
        if (!first) out += ", ";
        first = false;
        append_inspected(out, item, depth + 1);
      }
      out += ']';
      return;
    case Type::object:
      out += '{';
      for (const Member& member : value.as_object()) {
        if (!first) out += ", ";
        first = false;
        append_inspected_string(out, member.key);
        out += "=>";
        append_inspected(out, member.value, depth + 1);
      }
      out += '}';
      return;
    default:
      append_printed(out, value, depth);
  }
}

void append_escaped(std::string& out, std::string_view text) {
  std::size_t from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string_view entity;
    switch (text[i]) {
      case '&':
        entity = "&amp;";
        break;
      case '<':
        entity = "&lt;";
        break;
      case '>':
        entity = "&gt;";
        break;
      case '"':
        entity = "&quot;";
        break;
      case '\'':
        entity = "&#39;";
        break;
      default:
        continue;
    }
    out.append(text, from, i - from);
    out += entity;
    from = i + 1;
  }
  out.append(text, from, text.size() - from);
}

void append_escaped_once(std::string& out, std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  std::size_t i = 0;
  while (i < text.size()) {
    std::size_t end = i + 1;
    if (text[i] == '&') {
      // An entity that is already there: &name; or &#123;
      const bool numeric = end < text.size() && text[end] == '#';
      std::size_t j = numeric ? end + 1 : end;
      const std::size_t body = j;
      while (j < text.size() && (numeric ? is_digit(text[j]) : letter(text[j]))) ++j;
      if (j > body && j < text.size() && text[j] == ';') {
        out.append(text, i, j + 1 - i);
        i = j + 1;
        continue;
      }
    }
    append_escaped(out, text.substr(i, end - i));
    i = end;
  }
}

bool equal(Value a, Value b, int depth) {
  if (depth > kDeep) return false;
  if (is_numeric(a) && is_numeric(b)) {
    if (a.type() == Type::number || b.type() == Type::number) return to_double(a) == to_double(b);
    return a.as_huge() == b.as_huge();
  }
  if (a.type() != b.type()) return false;
  switch (a.type()) {
    case Type::nil:
      return true;
    case Type::boolean:
      return a.as_boolean() == b.as_boolean();
    case Type::string:
      return a.as_string() == b.as_string();
    case Type::array:
      return std::ranges::equal(
          a.as_array(), b.as_array(),
          [depth](const Value& x, const Value& y) { return equal(x, y, depth + 1); });
    case Type::object:
      if (a.as_object().size() != b.as_object().size()) return false;
      return std::ranges::all_of(a.as_object(), [&](const Member& member) {
        const Value* other = b.find(member.key);
        return other != nullptr && equal(member.value, *other, depth + 1);
      });
    case Type::range:
      return a.as_range().first == b.as_range().first && a.as_range().last == b.as_range().last;
    case Type::drop:
      return &a.as_drop() == &b.as_drop() ||
             (a.as_drop().kind == Drop::Kind::self && b.as_drop().kind == Drop::Kind::self);
    default:
      return false;
  }
}

std::optional<int> compare(Value a, Value b, int depth) {
  if (depth > kDeep) return std::nullopt;
  if (is_numeric(a) && is_numeric(b)) {
    if (a.type() == Type::number || b.type() == Type::number) {
      const double x = to_double(a), y = to_double(b);
      if (std::isnan(x) || std::isnan(y)) return std::nullopt;
      return order(x, y);
    }
    return order(a.as_huge(), b.as_huge());
  }
  if (a.is_string() && b.is_string()) return order(a.as_string(), b.as_string());
  if (a.is_array() && b.is_array()) {
    const auto x = a.as_array(), y = b.as_array();
    for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
      const auto here = compare(x[i], y[i], depth + 1);
      if (!here || *here != 0) return here;
    }
    return order(x.size(), y.size());
  }
  if (equal(a, b)) return 0;
  return std::nullopt;
}

std::size_t hash(Value value, int depth) {
  if (depth > kDeep) return 0;
  if (is_numeric(value)) return std::hash<double>()(to_double(value));
  switch (value.type()) {
    case Type::boolean:
      return value.as_boolean() ? 3 : 5;
    case Type::string:
      return fnv1a(value.as_string());
    case Type::array: {
      std::size_t sum = 7;
      for (const Value& item : value.as_array()) sum = sum * 31 + hash(item, depth + 1);
      return sum;
    }
    case Type::object: {
      std::size_t sum = 11;  // the order of members does not matter
      for (const Member& m : value.as_object()) sum += fnv1a(m.key) ^ hash(m.value, depth + 1);
      return sum;
    }
    default:
      return static_cast<std::size_t>(value.type());
  }
}

bool answers_blank(Value value) {
  switch (value.type()) {
    case Type::nil:
      return true;
    case Type::boolean:
      return !value.as_boolean();
    case Type::string:
      return trim(value.as_string()).empty();
    default:
      return answers_empty(value);
  }
}

bool answers_empty(Value value) {
  switch (value.type()) {
    case Type::string:
      return value.as_string().empty();
    case Type::array:
      return value.as_array().empty();
    case Type::object:
      return value.as_object().empty();
    default:
      return false;
  }
}

}  // namespace tidings::liquid
