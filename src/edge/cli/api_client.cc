#include "edge/cli/api_client.h"

#include <boost/json.hpp>
#include <chrono>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/json_text.h"
#include "edge/api/dispatch.h"
#include "edge/api/json_values.h"
#include "edge/cli/api_service.h"
#include "edge/cli/sending_service.h"
#include "net/local_client.h"

namespace tidings::cli {

namespace {

namespace json = boost::json;

// How long a process that holds the folder may take to open its socket, or to close the folder.
constexpr auto kBusyMax = std::chrono::seconds(3);
constexpr auto kLook = std::chrono::milliseconds(100);
constexpr Duration kAnswerMax = std::chrono::minutes(5);

ErrorKind kind_of(int status) {
  switch (status) {
    case 404:
      return ErrorKind::not_found;
    case 409:
    case 412:
      return ErrorKind::conflict;
    case 401:
    case 403:
      return ErrorKind::denied;
    case 413:
    case 429:
      return ErrorKind::limit;
    default:
      return status >= 500 ? ErrorKind::unavailable : ErrorKind::invalid;
  }
}

Result<net::Response> answer_here(const WorkplaceOptions& options, std::string_view method,
                                  std::string_view target, std::string body) {
  const auto workplace = TRY(Workplace::open(options.writing()));
  identity::TokenKeys keys(workplace->database(), workplace->secrets(), workplace->clock());
  ApiService service({.workplace = workplace.get(),
                      .token_keys = &keys,
                      .public_url = public_url(workplace->settings())});
  net::Router router;
  service.add_local_routes(router);
  std::vector<net::HttpHeader> headers;
  if (!body.empty()) headers.push_back({"Content-Type", "application/json"});
  return api::respond(router,
                      TRY(api::make_request(method, target, std::move(headers), std::move(body))));
}

}  // namespace

Result<ApiAnswer> read_api_answer(net::Response response) {
  ApiAnswer answer{.status = response.status, .body = nullptr, .text = std::move(response.body)};
  answer.body = parse_json(answer.text);
  if (answer.status < 400) return answer;
  std::string code(api::text_in(answer.body, "code"));
  std::string detail(api::text_in(answer.body, "detail"));
  if (code.empty()) code = fmt::format("http.{}", answer.status);
  if (detail.empty()) detail = "The tidings that is running refused it.";
  return fail(kind_of(answer.status), std::move(code), std::move(detail));
}

Result<ApiAnswer> call_api(const WorkplaceOptions& options, std::string_view method,
                           std::string_view target, const json::value& body) {
  const std::string path = "/api/v1" + std::string(target);
  const std::string text = body.is_null() ? "" : json::serialize(body);
  const auto until = std::chrono::steady_clock::now() + kBusyMax;
  for (;;) {
    auto answered =
        net::request_local(options.data / "tidings.sock",
                           {.method = method, .target = path, .body = text, .timeout = kAnswerMax});
    if (!answered && answered.error().code == "local.absent") {
      answered = answer_here(options, method, path, text);
      // Somebody is just starting, or just ending.
      const bool is_busy = !answered && answered.error().code == "workplace.busy";
      if (is_busy && std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(kLook);
        continue;
      }
    }
    return read_api_answer(TRY(std::move(answered)));
  }
}

}  // namespace tidings::cli
