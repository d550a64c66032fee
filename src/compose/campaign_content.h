// A campaign's content in all its languages: compiled to be looked at, frozen to be sent, and read
// again by whoever expands it. One language is compiled at a time: attachments are in each.
// Thread: any; the connection's.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "audience/expand.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "compose/variants.h"
#include "db/connection.h"
#include "domain/campaign.h"
#include "domain/recipient_rule.h"
#include "identity/organisations.h"

namespace tidings::compose {

struct CampaignContent {
  ContentVersionId version;  // of the draft itself; not valid(): not frozen
  audience::UsedFields used;
  MessageConsent consent;         // the same in every language
  std::size_t message_bytes = 0;  // of one message in the language that takes most
  // Set when there is more than one language.
  std::optional<audience::ContentLanguages> languages;
  std::vector<ContentVersionId> variants;  // by index in `languages`

  // For ExpandRequest::languages; borrows.
  const audience::ContentLanguages* others() const { return languages ? &*languages : nullptr; }
  // What a message in this language is made of.
  ContentVersionId version_of(int variant) const {
    return variant == audience::kOwnLanguage ? version
                                             : variants.at(static_cast<std::size_t>(variant));
  }
};

// What each language reads of people, and nothing frozen. Errors: those of compile_draft().
Result<CampaignContent> compile_content(db::Connection& connection,
                                        const identity::Organisation& organisation,
                                        const LocalisedDraft& draft, MessageKind kind, Instant now);
// The same, with a content version for each. Errors: those of compile_draft().
Result<CampaignContent> freeze_content(db::Connection& connection, IdSource& ids,
                                       const identity::Organisation& organisation,
                                       const LocalisedDraft& draft, MessageKind kind, Instant now);
// As it was frozen. Errors: content.not_found.
Result<CampaignContent> load_frozen(db::Connection& connection, OrganisationId organisation,
                                    ContentVersionId version);

}  // namespace tidings::compose
