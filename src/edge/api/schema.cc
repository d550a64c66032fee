#include "edge/api/schema.h"

#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <deque>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "edge/api/schema_node.h"

namespace tidings::api {

namespace {

namespace json = boost::json;

constexpr std::string_view kReference = "#/components/schemas/";

constexpr std::array<std::pair<std::string_view, unsigned>, 7> kTypes = {{{"null", kNull},
                                                                          {"boolean", kBoolean},
                                                                          {"integer", kInteger},
                                                                          {"number", kNumber},
                                                                          {"string", kString},
                                                                          {"array", kArray},
                                                                          {"object", kObject}}};

constexpr std::array<std::pair<std::string_view, Format>, 7> kFormats = {
    {{"id", Format::id},
     {"date-time", Format::date_time},
     {"date", Format::date},
     {"email", Format::email},
     {"uri", Format::uri},
     {"time-zone", Format::time_zone},
     {"locale", Format::locale}}};

template <typename Value, std::size_t Count>
Value lookup(const std::array<std::pair<std::string_view, Value>, Count>& words,
             std::string_view word) {
  for (const auto& [name, value] : words) {
    if (name == word) return value;
  }
  CHECK(word == "a word that the specification may use");
  std::unreachable();
}

unsigned types_of(const json::value& told) {
  if (told.is_string()) return lookup(kTypes, told.get_string());
  unsigned types = 0;
  for (const auto& each : told.as_array()) types |= lookup(kTypes, each.as_string());
  return types;
}

// The name after "#/components/schemas/", or nothing for a schema that is no reference.
std::optional<std::string_view> referred(const json::value& schema) {
  const auto* told = schema.as_object().if_contains("$ref");
  if (told == nullptr) return std::nullopt;
  std::string_view name = told->as_string();
  CHECK(name.starts_with(kReference));
  return name.substr(kReference.size());
}

}  // namespace

struct Schemas::Compiler {
  json::object components;
  std::deque<Schema> made;
  std::unordered_map<std::string, Schema*> named;

  const Schema* compile(const json::value& told);
  const Schema* of_name(std::string_view name);
  void fill(Schema& schema, const json::object& told);
  void fill_bounds(Schema& schema, const json::object& told);
  void fill_members(Schema& schema, const json::object& told);
  void find_telling_member(Schema& schema);
};

const Schema* Schemas::Compiler::compile(const json::value& told) {
  if (const auto name = referred(told)) return of_name(*name);
  Schema& schema = made.emplace_back();
  fill(schema, told.as_object());
  return &schema;
}

const Schema* Schemas::Compiler::of_name(std::string_view name) {
  // An alias is followed first; the collector refuses one that comes back to itself.
  for (int steps = 0;; ++steps) {
    const auto* told = components.if_contains(name);
    CHECK(told != nullptr && steps < 100);
    const auto next = referred(*told);
    if (!next) break;
    name = *next;
  }
  const auto [at, is_new] = named.try_emplace(std::string(name), nullptr);
  if (!is_new) return at->second;
  // Known before it is filled, because a schema may hold itself further down.
  Schema* const schema = &made.emplace_back();
  at->second = schema;
  fill(*schema, components.at(name).as_object());
  return schema;
}

void Schemas::Compiler::fill(Schema& schema, const json::object& told) {
  if (const auto* choices = told.if_contains("oneOf")) {
    for (const auto& each : choices->as_array()) schema.choices.push_back(compile(each));
    if (const auto* discriminator = told.if_contains("discriminator")) {
      schema.telling_member = discriminator->at("propertyName").as_string();
    } else {
      find_telling_member(schema);
    }
    return;
  }
  if (const auto* types = told.if_contains("type")) schema.types = types_of(*types);
  if (const auto* one = told.if_contains("const")) schema.allowed.push_back(*one);
  if (const auto* several = told.if_contains("enum")) {
    for (const auto& each : several->as_array()) schema.allowed.push_back(each);
  }
  if (const auto* format = told.if_contains("format")) {
    schema.format = lookup(kFormats, format->as_string());
  }
  fill_bounds(schema, told);
  fill_members(schema, told);
}

void Schemas::Compiler::fill_bounds(Schema& schema, const json::object& told) {
  const auto size = [&](std::string_view name, std::size_t& bound) {
    if (const auto* found = told.if_contains(name)) bound = found->to_number<std::size_t>();
  };
  size("minLength", schema.length_min);
  size("maxLength", schema.length_max);
  size("minItems", schema.items_min);
  size("maxItems", schema.items_max);
  size("minProperties", schema.properties_min);
  size("maxProperties", schema.properties_max);
  if (const auto* found = told.if_contains("minimum")) schema.minimum = found->to_number<double>();
  if (const auto* found = told.if_contains("maximum")) schema.maximum = found->to_number<double>();
  if (const auto* found = told.if_contains("uniqueItems")) schema.items_differ = found->as_bool();
  if (const auto* found = told.if_contains("x-hint")) schema.hint = found->as_string();
  if (const auto* found = told.if_contains("pattern")) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    const std::string_view text = found->as_string();
    schema.pattern =
        std::make_unique<re2::RE2>(re2::StringPiece(text.data(), text.size()), options);
    CHECK(schema.pattern->ok());
  }
}

