// Preview: a draft as one person would get it (P12), whatever is still missing in it.
//
// Nothing is stored or sent. Where the draft has no sender yet, a made-up one stands in; a part
// whose Liquid cannot be read is empty, and a finding says why. The HTML is the author's and
// whoever shows it keeps it in a sandbox.
// Thread: any; the connection's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "audience/contacts.h"
#include "audience/expand.h"
#include "base/id.h"
#include "base/result.h"
#include "compose/draft.h"
#include "compose/finding.h"
#include "db/connection.h"
#include "delivery/email_builder.h"
#include "domain/campaign.h"
#include "identity/organisations.h"

namespace tidings::compose {

struct PreviewContext {
  const identity::Organisation& organisation;
  std::string public_url;  // where the made-up links point
  Instant now{};
};

struct Preview {
  std::string subject;
  std::string html;
  std::string text;
  std::vector<std::pair<std::string, std::string>> headers;  // unfolded, as they would leave
  std::int64_t size = 0;                // octets, attachments included; 0: it cannot be built yet
  std::vector<std::string> empty_tags;  // "contact.first_name": no value and no fallback
  std::vector<Finding> findings;        // check_liquid() and check_tags(), and a lost attachment
};

// `contact` not given: somebody of whom nothing is known.
Result<Preview> preview_draft(db::Connection& connection, const PreviewContext& context,
                              const Draft& draft, MessageKind kind,
                              const std::optional<audience::Contact>& contact);

// What a message to `contact` freezes: the used fields, without empty ones, as a JSON object.
std::string contact_values_of(const std::optional<audience::Contact>& contact,
                              const audience::UsedFields& used);

// The draft compiled, with a made-up sender where there is none, without attachments that are
// gone. Errors: those of compiling.
Result<delivery::CompiledEmail> compile_leniently(db::Connection& connection,
                                                  const identity::Organisation& organisation,
                                                  const Draft& draft, MessageKind kind);

}  // namespace tidings::compose
