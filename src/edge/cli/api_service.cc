#include "edge/cli/api_service.h"

#include <cstdio>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "edge/api/authenticate.h"
#include "edge/api/dispatch.h"
#include "edge/api/docs_routes.h"
#include "edge/api/gate.h"

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
        local(parts.workplace->organisation().id) {
    api::add_all_handlers(dispatcher);
    dispatcher.check_complete();
  }

  api::Services services;
  api::Dispatcher dispatcher;
  api::Authenticate authenticate;
  api::NetworkGate network;
  api::OperatorGate local;
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
  api::OperatorGate gate(organisation);
  net::Router router;
  impl_->dispatcher.add_routes(router, gate);
  return api::respond(router,
                      TRY(api::make_request(method, target, std::move(headers), std::move(body))));
}

}  // namespace tidings::cli
