// The checking half of schema.h: a walk over value and schema together.
#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <unordered_map>

#include <date/tz.h>
#include <fmt/format.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/text.h"
#include "edge/api/schema.h"
#include "edge/api/schema_node.h"
#include "wire/email_address.h"
#include "wire/url.h"

namespace tidings::api {

namespace {

namespace json = boost::json;

constexpr std::size_t kErrorsMax = 50;
constexpr int kDepthMax = 64;
constexpr std::size_t kEchoMax = 60;      // characters of a value repeated in a sentence
constexpr std::size_t kChoicesTold = 30;  // of an enum

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) >> 6) != 2; }));
}

// The first characters of foreign text, for repeating it.
std::string echo(std::string_view text) {
  std::size_t end = 0;
  for (std::size_t seen = 0; end < text.size(); ++end) {
    const bool begins = (static_cast<unsigned char>(text[end]) >> 6) != 2;
    if (begins && seen++ == kEchoMax) return fmt::format("\"{}…\"", text.substr(0, end));
  }
  return fmt::format("\"{}\"", text);
}

std::string told(const json::value& value) {
  return value.is_string() ? echo(value.get_string()) : echo(json::serialize(value));
}

unsigned type_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return kNull;
    case json::kind::bool_:
      return kBoolean;
    case json::kind::int64:
    case json::kind::uint64:
      return kInteger | kNumber;
    case json::kind::double_:
      return kNumber;
    case json::kind::string:
      return kString;
    case json::kind::array:
      return kArray;
    case json::kind::object:
      return kObject;
  }
  return 0;
}

std::string sentence_of_types(unsigned types) {
  std::string words;
  const auto add = [&](unsigned type, std::string_view word) {
    if ((types & type) != 0) words += (words.empty() ? "" : " or ") + std::string(word);
  };
  add(kString, "a text");
  if ((types & kNumber) == 0) add(kInteger, "a whole number");
  add(kNumber, "a number");
  add(kBoolean, "true or false");
  add(kArray, "a list");
  add(kObject, "an object");
  add(kNull, "null");
  return "This should be " + words + ".";
}

std::string unknown_sentence(const Schema& schema, std::string_view name) {
  std::string_view nearest;
  std::size_t best = 3;  // further away is no slip of the finger
  for (const auto& [each, property] : schema.properties) {
    const std::size_t away = edit_distance(name, each, best);
    if (away < best) {
      best = away;
      nearest = each;
    }
  }
  if (nearest.empty()) return fmt::format("There is no {} here.", echo(name));
  return fmt::format("There is no {} here. Did you mean \"{}\"?", echo(name), nearest);
}

// RFC 5646 in form only: "en", "nl-BE", "zh-Hant-TW".
bool is_locale(std::string_view text) {
  std::size_t at = 0;
  for (int part = 0;; ++part) {
    const auto end = std::min(text.find('-', at), text.size());
    const std::string_view tag = text.substr(at, end - at);
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    if (tag.empty() || tag.size() > 8 || (part == 0 && tag.size() < 2)) return false;
    if (!std::ranges::all_of(tag, [&](char c) { return letter(c) || (part > 0 && digit(c)); })) {
      return false;
    }
    if (end == text.size()) return true;
    at = end + 1;
  }
}

bool is_time_zone(std::string_view text) {
  try {
    date::locate_zone(std::string(text));
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

// http and https with a host: what a link or a webhook may point to.
bool is_web_address(std::string_view text) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (!text.starts_with(scheme)) continue;
    const std::string_view rest = text.substr(scheme.size());
    return !rest.empty() && rest.front() != '/' && rest.front() != ':' && rest.front() != '?' &&
           rest.front() != '#' && std::ranges::none_of(rest, [](char c) {
             return static_cast<unsigned char>(c) <= ' ' || c == '\x7f' || c == '"' || c == '<' ||
                    c == '>' || c == '\\';
           });
  }
  return false;
}

// What is wrong with a text of that format; empty when nothing is.
std::string format_sentence(Format format, std::string_view text) {
  switch (format) {
    case Format::none:
      return "";
    case Format::id:
      return parse_id(text) ? "" : "This is not an id: those have 13 letters and digits.";
    case Format::date_time:
      return parse_rfc3339(text)
                 ? ""
                 : "This is not a moment in time. Write it like 2026-11-22T08:00:00Z.";
    case Format::date:
      return parse_date(text) ? "" : "This is not a day. Write it like 2026-11-22.";
    case Format::email: {
      const auto read = wire::parse_email_address(text, wire::DomainRule::any);
      return read ? "" : read.error().message;
    }
    case Format::uri:
      return is_web_address(text)
                 ? ""
                 : "This is not a web address. It begins with https:// and has no spaces.";
    case Format::time_zone:
      return text.empty() || is_time_zone(text)
                 ? ""
                 : fmt::format("{} is not a time zone. Name one like Europe/Amsterdam or UTC.",
                               echo(text));
    case Format::locale:
      return text.empty() || is_locale(text)
                 ? ""
                 : "This is not a language. Write it like \"en\" or \"nl-BE\".";
  }
  return "";
}

