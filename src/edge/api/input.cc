#include "edge/api/input.h"

#include <algorithm>
#include <boost/json.hpp>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "net/spool_file.h"
#include "wire/form_data.h"

namespace tidings::api {

namespace {

namespace json = boost::json;

constexpr std::size_t kDepthMax = 32;

void add_all(std::vector<FieldError>& all, std::vector<FieldError> more) {
  std::ranges::move(more, std::back_inserter(all));
}

void check_query(const Operation& operation, const net::Request& request,
                 std::vector<FieldError>& errors) {
  for (std::size_t i = 0; i < request.query.size() && errors.size() < 50; ++i) {
    const auto& [name, value] = request.query[i];
    const std::string field = "?" + name.substr(0, 100);
    const bool is_known = std::ranges::any_of(operation.parameters, [&](const Parameter& each) {
      return each.in == Parameter::In::query && each.name == name;
    });
    if (!is_known) {
      errors.push_back({field, "unknown", "There is no such parameter here."});
    } else if (request.query_value(name)->data() != value.data()) {
      errors.push_back({field, "repeated", "This parameter may be given once."});
    }
  }
}

// The text of a parameter, or nothing when it was not given.
std::optional<std::string_view> given(const Parameter& parameter, const net::Request& request) {
  if (parameter.in == Parameter::In::query) return request.query_value(parameter.name);
  const std::string_view text = parameter.in == Parameter::In::path
                                    ? request.param(parameter.name)
                                    : request.header(parameter.name);
  return text.empty() ? std::nullopt : std::optional(text);
}

// UTF-8 as JSON would carry it: other octets would reach handlers that take text for text.
bool is_text(std::string_view text) {
  json::parser parser;
  std::string quoted = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < ' ') return false;
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  quoted.push_back('"');
  boost::system::error_code error;
  parser.write(quoted, error);
  return !error;
}

// True when a path parameter is not what it should be: then there is no such thing.
bool check_parameters(const Operation& operation, const net::Request& request,
                      std::vector<FieldError>& errors) {
  bool is_lost = false;
  for (const Parameter& parameter : operation.parameters) {
    const auto text = given(parameter, request);
    const std::string field =
        parameter.in == Parameter::In::query ? "?" + parameter.name : parameter.name;
    if (!text) {
      if (parameter.is_required) errors.push_back({field, "missing", "This is required."});
      is_lost = is_lost || parameter.in == Parameter::In::path;
      continue;
    }
    std::vector<FieldError> wrong;
    if (is_text(*text)) {
      wrong = check(*parameter.schema, value_of_text(*parameter.schema, *text), field);
    } else {
      wrong.push_back({field, "character", "This holds characters that are no text."});
    }
    if (parameter.in == Parameter::In::path) {
      is_lost = is_lost || !wrong.empty();
    } else {
      add_all(errors, std::move(wrong));
    }
  }
  return is_lost;
}

Answer problem_of(std::vector<FieldError> errors) {
  const Error error{ErrorKind::invalid, "call.invalid", summary_of(errors)};
  return Answer::problem(422, error, std::move(errors));
}

// Where in a text an offset is; lines and columns count from 1, columns in octets.
std::string place_of(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto line = std::ranges::count(before, '\n') + 1;
  const auto newline = before.rfind('\n');
  const auto column = newline == std::string_view::npos ? offset : offset - newline - 1;
  return fmt::format("line {}, column {}", line, column + 1);
}

std::variant<json::value, Answer> parse_body(std::string_view text) {
  json::stream_parser parser({}, {.max_depth = kDepthMax});
  boost::system::error_code error;
  const std::size_t read = parser.write_some(text, error);
  if (!error && read < text.size()) error = json::error::extra_data;
  if (!error) parser.finish(error);
  if (!error) return parser.release();
  const std::string what = error == json::error::too_deep
                               ? "The JSON is nested too deeply"
                               : fmt::format("The body is not JSON ({})", error.message());
  return Answer::problem(
      400, {ErrorKind::invalid, "call.json", fmt::format("{}: {}.", what, place_of(text, read))});
}

std::string taken_types(const Operation& operation) {
  std::string text;
  for (const Media& media : operation.body) text += (text.empty() ? "" : ", ") + media.type;
  return text;
}

// The media that the body is in; null when it is none of the operation's.
const Media* media_of(const Operation& operation, const net::Request& request) {
  const auto told = wire::parse_media_type(request.header("Content-Type"));
  if (!told) return nullptr;
  for (const Media& media : operation.body) {
    // RFC 7396: a merge patch says so; the plain name is taken as well.
    const bool is_patch = operation.method == "PATCH" && media.type == "application/json" &&
                          told->type == "application/merge-patch+json";
    if (media.type == told->type || is_patch) return &media;
  }
  return nullptr;
}

}  // namespace

std::variant<json::value, Answer> read_input(const Operation& operation,
                                             const net::Request& request) {
  std::vector<FieldError> errors;
  check_query(operation, request, errors);
  if (check_parameters(operation, request, errors)) {
    return Answer::problem(404,
                           {ErrorKind::not_found, "api.not_found", "There is no such thing here."});
  }
  json::value body;
  const std::size_t body_size = request.spool ? request.spool->size() : request.body.size();
  if (body_size == 0) {
    if (operation.is_body_required) {
      errors.push_back({"", "missing", "This request needs a body."});
    }
  } else if (operation.body.empty()) {
    return Answer::problem(
        400, {ErrorKind::invalid, "call.body", "This request takes no body. Send it without one."});
  } else {
    if (!operation.is_body_file && body_size > operation.body_bytes) {
      return Answer::problem(
          413, {ErrorKind::limit, "call.too_large",
                fmt::format("The body may have at most {} bytes here.", operation.body_bytes)});
    }
    const Media* const media = media_of(operation, request);
    if (media == nullptr) {
      return Answer::problem(415, {ErrorKind::unsupported, "call.media_type",
                                   fmt::format("Say in Content-Type what the body is; taken here: "
                                               "{}.",
                                               taken_types(operation))});
    }
    if (media->schema != nullptr) {
      auto parsed = parse_body(request.body);
      if (auto* problem = std::get_if<Answer>(&parsed)) return std::move(*problem);
      body = std::get<json::value>(std::move(parsed));
      add_all(errors, check(*media->schema, body));
    }
  }
  if (!errors.empty()) return problem_of(std::move(errors));
  return body;
}

}  // namespace tidings::api
