// ApiService: the HTTP API on one workplace: for `serve`, and for a command that finds nobody
// serving and answers its own call.
// Thread: construct on one thread; then any.
#pragma once

#include <memory>
#include <string>

#include "audience/people/import_queue.h"
#include "compose/campaign_runner.h"
#include "delivery/dispatcher.h"
#include "edge/cli/workplace.h"
#include "identity/token_keys.h"
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

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidings::cli
