#include "edge/api/dispatch.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <exception>

#include <fmt/format.h>

#include "base/check.h"
#include "edge/api/input.h"
#include "net/static_content.h"
#include "wire/form_data.h"
#include "wire/url.h"

namespace tidings::api {

namespace {

namespace json = boost::json;

Error not_found() {
  return {ErrorKind::not_found, "api.no_operation", "There is nothing at this address."};
}

net::Response to_response(Answer answer) {
  net::Response response;
  if (answer.events != nullptr) {
    response = net::Response::event_stream(std::move(answer.events));
  }
  response.status = answer.status;
  if (!answer.content_type.empty()) {
    response.set("Content-Type", answer.content_type);
    response.body = std::move(answer.raw);
    response.pieces = std::move(answer.pieces);
  } else if (!answer.body.is_null()) {
    response.set("Content-Type",
                 answer.status >= 400 ? "application/problem+json" : "application/json");
    response.body = json::serialize(answer.body);
  }
  for (auto& header : answer.headers) response.headers.push_back(std::move(header));
  return response;
}

void answer_unmodified(const net::Request& request, net::Response& response) {
  const std::string_view etag = response.header("ETag");
  if (request.method != "GET" || response.status != 200 || etag.empty()) return;
  if (!net::names_etag(request.header("If-None-Match"), etag)) return;
  response.status = 304;
  response.body.clear();
  std::erase_if(response.headers, [](const net::HttpHeader& header) {
    return net::equal_ignoring_case(header.name, "Content-Type");
  });
}

}  // namespace

Dispatcher::Dispatcher(const Spec& spec, const Services& services, DispatchOptions options)
    : spec_(spec), services_(services), options_(std::move(options)) {}

void Dispatcher::answer(std::string_view operation_id, Handler handler) {
  CHECK(spec_.find(operation_id) != nullptr);
  CHECK(handlers_.emplace(operation_id, std::move(handler)).second);
}

void Dispatcher::check_complete() const {
  const auto ids = missing();
  for (const std::string& id : ids) {
    fmt::print(stderr, "tidings: the operation {} of the API has no handler\n", id);
  }
  CHECK(ids.empty());
}

std::vector<std::string> Dispatcher::missing() const {
  std::vector<std::string> ids;
  for (const Operation& operation : spec_.operations()) {
    if (!handlers_.contains(operation.id)) ids.push_back(operation.id);
  }
  return ids;
}

void Dispatcher::add_routes(net::Router& router, Gate& gate) const {
  for (const auto& [id, handler] : handlers_) {
    const Operation& operation = *spec_.find(id);
    const auto answering = [this, &operation, &handler, &gate](const net::Request& request) {
      return run(operation, handler, request, gate);
    };
    net::RouteOptions options{.body_bytes = operation.body_bytes};
    if (operation.is_body_file) {
      options.body_bytes = static_cast<std::size_t>(services_.settings.import_bytes_max);
      options.spool_folder = services_.folder / "uploads";
    }
    router.add(operation.method, operation.path, answering, std::move(options));
  }
}

net::Response Dispatcher::run(const Operation& operation, const Handler& handler,
                              const net::Request& request, Gate& gate) const {
  auto caller = gate.admit(request, operation);
  if (!caller) return to_response(std::move(caller).error());
  auto response = to_response(answer_to(operation, handler, request, caller->who));
  answer_unmodified(request, response);
  for (auto& header : caller->headers) response.headers.push_back(std::move(header));
  return response;
}

Answer Dispatcher::answer_to(const Operation& operation, const Handler& handler,
                             const net::Request& request, const identity::Principal& who) const {
  if (operation.access == Access::permitted) {
    const auto allowed = identity::require(who, operation.permission);
    if (!allowed) return failure(operation, allowed.error());
  }
  auto input = read_input(operation, request);
  if (auto* problem = std::get_if<Answer>(&input)) return std::move(*problem);
  try {
    const Call call{.services = services_,
                    .request = request,
                    .who = who,
                    .body = std::get<json::value>(input),
                    .operation_id = operation.id};
    auto answer = handler(call);
    if (!answer) return failure(operation, answer.error());
    return options_.checks_answers ? checked(operation, *std::move(answer)) : *std::move(answer);
  } catch (const std::exception& error) {
    return failure(operation, {ErrorKind::internal, "api.exception", error.what()});
  }
}

Answer Dispatcher::failure(const Operation& operation, const Error& error) const {
  if (error.kind == ErrorKind::internal || error.kind == ErrorKind::corrupt) {
    report(operation, error.code + ": " + error.message);
    return Answer::problem(
        500, {error.kind, error.code,
              "Something went wrong here, and it is written in the log. Try again later."});
  }
  const bool is_changed = error.code == "call.changed";
  Answer answer = Answer::problem(is_changed ? 412 : status_of(error.kind), error);
  if (answer.status == 503) return std::move(answer).with("Retry-After", "5");
  return answer;
}

Answer Dispatcher::checked(const Operation& operation, Answer answer) const {
  const auto outside = [&](const std::string& why) {
    report(operation, "the answer is not what the specification says: " + why);
    return Answer::problem(500, {ErrorKind::internal, "api.answer",
                                 fmt::format("{}: {}", operation.id, why).substr(0, 1000)});
  };
  const std::string type = answer.events != nullptr       ? "text/event-stream"
                           : !answer.content_type.empty() ? answer.content_type
                           : answer.status >= 400         ? "application/problem+json"
                           : answer.body.is_null()        ? ""
                                                          : "application/json";
  const Schema* schema = nullptr;
  const auto told = operation.answers.find(answer.status);
  if (told != operation.answers.end()) {
    if (told->second.empty() && type.empty()) return answer;
    const auto parsed = wire::parse_media_type(type);
    const auto media = std::ranges::find(told->second, parsed ? parsed->type : "", &Media::type);
    if (media == told->second.end()) {
      return outside(fmt::format("{} is no form of a {}", type, answer.status));
    }
    schema = media->schema;
  } else if (answer.status >= 400 && type == "application/problem+json") {
    schema = &spec_.problem();
  } else {
    return outside(fmt::format("there is no answer {}", answer.status));
  }
  if (schema == nullptr || answer.events != nullptr) return answer;
  const auto wrong = check(*schema, answer.body);
  return wrong.empty() ? answer : outside(summary_of(wrong));
}

void Dispatcher::report(const Operation& operation, std::string_view what) const {
  if (options_.report) options_.report(fmt::format("{}: {}", operation.id, what));
}

net::Response refusal_problem(int status, std::string_view why) {
  return to_response(Answer::problem(
      status, {ErrorKind::invalid, fmt::format("http.{}", status), std::string(why)}));
}

net::Response respond(const net::Router& router, net::Request request) {
  auto match = router.match(request.method, request.path);
  if (match.allow.empty()) return to_response(Answer::problem(404, not_found()));
  if (match.route == nullptr) {
    const std::string why = fmt::format("Use one of these methods here: {}.", match.allow);
    return to_response(Answer::problem(405, {ErrorKind::unsupported, "api.method", why})
                           .with("Allow", match.allow));
  }
  request.path_params = std::move(match.params);
  net::Response response = match.route->handler(request);
  if (auto whole = net::collect_pieces(response); !whole)
    return to_response(Answer::problem(500, whole.error()));
  return response;
}

Result<net::Request> make_request(std::string_view method, std::string_view target,
                                  std::vector<net::HttpHeader> headers, std::string body) {
  const auto parts = wire::parse_request_target(target);
  if (!parts) {
    return fail(
        ErrorKind::invalid, "request.target",
        fmt::format("\"{}\" is no address. It begins with / and is percent-encoded.", target));
  }
  net::Request request;
  request.method = method;
  request.path = parts->path;
  for (auto& field : TRY(wire::parse_form_urlencoded(parts->query))) {
    request.query.emplace_back(std::move(field.name), std::move(field.value));
  }
  request.headers = std::move(headers);
  request.body = std::move(body);
  request.peer = "local";
  return request;
}

}  // namespace tidings::api
