// Preflight: what to mend in a message before it is sent (P14), all of it at once. Nothing is
// fetched, stored or sent.
// Thread: any; the connection's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "compose/draft.h"
#include "compose/finding.h"
#include "db/connection.h"
#include "domain/campaign.h"
#include "identity/organisations.h"

namespace tidings::compose {

// Gmail shows no more of an HTML part than this, and hides the rest with its unsubscribe link.
inline constexpr std::int64_t kHtmlShownMax = 102 * 1024;

struct PreflightContext {
  const identity::Organisation& organisation;
  std::string public_url;
  std::int64_t attachment_bytes_max = 0;  // encoded; 0: no limit
  bool may_override_sender = false;       // then an unverified sender is a warning
  Instant now{};
};

struct Preflight {
  std::vector<Finding> findings;  // what blocks first
  std::int64_t recipients = 0;    // people looked at
  std::int64_t size = 0;          // octets of one message; 0: it cannot be built yet

  bool is_blocked() const;
};

// Codes besides those of content_check.h: no_sender, sender_unverified, bad_reply_to,
// attachment_missing, attachments_too_large, html_too_large, liquid.render.
Result<Preflight> check_before_sending(db::Connection& connection, const PreflightContext& context,
                                       const Draft& draft, MessageKind kind);

}  // namespace tidings::compose
