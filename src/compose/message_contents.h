// MessageContents: the frozen content of messages that belong to no campaign, kept ready.
//
// A thousand messages a second of one template have one content version: what a template says in
// one language, from one sender, is compiled and stored when it is first asked for, and found again
// by a digest of what it says, in every process. In memory the last few are kept, by what was
// asked. Thread: any.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "audience/expand.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "compose/draft.h"
#include "db/database.h"
#include "delivery/email_builder.h"
#include "domain/campaign.h"
#include "identity/organisations.h"

namespace tidings::compose {

struct MessageContent {
  ContentVersionId id;
  SenderId sender_id;
  delivery::CompiledEmail email;
  audience::UsedFields used;
};

// What a message is to say, before it is anybody's.
struct MessageWish {
  MessageKind kind = MessageKind::transactional;
  std::string_view template_name;  // or its id; empty: `draft` is all of it
  std::string_view locale;         // which variant of the template
  ConsentRule consent = ConsentRule::by_kind;
  std::string_view event;  // without a template: its ready text, where `draft` has no content
  // Over a template: sender and reply-to, where they are set.
  Draft draft;
};

class MessageContents {
 public:
  MessageContents(db::Database& database, IdSource& ids, const Clock& clock)
      : database_(database), ids_(ids), clock_(clock) {}

  // Errors: template.not_found, draft.no_sender, sender.not_found (invalid), message.unknown_tag
  // (invalid) naming each with its line, and those of compiling.
  struct Found {
    std::shared_ptr<const MessageContent> content;
    TemplateId template_id;  // not valid(): none
  };
  Result<Found> find(OrganisationId organisation, const MessageWish& wish);

 private:
  Result<std::shared_ptr<const MessageContent>> make(OrganisationId organisation,
                                                     const Draft& draft, const MessageWish& wish,
                                                     bool is_letter);
  std::shared_ptr<const MessageContent> known(const std::string& key);
  void keep(const std::string& key, std::shared_ptr<const MessageContent> content);

  db::Database& database_;
  IdSource& ids_;
  const Clock& clock_;
  std::mutex mutex_;
  // Least recently used last.
  struct Recent {
    std::string key;
    std::shared_ptr<const MessageContent> content;
    Instant made_at{};
  };
  std::list<Recent> recent_;
  std::unordered_map<std::string, std::list<Recent>::iterator> by_key_;
};

// The tags behind `data.` that `data` (JSON object) lacks and that have no default, each with its
// line; empty when there are none. A member that is there and null counts as given.
std::vector<std::string> missing_data(const delivery::CompiledEmail& email, std::string_view data);

}  // namespace tidings::compose
