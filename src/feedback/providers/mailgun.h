// Mailgun's webhooks: one event each, signed with the account's webhook signing key.
//
// Taken: delivered, failed (temporary: still tried), rejected, complained, unsubscribed. The
// signature covers a time and a token only, not the event: a token that was used once must not be
// believed again, which is the caller's business.
// Source: Mailgun's documentation, "Webhooks" ("Securing webhooks") and "Event structure". Thread:
// any; pure.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "feedback/providers/provider_event.h"

namespace tidings::feedback {

struct MailgunSignature {
  std::optional<Instant> signed_at;
  std::string token;
  bool is_good = false;
};

struct MailgunCall {
  MailgunSignature signature;
  ProviderReading reading;  // empty unless the signature is good
};

// Errors: provider.malformed (invalid).
Result<MailgunCall> read_mailgun(std::string_view body, std::string_view signing_key);

}  // namespace tidings::feedback
