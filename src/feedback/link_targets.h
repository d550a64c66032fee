// LinkTargets: where the tracked link of a message leads. The answer comes from the content as it
// was frozen and from nothing that was asked: there is no open redirect.
// The links of content versions stay in memory (a bounded number of versions); of a message whose
// values a link holds its row is read. Ownership: borrows. Thread: any; waits for a reader of the
// database, never for a writer.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "db/database.h"
#include "delivery/ledger.h"
#include "delivery/link_store.h"
#include "identity/token_keys.h"

namespace tidings::feedback {

class LinkTargets {
 public:
  LinkTargets(db::Database& database, identity::TokenKeys& keys)
      : database_(database), keys_(keys) {}

  // Errors of both: token.invalid (not_found) for whatever we did not sign, those of the database.
  struct Followed {
    delivery::Hit hit;  // without time, address and user agent
    std::string location;
  };
  // Also: link.unknown, link.broken, link.gone (not_found) for a link that the message does not
  // have, that leads nowhere, or whose message was deleted for good with what it named.
  // `content` is the version that the link says it is of; of totals the token says it.
  Result<Followed> follow(std::string_view token, ContentVersionId content, int number);
  Result<Followed> follow_total(std::string_view token, int number);
  // The same without waiting: nothing where something must be read first, or would be refused. A
  // link of another content of the organisation than the message's may be followed so; it leads
  // where that organisation leads its readers.
  std::optional<Followed> follow_at_once(std::string_view token, ContentVersionId content,
                                         int number);
  // The picture.
  Result<delivery::Hit> shown(std::string_view token, bool is_total);
  // The same without waiting; nothing where that cannot be, or it is no token of ours.
  std::optional<delivery::Hit> shown_at_once(std::string_view token, bool is_total);

 private:
  struct Targets {
    OrganisationId organisation_id;
    std::vector<delivery::LinkTarget> all;

    // Null for one that is not there.
    const delivery::LinkTarget* find(int number) const;
  };
  std::shared_ptr<const Targets> known(OrganisationId organisation, ContentVersionId content);
  Result<std::shared_ptr<const Targets>> load(OrganisationId organisation,
                                              ContentVersionId content);

  db::Database& database_;
  identity::TokenKeys& keys_;
  std::mutex mutex_;
  std::unordered_map<ContentVersionId, std::shared_ptr<const Targets>> known_;
};

}  // namespace tidings::feedback
