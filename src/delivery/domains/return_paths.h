// ReturnPaths: where reports about a message come back to, looked up for each message; and whose
// mail it is that comes to such a domain.
//
// Of a message from a@news.example.org it is the return-path domain of the nearest sending domain
// that has one among news.example.org and its parents: a signature and a return path may come from
// different ones. What the database says is looked at again after kFreshFor; while it is away, what
// was known counts. Ownership: borrows database and clock. Thread: any; may wait for the database.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "db/database.h"

namespace tidings::domains {

class ReturnPaths {
 public:
  ReturnPaths(db::Database& database, const Clock& clock) : database_(database), clock_(clock) {}

  // Empty: none, the envelope stays as it is. `from_domain` in lower-case A-labels. Errors: those
  // of the database, at the first look.
  Result<std::string> domain_for(OrganisationId organisation, std::string_view from_domain);

 private:
  struct Pair {
    std::string sending;
    std::string returning;
  };
  struct Known {
    Instant loaded_at{};
    std::vector<Pair> pairs;
  };
  Result<void> refresh(OrganisationId organisation, Known& known);

  db::Database& database_;
  const Clock& clock_;
  std::mutex mutex_;  // guards the map; held while the database is asked
  std::unordered_map<OrganisationId, Known> known_;
};

// Every return-path domain there is, with an organisation that has it: a verified one first, then
// the one that had it first.
Result<std::map<std::string, OrganisationId, std::less<>>> all_return_path_domains(
    db::Connection& connection);

}  // namespace tidings::domains
