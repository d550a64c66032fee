#include "edge/api/spec.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <utility>

#include "base/check.h"

namespace tidings::api {

namespace {

namespace json = boost::json;

json::object parsed(std::string_view text) {
  boost::system::error_code error;
  json::value document = json::parse(text, error, {}, {.max_depth = 64});
  CHECK(!error && document.is_object());
  return std::move(document.get_object());
}

std::string upper(std::string_view word) {
  std::string text(word);
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

// What "#/components/KIND/NAME" names, or the value itself.
const json::object& resolved(const json::object& document, const json::value& value) {
  const auto* reference = value.as_object().if_contains("$ref");
  if (reference == nullptr) return value.as_object();
  const std::string_view path = reference->as_string();
  CHECK(path.starts_with("#/"));
  return document.at("components")
      .at(path.substr(13, path.rfind('/') - 13))
      .at(path.substr(path.rfind('/') + 1))
      .as_object();
}

Parameter::In parse_in(std::string_view word) {
  if (word == "path") return Parameter::In::path;
  if (word == "query") return Parameter::In::query;
  CHECK(word == "header");
  return Parameter::In::header;
}

std::vector<Media> read_media(const json::object& told, Schemas& schemas) {
  std::vector<Media> list;
  const auto* content = told.if_contains("content");
  if (content == nullptr) return list;
  for (const auto& each : content->as_object()) {
    Media media{.type = std::string(each.key())};
    const bool is_json = media.type.ends_with("json");
    const auto* schema = each.value().as_object().if_contains("schema");
    if (is_json) media.schema = &schemas.compile(*schema);
    list.push_back(std::move(media));
  }
  return list;
}

}  // namespace

Spec::Spec(std::string_view text) : Spec(text, parsed(text)) {}

Spec::Spec(std::string_view text, const json::object& document)
    : text_(text), schemas_(document.at("components").at("schemas").as_object()) {
  for (const auto& path : document.at("paths").as_object()) {
    for (const auto& method : path.value().as_object()) {
      add(document, path.key(), method.key(), method.value().as_object());
    }
  }
  problem_ = schemas_.find("Problem");
  CHECK(problem_ != nullptr);
}

void Spec::add(const json::object& document, std::string_view path, std::string_view method,
               const json::object& told) {
  Operation operation;
  operation.id = told.at("operationId").as_string();
  operation.method = upper(method);
  operation.path =
      std::string(document.at("servers").at(0).at("url").as_string()) + std::string(path);
  operation.summary = told.at("summary").as_string();
  const std::string_view access = told.at("x-permission").as_string();
  if (access == "none") {
    operation.access = Access::anybody;
  } else if (access == "signed-in") {
    operation.access = Access::signed_in;
  } else {
    const auto permission = identity::parse_permission(access);
    CHECK(permission.has_value());
    operation.permission = *permission;
  }
  if (const auto* parameters = told.if_contains("parameters")) {
    for (const auto& each : parameters->as_array()) {
      const json::object& parameter = resolved(document, each);
      const auto* required = parameter.if_contains("required");
      operation.parameters.push_back({.name = std::string(parameter.at("name").as_string()),
                                      .in = parse_in(parameter.at("in").as_string()),
                                      .is_required = required != nullptr && required->as_bool(),
                                      .schema = &schemas_.compile(parameter.at("schema"))});
    }
  }
  if (const auto* body = told.if_contains("requestBody")) {
    operation.body = read_media(body->as_object(), schemas_);
    const auto* required = body->as_object().if_contains("required");
    operation.is_body_required = required != nullptr && required->as_bool();
  }
  if (const auto* kind = told.if_contains("x-body")) {
    CHECK(kind->as_string() == "file");
    operation.is_body_file = true;
  }
  if (const auto* bytes = told.if_contains("x-body-bytes")) {
    operation.body_bytes = bytes->to_number<std::size_t>();
  }
  for (const auto& answer : told.at("responses").as_object()) {
    if (answer.key() == "default") continue;
    int status = 0;
    std::from_chars(answer.key().data(), answer.key().data() + answer.key().size(), status);
    CHECK(status >= 200 && status < 600);
    operation.answers[status] = read_media(resolved(document, answer.value()), schemas_);
  }
  operations_.push_back(std::move(operation));
}

const Spec& Spec::embedded() {
  static const Spec spec(embedded_spec());
  return spec;
}

const Operation* Spec::find(std::string_view operation_id) const {
  const auto found = std::ranges::find(operations_, operation_id, &Operation::id);
  return found == operations_.end() ? nullptr : &*found;
}

}  // namespace tidings::api
