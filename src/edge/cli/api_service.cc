#include "edge/cli/api_service.h"

#include <boost/json.hpp>
#include <cstdio>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "edge/api/authenticate.h"
#include "edge/api/dispatch.h"
#include "edge/api/docs_routes.h"
#include "edge/api/gate.h"
#include "edge/cli/api_client.h"
#include "edge/example/example.h"

namespace tidings::cli {

struct ApiService::Impl {
  explicit Impl(const ApiParts& parts)
      : services{.database = parts.workplace->database(),
                 .ids = parts.workplace->ids(),
                 .clock = parts.workplace->clock(),
                 .settings = parts.workplace->settings(),
                 .secrets = parts.workplace->secrets(),
                 .token_keys = *parts.token_keys,
                 .folder = parts.workplace->folder(),
                 .folder_key = parts.workplace->folder_key(),
                 .public_url = parts.public_url,
                 .runner = parts.runner,
                 .dispatcher = parts.dispatcher,
                 .imports = parts.imports},
        dispatcher(api::Spec::embedded(), services,
                   {.checks_answers = parts.checks_answers,
                    .report =
                        [](std::string_view what) {
                          fmt::print(stderr, "tidings: the API: {}\n", what);
                        }}),
        authenticate(
            services.database, services.clock,
            {.public_url = parts.public_url,
             .per_credential = {services.settings.api_rate, services.settings.api_burst},
             .per_address = {services.settings.address_rate, services.settings.address_burst}}),
        network(authenticate),
        local(parts.workplace->organisation().id),
        example([this](OrganisationId organisation) { return asking(organisation); },
                services.clock) {
    api::add_all_handlers(dispatcher, &example);
    dispatcher.check_complete();
  }

  // Calls of the program itself, whose troubles are Errors.
  example::Ask asking(OrganisationId organisation) {
    return [this, organisation](std::string_view method, std::string_view target,
                                const boost::json::value& body) -> Result<boost::json::value> {
      std::vector<net::HttpHeader> headers;
      if (!body.is_null()) headers.push_back({"Content-Type", "application/json"});
      const auto response =
          TRY(call(organisation, method, fmt::format("/api/v1{}", target), std::move(headers),
                   body.is_null() ? "" : boost::json::serialize(body)));
      return TRY(read_api_answer(response)).body;
    };
  }

  Result<net::Response> call(OrganisationId organisation, std::string_view method,
                             std::string_view target, std::vector<net::HttpHeader> headers,
                             std::string body) {
    api::OperatorGate gate(organisation);
    net::Router router;
    dispatcher.add_routes(router, gate);
    return api::respond(
        router, TRY(api::make_request(method, target, std::move(headers), std::move(body))));
  }

  api::Services services;
  api::Dispatcher dispatcher;
  api::Authenticate authenticate;
  api::NetworkGate network;
  api::OperatorGate local;
  example::ExampleLoader example;
};

ApiService::ApiService(const ApiParts& parts) : impl_(std::make_unique<Impl>(parts)) {}
ApiService::~ApiService() = default;

void ApiService::add_network_routes(net::Router& router) {
  impl_->dispatcher.add_routes(router, impl_->network);
  api::add_docs_routes(router);
}

void ApiService::add_local_routes(net::Router& router) {
  impl_->dispatcher.add_routes(router, impl_->local);
}

Result<net::Response> ApiService::call(OrganisationId organisation, std::string_view method,
                                       std::string_view target,
                                       std::vector<net::HttpHeader> headers, std::string body) {
  return impl_->call(organisation, method, target, std::move(headers), std::move(body));
}

void ApiService::let_example_be_read(example::Visit visit) {
  impl_->example.be_read_by(std::move(visit));
}

}  // namespace tidings::cli
