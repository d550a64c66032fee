// SendGrid's Event Webhook: a list of events, signed as a whole with ECDSA.
//
// Taken: delivered, bounce (also blocked), dropped, deferred, spamreport, unsubscribe and
// group_unsubscribe. A message is found by smtp-id, which is our Message-ID.
// Source: SendGrid's "Event Webhook Reference" and "Event Webhook Security Features". Thread: any;
// pure.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "feedback/providers/provider_event.h"

namespace tidings::feedback {

// Whether SendGrid signed it: `signature` and `timestamp` as in the headers
// X-Twilio-Email-Event-Webhook-Signature and -Timestamp, over the timestamp and the raw body;
// `key` in DER.
bool is_signed_by_sendgrid(std::string_view key, std::string_view timestamp,
                           std::string_view signature, std::string_view body);
// When it was signed; nothing for what is no time.
std::optional<Instant> sendgrid_time(std::string_view timestamp);

// Errors: provider.malformed (invalid).
Result<ProviderReading> read_sendgrid(std::string_view body);

}  // namespace tidings::feedback
