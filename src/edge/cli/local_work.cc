#include "edge/cli/local_work.h"

#include <boost/json.hpp>
#include <chrono>
#include <optional>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "base/json_text.h"
#include "edge/api/call.h"
#include "edge/api/json_values.h"
#include "net/local_client.h"

namespace tidings::cli {

namespace {

namespace json = boost::json;

// How long a process that holds the folder may take to open its socket.
constexpr auto kStartMax = std::chrono::seconds(5);
constexpr Duration kAnswerMax = std::chrono::minutes(5);

std::vector<std::string> texts_of(const json::object& object, std::string_view name) {
  std::vector<std::string> texts;
  const json::value* found = object.if_contains(name);
  if (found == nullptr || !found->is_array()) return texts;
  for (const json::value& each : found->get_array()) {
    if (each.is_string()) texts.emplace_back(each.get_string());
  }
  return texts;
}

json::array to_array(const std::vector<std::string>& texts) {
  json::array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

Error malformed() {
  return {ErrorKind::invalid, "local.malformed",
          "The request is not one this program writes. Are both programs of the same version?"};
}

struct AskedSuppression {
  Channel channel = Channel::email;
  std::string normalised;
  bool everything = false;
  std::string note;
};

std::optional<AskedSuppression> read_suppression(std::string_view body) {
  const auto object = object_of(body);
  if (!object) return std::nullopt;
  const auto channel = parse_channel(text_of(*object, "channel"));
  AskedSuppression asked{channel.value_or(Channel::email), text_of(*object, "normalised"),
                         number_in(body, "everything") != 0, text_of(*object, "note")};
  if (!channel || asked.normalised.empty()) return std::nullopt;
  return asked;
}

}  // namespace

net::Response problem(const Error& error) {
  json::object body;
  body["type"] = "about:blank";
  body["status"] = api::status_of(error.kind);
  body["code"] = error.code;
  body["detail"] = error.message;
  auto response = net::Response::json(api::status_of(error.kind), json::serialize(body));
  response.set("Content-Type", "application/problem+json");
  return response;
}

Result<std::string> ask_running(const std::filesystem::path& socket, std::string_view target,
                                std::string_view body, const Error& busy) {
  const auto until = std::chrono::steady_clock::now() + kStartMax;
  for (;;) {
    auto answer = net::request_local(
        socket, {.method = "POST", .target = target, .body = body, .timeout = kAnswerMax});
    if (!answer && answer.error().code == "local.absent") {
      if (std::chrono::steady_clock::now() >= until) return std::unexpected(busy);
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      continue;
    }
    if (!answer) return std::unexpected(std::move(answer).error());
    if (answer->status < 300) return std::move(answer->body);
    const auto object = object_of(answer->body);
    std::string detail = object ? text_of(*object, "detail") : "";
    if (detail.empty()) detail = "The tidings that is running refused it.";
    return fail(ErrorKind::invalid, "local.refused", std::move(detail));
  }
}

std::string import_request(const std::filesystem::path& source,
                           const audience::ImportOptions& options) {
  json::object object;
  object["source"] = source.string();
  object["mappings"] = to_array(options.file.mappings);
  object["groups"] = to_array(options.groups);
  object["delimiter"] = options.file.delimiter ? std::string(1, *options.file.delimiter) : "";
  object["encoding"] = options.file.encoding ? wire::to_string(*options.file.encoding) : "";
  object["region"] = options.region;
  return json::serialize(object);
}

std::string suppression_request(Channel channel, std::string_view normalised, bool everything,
                                std::string_view note) {
  json::object object;
  object["channel"] = to_string(channel);
  object["normalised"] = normalised;
  object["everything"] = everything;
  object["note"] = note;
  return json::serialize(object);
}

Result<std::vector<ImportId>> ids_in(std::string_view answer) {
  const auto object = object_of(answer);
  if (!object) return std::unexpected(malformed());
  std::vector<ImportId> ids;
  for (const std::string& text : texts_of(*object, "ids")) {
    const auto id = parse_id(text);
    if (!id) return std::unexpected(malformed());
    ids.push_back(ImportId{*id});
  }
  return ids;
}

std::int64_t number_in(std::string_view answer, std::string_view name) {
  const auto object = object_of(answer);
  const json::value* found = object ? object->if_contains(name) : nullptr;
  if (found == nullptr) return 0;
  if (found->is_bool()) return found->get_bool() ? 1 : 0;
  return found->is_int64() ? found->get_int64() : 0;
}

LocalWork::LocalWork(Workplace& workplace, delivery::Dispatcher& dispatcher,
                     people::ImportQueue& imports)
    : workplace_(workplace), dispatcher_(dispatcher), imports_(imports) {}

void LocalWork::add_routes(net::Router& router) {
  router.add("POST", "/local/imports",
             [this](const net::Request& request) { return start_import(request); });
  router.add("POST", "/local/imports/resume",
             [this](const net::Request& request) { return resume_imports(request); });
  router.add("POST", "/local/suppressions",
             [this](const net::Request& request) { return suppress(request); });
  router.add("POST", "/local/suppressions/release",
             [this](const net::Request& request) { return release(request); });
}

audience::ImportContext LocalWork::context() {
  return {workplace_.database(), workplace_.ids(), workplace_.clock(),
          workplace_.organisation().id};
}

net::Response LocalWork::start_import(const net::Request& request) {
  const auto object = object_of(request.body);
  if (!object) return problem(malformed());
  audience::ImportOptions options;
  options.folder_key = workplace_.folder_key();
  options.file.mappings = texts_of(*object, "mappings");
  options.groups = texts_of(*object, "groups");
  options.region = text_of(*object, "region");
  if (const std::string delimiter = text_of(*object, "delimiter"); !delimiter.empty()) {
    options.file.delimiter = delimiter.front();
  }
  if (const std::string encoding = text_of(*object, "encoding"); !encoding.empty()) {
    options.file.encoding = wire::parse_text_encoding(encoding);
  }
  const auto import = audience::create_import(context(), text_of(*object, "source"),
                                              workplace_.folder() / "imports", options);
  if (!import) return problem(import.error());
  imports_.add(workplace_.organisation().id, *import);
  return net::Response::json(202, fmt::format("{{\"ids\":[\"{}\"]}}", to_text(*import)));
}

net::Response LocalWork::resume_imports(const net::Request&) {
  const auto open = workplace_.database().read_value([&](db::Connection& connection) {
    return audience::open_imports(connection, workplace_.organisation().id);
  });
  if (!open) return problem(open.error());
  json::array ids;
  for (const ImportId id : *open) {
    ids.emplace_back(to_text(id));
    imports_.add(workplace_.organisation().id, id);
  }
  return net::Response::json(202, json::serialize(json::object{{"ids", std::move(ids)}}));
}

net::Response LocalWork::suppress(const net::Request& request) {
  const auto asked = read_suppression(request.body);
  if (!asked) return problem(malformed());
  const auto made =
      workplace_.database().write_value(db::Priority::web, [&](db::Connection& connection) {
        return audience::suppress(
            connection, workplace_.ids(), workplace_.organisation().id,
            {.channel = asked->channel,
             .normalised = asked->normalised,
             .reason = "manual",
             .kinds = asked->everything ? audience::SuppressedKinds::everything
                                        : audience::SuppressedKinds::campaign,
             .origin = "staff",
             .note = asked->note},
            workplace_.clock().now());
      });
  if (!made) return problem(made.error());
  dispatcher_.suppressed(workplace_.organisation().id, asked->normalised);
  return net::Response::json(200, *made ? "{\"changed\":true}" : "{\"changed\":false}");
}

net::Response LocalWork::release(const net::Request& request) {
  const auto asked = read_suppression(request.body);
  if (!asked) return problem(malformed());
  const auto ended =
      workplace_.database().write_value(db::Priority::web, [&](db::Connection& connection) {
        return audience::release(connection, workplace_.organisation().id, asked->channel,
                                 asked->normalised, asked->note, workplace_.clock().now());
      });
  if (!ended) return problem(ended.error());
  return net::Response::json(200, fmt::format("{{\"count\":{}}}", *ended));
}

}  // namespace tidings::cli
