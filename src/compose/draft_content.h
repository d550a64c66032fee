// From a draft to what an e-mail says: the sender's name and address, the reply-to that counts, the
// preheader within the HTML, the attachments' bytes; and the same worked out, ready to be frozen.
// Thread: any; the connection's.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "audience/expand.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "compose/draft.h"
#include "db/connection.h"
#include "delivery/email_builder.h"
#include "delivery/email_content.h"
#include "domain/campaign.h"
#include "identity/organisations.h"

namespace tidings::compose {

// The content of `draft` as a message of `kind`: campaign and test messages carry the header that
// unsubscribes and a list id, transactional ones say that no person wrote them, test ones are
// marked (EmailContent::is_test).
// Errors: draft.no_sender (invalid), sender.not_found, media.not_found (a deleted attachment),
// address.* (invalid).
Result<delivery::EmailContent> email_content(db::Connection& connection,
                                             const identity::Organisation& organisation,
                                             const Draft& draft, MessageKind kind);

// Looks up what the draft names, and fills in what follows from it: type and size of attachments,
// and their names where none is given. Problems: an unknown sender ("/sender_id"), topic
// ("/topic_id") or upload ("/attachments/0/media_id"). For saving; check_draft() is asked besides.
Result<std::vector<FieldProblem>> complete_draft(db::Connection& connection,
                                                 OrganisationId organisation, Draft& draft);

// Names that templates may use behind `contact.`, with the field each stands for.
using ContactNames = std::vector<std::pair<std::string, std::string>>;
Result<ContactNames> contact_names(db::Connection& connection, OrganisationId organisation);

// What freeze_content() takes. The reference is a rendering without anybody's values.
struct CompiledDraft {
  delivery::CompiledEmail email;
  audience::UsedFields used;
  std::string reference;
};
// `consent`: switchable for a transactional message that is; a campaign's is its topic's.
// Errors: those of email_content() and CompiledEmail::compile(). Unknown tags are no error here;
// preflight names them.
Result<CompiledDraft> compile_draft(db::Connection& connection,
                                    const identity::Organisation& organisation, const Draft& draft,
                                    MessageKind kind, Instant now,
                                    ConsentRule consent = ConsentRule::by_kind);

// The rendering without values that bodies are compressed against; empty when the template refuses
// to render without.
std::string reference_rendering(const delivery::CompiledEmail& email,
                                const identity::Organisation& organisation, Instant now);

}  // namespace tidings::compose
