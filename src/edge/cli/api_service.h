// ApiService: the HTTP API on one workplace: for `serve`, and for a command that finds nobody
// serving and answers its own call.
// Thread: construct on one thread; then any.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "audience/people/import_queue.h"
#include "base/id.h"
#include "base/result.h"
#include "compose/campaign_runner.h"
#include "delivery/dispatcher.h"
#include "edge/cli/workplace.h"
#include "edge/example/load_example.h"
#include "identity/token_keys.h"
#include "net/http_message.h"
#include "net/router.h"

namespace tidings::cli {

// All are borrowed. Without runner and dispatcher nothing is sent: it waits for the next `serve`.
struct ApiParts {
  Workplace* workplace = nullptr;
  identity::TokenKeys* token_keys = nullptr;
  compose::CampaignRunner* runner = nullptr;
  delivery::Dispatcher* dispatcher = nullptr;
  people::ImportQueue* imports = nullptr;
  std::string public_url;
  bool checks_answers = false;  // DispatchOptions::checks_answers
};

class ApiService {
 public:
  // The workplace has write access.
  explicit ApiService(const ApiParts& parts);
  ~ApiService();

  // Callers show a token or a session. With the documentation, for everybody.
  void add_network_routes(net::Router& router);
  // Callers are the person who runs the program: for the folder's socket only.
  void add_local_routes(net::Router& router);
  // A call of the program itself, as whoever runs it, in that organisation. Errors:
  // request.target (invalid).
  Result<net::Response> call(OrganisationId organisation, std::string_view method,
                             std::string_view target, std::vector<net::HttpHeader> headers,
                             std::string body);
  // How the readers of the example organisation ask for what its messages link to.
  void let_example_be_read(example::Visit visit);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidings::cli
