// Work that commands hand to the process which holds the data folder: imports and suppressions.
// (Campaigns: sending_service.h.) The asking side, and the side that does it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "audience/import_contacts.h"
#include "audience/people/import_queue.h"
#include "audience/suppressions.h"
#include "base/result.h"
#include "delivery/dispatcher.h"
#include "edge/cli/workplace.h"
#include "net/router.h"

namespace tidings::cli {

// What the running process answers, as JSON. `busy` is returned when nobody answers at the folder's
// socket, which a process that is just starting opens in a moment. Errors of the other side come
// back with its sentence. Thread: any.
Result<std::string> ask_running(const std::filesystem::path& socket, std::string_view target,
                                std::string_view body, const Error& busy);

// POST /local/imports                {source, mappings, groups, delimiter, encoding, region} → {id}
// POST /local/imports/resume         → {ids: […]}
// POST /local/suppressions           {channel, normalised, everything, note} → {changed}
// POST /local/suppressions/release   {channel, normalised, note} → {count}
std::string import_request(const std::filesystem::path& source,
                           const audience::ImportOptions& options);
std::string suppression_request(Channel channel, std::string_view normalised, bool everything,
                                std::string_view note);
Result<std::vector<ImportId>> ids_in(std::string_view answer);
// The number under `name`; 0 when there is none. A boolean counts as 0 or 1.
std::int64_t number_in(std::string_view answer, std::string_view name);

// Does it; imports through the queue that the API's are in too. Thread: handlers on the server's
// pool.
class LocalWork {
 public:
  LocalWork(Workplace& workplace, delivery::Dispatcher& dispatcher, people::ImportQueue& imports);

  void add_routes(net::Router& router);

 private:
  net::Response start_import(const net::Request& request);
  net::Response resume_imports(const net::Request& request);
  net::Response suppress(const net::Request& request);
  net::Response release(const net::Request& request);
  audience::ImportContext context();

  Workplace& workplace_;
  delivery::Dispatcher& dispatcher_;
  people::ImportQueue& imports_;
};

// RFC 9457.
net::Response problem(const Error& error);

}  // namespace tidings::cli