void Schemas::Compiler::fill_members(Schema& schema, const json::object& told) {
  if (const auto* items = told.if_contains("items")) schema.items = compile(*items);
  if (const auto* properties = told.if_contains("properties")) {
    for (const auto& member : properties->as_object()) {
      schema.properties[std::string(member.key())].schema = compile(member.value());
    }
  }
  if (const auto* required = told.if_contains("required")) {
    for (const auto& name : required->as_array()) {
      schema.properties[std::string(name.as_string())].is_required = true;
    }
  }
  const auto* others = told.if_contains("additionalProperties");
  if (others != nullptr && others->is_object()) schema.others = compile(*others);
  CHECK(others == nullptr || others->is_object() || !others->as_bool());
}

// A required member whose values are told by const or enum in every branch that is an object. The
// collector has checked that they do not overlap.
void Schemas::Compiler::find_telling_member(Schema& schema) {
  const Schema* first = nullptr;
  int objects = 0;
  for (const Schema* choice : schema.choices) {
    if ((choice->types & kObject) == 0) continue;
    if (objects++ == 0) first = choice;
  }
  if (objects < 2) return;
  for (const auto& [name, property] : first->properties) {
    bool tells = true;
    for (const Schema* choice : schema.choices) {
      if ((choice->types & kObject) == 0) continue;
      const auto found = choice->properties.find(name);
      tells = tells && found != choice->properties.end() && found->second.is_required &&
              found->second.schema != nullptr && !found->second.schema->allowed.empty();
    }
    if (tells) schema.telling_member = name;
    if (tells) return;
  }
  CHECK(!schema.telling_member.empty());
}

Schemas::Schemas(const json::object& components) : compiler_(std::make_unique<Compiler>()) {
  compiler_->components = components;
  for (const auto& member : components) compiler_->of_name(member.key());
}

Schemas::~Schemas() = default;
Schemas::Schemas(Schemas&&) noexcept = default;
Schemas& Schemas::operator=(Schemas&&) noexcept = default;

const Schema& Schemas::compile(const json::value& schema) { return *compiler_->compile(schema); }

const Schema* Schemas::find(std::string_view name) const {
  return compiler_->components.contains(name) ? compiler_->of_name(name) : nullptr;
}

namespace {

json::value scalar_of_text(const Schema& schema, std::string_view text) {
  if ((schema.types & kInteger) != 0) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size()) return number;
  }
  if ((schema.types & kNumber) != 0) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size()) return number;
  }
  if ((schema.types & kBoolean) != 0 && (text == "true" || text == "false")) return text == "true";
  return json::value(text);
}

}  // namespace

json::value value_of_text(const Schema& schema, std::string_view text) {
  if (schema.types == kAnyType) return json::value(text);
  if ((schema.types & kArray) == 0) return scalar_of_text(schema, text);
  json::array items;
  while (!text.empty()) {
    const auto comma = text.find(',');
    items.push_back(scalar_of_text(*schema.items, text.substr(0, comma)));
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
    if (text.empty()) items.emplace_back("");
  }
  return items;
}

}  // namespace tidings::api