// "~" and "/" within a name are escaped (RFC 6901 §3). A name of the caller's own may have any
// length: it is cut.
std::string step(std::string_view name) {
  constexpr std::size_t kNameMax = 100;
  std::string text = "/";
  for (const char c : name) {
    const bool begins = (static_cast<unsigned char>(c) >> 6) != 2;
    if (begins && text.size() > kNameMax) return text + "…";
    if (c == '~')
      text += "~0";
    else if (c == '/')
      text += "~1";
    else
      text.push_back(c);
  }
  return text;
}

class Checker {
 public:
  explicit Checker(std::string_view field) : field_(field) {}

  void walk(const Schema& schema, const json::value& value);
  std::vector<FieldError> take() { return std::move(errors_); }

 private:
  void add(std::string_view code, std::string message) {
    if (errors_.size() < kErrorsMax) {
      errors_.push_back({field_, std::string(code), std::move(message)});
    }
  }
  void add_at(std::string_view name, std::string_view code, std::string message) {
    const std::size_t size = field_.size();
    field_ += step(name);
    add(code, std::move(message));
    field_.resize(size);
  }
  void walk_below(const Schema& schema, const json::value& value, std::string_view name) {
    const std::size_t size = field_.size();
    field_ += step(name);
    walk(schema, value);
    field_.resize(size);
  }
  void choose(const Schema& schema, const json::value& value);
  void choose_object(const Schema& schema, const json::value& value);
  bool check_allowed(const Schema& schema, const json::value& value);
  void check_text(const Schema& schema, std::string_view text);
  void check_number(const Schema& schema, const json::value& value);
  void check_array(const Schema& schema, const json::array& array);
  void check_object(const Schema& schema, const json::object& object);

  std::string field_;
  int depth_ = 0;
  std::vector<FieldError> errors_;
};

void Checker::walk(const Schema& schema, const json::value& value) {
  if (errors_.size() >= kErrorsMax) return;
  if (depth_ >= kDepthMax) return add("too_deep", "This is nested too deeply.");
  ++depth_;
  if (!schema.choices.empty()) {
    choose(schema, value);
  } else if ((schema.types & type_of(value)) == 0) {
    add("type", sentence_of_types(schema.types));
  } else if (check_allowed(schema, value)) {
    if (value.is_string()) check_text(schema, value.get_string());
    if (value.is_number()) check_number(schema, value);
    if (value.is_array()) check_array(schema, value.get_array());
    if (value.is_object()) check_object(schema, value.get_object());
  }
  --depth_;
}

void Checker::choose(const Schema& schema, const json::value& value) {
  if (value.is_object() && !schema.telling_member.empty()) return choose_object(schema, value);
  unsigned types = 0;
  for (const Schema* choice : schema.choices) {
    // A choice of choices is asked for all it takes; it says itself what is wrong.
    const unsigned taken = choice->choices.empty() ? choice->types : kAnyType;
    if ((taken & type_of(value)) != 0) return walk(*choice, value);
    types |= taken;
  }
  add("type", sentence_of_types(types));
}

void Checker::choose_object(const Schema& schema, const json::value& value) {
  const json::value* telling = value.get_object().if_contains(schema.telling_member);
  if (telling == nullptr) return add_at(schema.telling_member, "missing", "This is required.");
  std::string known;
  for (const Schema* choice : schema.choices) {
    const auto member = choice->properties.find(schema.telling_member);
    if (member == choice->properties.end()) continue;
    for (const json::value& each : member->second.schema->allowed) {
      if (each == *telling) return walk(*choice, value);
      known += (known.empty() ? "" : ", ") + told(each);
    }
  }
  add_at(schema.telling_member, "choice",
         fmt::format("{} is not one of {}.", told(*telling), known));
}

