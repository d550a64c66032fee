// Dispatcher: from an HTTP request to the handler of its operation, and back to an HTTP response.
//
// In this order: the operation (404, 405), who asks (401, 429), the permission (403), the form of
// the body (415, 413, 400 with line and column), parameters and body against the specification
// (422 with fields; a path's id that is none: 404), the handler, its answer. A handler's Error
// becomes application/problem+json by status_of; `call.changed` is 412. What failed on our side
// (internal, corrupt, an exception) is told to `report` and to the caller without its words.
// Thread: filled on one thread before serving; then const, any.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge/api/call.h"
#include "edge/api/gate.h"
#include "edge/api/spec.h"
#include "net/http_message.h"
#include "net/router.h"

namespace tidings::example {
class ExampleLoader;
}

namespace tidings::api {

struct DispatchOptions {
  // Checks every answer against the specification; one that does not hold is reported and becomes a
  // 500 api.answer. For tests and `serve --check-answers`.
  bool checks_answers = false;
  // Told what went wrong on our side, in a sentence for the log; on any thread.
  std::function<void(std::string_view)> report;
};

class Dispatcher final : public Registry {
 public:
  // `spec` and `services` outlive this.
  Dispatcher(const Spec& spec, const Services& services, DispatchOptions options = {});

  // CHECKs that the operation exists and is not answered twice.
  void answer(std::string_view operation_id, Handler handler) override;
  // Operations that nobody answers: they are 404.
  std::vector<std::string> missing() const;
  // CHECKs that there are none: a server without one of its operations does not start.
  void check_complete() const;
  const Spec& spec() const { return spec_; }

  // Lets `router` bring the answered operations here. This and `gate` outlive it.
  void add_routes(net::Router& router, Gate& gate) const;

 private:
  net::Response run(const Operation& operation, const Handler& handler, const net::Request& request,
                    Gate& gate) const;
  Answer answer_to(const Operation& operation, const Handler& handler, const net::Request& request,
                   const identity::Principal& who) const;
  Answer failure(const Operation& operation, const Error& error) const;
  Answer checked(const Operation& operation, Answer answer) const;
  void report(const Operation& operation, std::string_view what) const;

  const Spec& spec_;
  const Services& services_;
  const DispatchOptions options_;
  std::map<std::string, Handler, std::less<>> handlers_;
};

// The server's own refusals (404, 413, 431 …) below /api, as problem+json.
net::Response refusal_problem(int status, std::string_view why);

// The whole way for a request that came by no server. Its path_params are not read.
net::Response respond(const net::Router& router, net::Request request);

// A request for respond(). `target` is a percent-encoded path with its query.
// Errors: request.target (invalid).
Result<net::Request> make_request(std::string_view method, std::string_view target,
                                  std::vector<net::HttpHeader> headers = {}, std::string body = {});

// Every operation's handlers, area by area. `example` is borrowed; without one it cannot be loaded.
void add_all_handlers(Registry& registry, example::ExampleLoader* example = nullptr);

}  // namespace tidings::api