bool Checker::check_allowed(const Schema& schema, const json::value& value) {
  if (schema.allowed.empty()) return true;
  if (std::ranges::find(schema.allowed, value) != schema.allowed.end()) return true;
  std::string known;
  std::size_t count = 0;
  for (const json::value& each : schema.allowed) {
    if (count++ == kChoicesTold) known += " …";
    if (count > kChoicesTold) break;
    known += (known.empty() ? "" : ", ") + told(each);
  }
  add("choice", fmt::format("{} is not one of {}.", told(value), known));
  return false;
}

void Checker::check_text(const Schema& schema, std::string_view text) {
  if (text.find('\0') != std::string_view::npos) {
    return add("character", "This holds a character that cannot be kept (NUL).");
  }
  const std::size_t length = code_points(text);
  if (length < schema.length_min) {
    return length == 0 ? add("empty", "This must not be empty.")
                       : add("too_short",
                             fmt::format("This needs at least {} characters.", schema.length_min));
  }
  if (length > schema.length_max) {
    return add("too_long", fmt::format("This may have at most {} characters; it has {}.",
                                       schema.length_max, length));
  }
  std::string wrong = format_sentence(schema.format, text);
  if (!wrong.empty()) return add("format", std::move(wrong));
  if (schema.pattern == nullptr || schema.format == Format::id) return;
  if (!re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *schema.pattern)) {
    add("pattern", schema.hint.empty()
                       ? fmt::format("This does not have the form {}.", schema.pattern->pattern())
                       : schema.hint);
  }
}

void Checker::check_number(const Schema& schema, const json::value& value) {
  if (value.is_uint64()) return add("too_large", "This number is too large.");
  const double number = value.to_number<double>();
  if (schema.minimum && number < *schema.minimum) {
    return add("too_small", fmt::format("This may be no less than {}.", *schema.minimum));
  }
  if (schema.maximum && number > *schema.maximum) {
    return add("too_large", fmt::format("This may be no more than {}.", *schema.maximum));
  }
}

void Checker::check_array(const Schema& schema, const json::array& array) {
  if (array.size() < schema.items_min) {
    add("too_few", schema.items_min == 1
                       ? "At least one entry is needed."
                       : fmt::format("At least {} entries are needed.", schema.items_min));
  }
  if (array.size() > schema.items_max) {
    return add("too_many", fmt::format("There may be at most {} entries; there are {}.",
                                       schema.items_max, array.size()));
  }
  std::unordered_map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < array.size(); ++i) {
    if (schema.items != nullptr) walk_below(*schema.items, array[i], fmt::format("{}", i));
    if (!schema.items_differ) continue;
    const auto [first, is_new] = seen.try_emplace(json::serialize(array[i]), i);
    if (!is_new) {
      add_at(fmt::format("{}", i), "repeated",
             fmt::format("This is the same as entry {}.", first->second + 1));
    }
  }
}

void Checker::check_object(const Schema& schema, const json::object& object) {
  for (const auto& [name, property] : schema.properties) {
    if (property.is_required && !object.contains(name)) {
      add_at(name, "missing", "This is required.");
    }
  }
  if (object.size() < schema.properties_min) {
    add("too_few", schema.properties_min == 1
                       ? "At least one member is needed."
                       : fmt::format("At least {} members are needed.", schema.properties_min));
  }
  if (object.size() > schema.properties_max) {
    return add("too_many", fmt::format("There may be at most {} members; there are {}.",
                                       schema.properties_max, object.size()));
  }
  for (const auto& member : object) {
    const auto known = schema.properties.find(member.key());
    const Schema* const below = known != schema.properties.end() && known->second.schema != nullptr
                                    ? known->second.schema
                                    : schema.others;
    if (below == nullptr) {
      add_at(member.key(), "unknown", unknown_sentence(schema, member.key()));
    } else if (std::string_view(member.key()).find('\0') != std::string_view::npos) {
      add("character", "A name here holds a character that cannot be kept (NUL).");
    } else {
      walk_below(*below, member.value(), member.key());
    }
  }
}

}  // namespace

std::vector<FieldError> check(const Schema& schema, const json::value& value,
                              std::string_view field) {
  Checker checker(field);
  checker.walk(schema, value);
  return checker.take();
}

std::string summary_of(const std::vector<FieldError>& errors) {
  const FieldError& first = errors.front();
  std::string_view field = first.field;
  if (field.starts_with('/')) field.remove_prefix(1);
  std::string text =
      field.empty() ? first.message : fmt::format("{}: {}", echo(field), first.message);
  if (errors.size() > 1) {
    text = fmt::format("{} things are wrong. The first: {}", errors.size(), text);
  }
  return text;
}

}  // namespace tidings::api
